"""Errors that a user can mend: one clear line each, never a traceback on the command line."""

import difflib
from collections.abc import Iterable

_COMPARED = 100  # characters of a word that are compared with choices
_HEAD, _TAIL = 700, 500  # characters of a long message that are shown: what is wrong, and what to change


class SymmeterError(Exception):
    """A mistake in what was asked for; the message is one line that says what to change.

    >>> str(SymmeterError("unknown symmetry 'rotate'"))
    "unknown symmetry 'rotate'"
    """

    def __init__(self, message: object = ""):
        super().__init__(_one_line(str(message)))


class WriteError(SymmeterError):
    """What was computed could not be written: the disk is full, or the folder is gone."""


class SymmeterWarning(UserWarning):
    """Something that makes a number less trustworthy; it is also kept in the result's `warnings`."""


def _one_line(message: str) -> str:
    """A message that quotes names of any kind: without their line breaks and control characters, long ones cut."""
    line = " ".join(message.splitlines())
    if len(line) > _HEAD + _TAIL:
        line = f"{line[:_HEAD]} ... {line[-_TAIL:]}"
    return "".join(character if character.isprintable() else "?" for character in line)


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, at most 200 characters; its type where it has no message.

    >>> first_line(ValueError("too big" + chr(10) + "by far")), first_line(ValueError())
    ('too big', 'ValueError')
    """
    lines = map(str.strip, str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)[:200]


def nearest(word: str, choices: Iterable[str], most: int = 3) -> str:
    """The choices that look most like `word`, as the end of an error message.

    >>> nearest("rotate", ["rotation", "scale", "hue"])
    "; did you mean 'rotation'?"
    >>> nearest("xyz", ["rotation", "scale"])
    '; choose from rotation, scale'
    >>> nearest("xyz", [])
    ''
    """
    choices = list(choices)
    if not choices:
        return ""
    by_lower = {choice.lower(): choice for choice in reversed(choices)}
    close = [
        by_lower[c] for c in difflib.get_close_matches(word[:_COMPARED].lower(), by_lower, n=most, cutoff=0.5)
    ]
    if close:
        return "; did you mean " + " or ".join(map(repr, close)) + "?"
    return "; choose from " + ", ".join(choices) if len(choices) <= 40 else ""


def counted(number: int, what: str) -> str:
    """A number with its noun.

    >>> counted(1, "image"), counted(3, "image")
    ('1 image', '3 images')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")


def shortened(items: Iterable[str], most: int = 3, joiner: str = ", ") -> str:
    """The first few items, and how many more there are.

    >>> shortened(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    items = list(items)
    rest = f" and {len(items) - most} more" if len(items) > most else ""
    return joiner.join(items[:most]) + rest
