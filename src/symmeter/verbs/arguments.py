"""What the arguments of public functions may be: one table of kinds, and one line for whatever is of another kind."""

import contextlib
import itertools
import math
import operator
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from symmeter.errors import SymmeterError, nearest

Given = Any  # an argument as the user gave it

_MOST = 2**16  # values in a list
_SHOWN = 60  # characters of a value in a message
_LONGEST, _MOST_WORDS = 10_000, 500  # characters of what is written with commas, and names in it
_LONGEST_NAME = 255  # bytes of a file's name


@dataclass(frozen=True)
class Kind:
    """What an argument may be, in words that follow "give", and `read`, which gives the value in its plain form.

    `read` raises TypeError or ValueError for what is of another kind, and SymmeterError where it knows better words.
    """

    words: str
    read: Callable[[Given], Any]

    def or_none(self, meaning: str) -> "Kind":
        """The same, or None with this meaning."""

        def read(value: Given) -> Any:
            return None if value is None else self.read(value)

        return Kind(f"{self.words}, or None {meaning}", read)

    def check(self, name: str, value: Given) -> Any:
        """The value in its plain form; SymmeterError that names argument, value and choices.

        >>> whole(1).check("samples", 3)
        3
        >>> whole(1).check("samples", 2.5)
        Traceback (most recent call last):
        symmeter.errors.SymmeterError: samples is 2.5; give a whole number, at least 1
        """
        try:
            return self.read(value)
        except (TypeError, ValueError, OverflowError, RuntimeError, AttributeError) as error:
            raise SymmeterError(f"{name} is {shown(value)}; give {self.words}") from error


Kinds = Mapping[str, Kind]


def shown(value: object) -> str:
    """A value in a message: its repr on one line where that is short, else its type.

    >>> shown("a"), shown(list(range(99))), shown(dict)
    ("'a'", 'a list of 99', 'the class dict')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    kind = _with_article(type(value).__name__)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{kind} of shape {tuple(shape)}"
    words = ""
    with contextlib.suppress(Exception):  # a user's own class
        words = " ".join(repr(value).split())
    if 0 < len(words) <= _SHOWN and " at 0x" not in words:
        return words
    if isinstance(value, Collection):
        return f"{kind} of {len(value)}"
    return kind


def _with_article(name: str) -> str:
    """The name of a type in a sentence."""
    name = "array" if name == "ndarray" else name
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return f"{article} {name}"


def whole(least: int, bits: int | None = None) -> Kind:
    """Whole numbers, NumPy's too, of up to so many bits; True is none."""
    if bits is None:
        most, words = math.inf, f"a whole number, at least {least}"
    else:
        most, words = 2**bits - 1, f"a whole number from {least} to 2^{bits} - 1"

    def read(value: Given) -> int:
        if _is_truth(value):
            raise TypeError
        number = operator.index(value)
        if not least <= number <= most:
            raise ValueError
        return number

    return Kind(words, read)


def number(least: float = -math.inf, words: str = "a number") -> Kind:
    """Finite real numbers, from `least` on."""

    def read(value: Given) -> float:
        if _is_truth(value) or isinstance(value, str | bytes):
            raise TypeError
        found = float(value)
        if not math.isfinite(found) or found < least:
            raise ValueError
        return found

    return Kind(words, read)


def above(bound: float) -> Kind:
    """Finite real numbers beyond a bound."""
    inside = number(bound)

    def read(value: Given) -> float:
        if inside.read(value) == bound:
            raise ValueError
        return float(value)

    return Kind(f"a number above {bound:g}", read)


def instance(words: str, *types: type) -> Kind:
    """What is of one of these types."""
    return passing(words, lambda value: isinstance(value, types))


def passing(words: str, test: Callable[[Given], object]) -> Kind:
    """What passes a test, as it is."""

    def read(value: Given) -> Any:
        if not test(value):
            raise TypeError
        return value

    return Kind(words, read)


def choice(what: str, names: Collection[str]) -> Kind:
    """One of some words."""

    def read(value: Given) -> str:
        if not isinstance(value, str) or value not in names:
            raise SymmeterError(f"unknown {what} {shown(value)}; choose from {', '.join(names)}")
        return value

    return Kind("one of " + ", ".join(names), read)


def several(words: str, item: Kind, least: int = 1) -> Kind:
    """A list, tuple, array or other iterable of some kind; a string and a mapping are none."""

    def read(value: Given) -> tuple:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise TypeError
        found = tuple(map(item.read, itertools.islice(value, _MOST + 1)))
        if not least <= len(found) <= _MOST:
            raise ValueError
        return found

    return Kind(f"a list of {words}", read)


def options(words: str, kinds: Kinds) -> Kind:
    """A mapping with some of these keys, each of its kind; None leaves a key out."""

    def read(value: Given) -> dict[str, object]:
        if not isinstance(value, Mapping):
            raise TypeError
        unknown = [key for key in value if key not in kinds]
        if unknown:
            hint = _choices(unknown[0], kinds)
            raise SymmeterError(f"unknown {words} {shown(unknown[0])}{hint}")
        given = {key: one for key, one in value.items() if one is not None}
        return {key: kinds[key].check(f"{words} {key!r}", one) for key, one in given.items()}

    return Kind(f"a dictionary with some of {', '.join(kinds)}", read)


def _choices(wrong: object, kinds: Kinds) -> str:
    """What a wrong key may have meant, or all that there are."""
    if isinstance(wrong, str):
        return nearest(wrong, kinds)
    return "; choose from " + ", ".join(kinds)


def _path(value: Given) -> str:
    """A path as a string; of bytes it is none. SymmeterError for names that no file can have."""
    path = os.fspath(value)
    if not isinstance(path, str) or not path.strip() or "\0" in path:
        raise ValueError
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in path.split("/")):
        raise SymmeterError(f"{path[:60]!r}...: no file has so long a name")
    return path


def _readable(value: Given) -> str:
    """The same of what is to be read; SymmeterError for a pipe or a device, which may never end."""
    path = _path(value)
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise SymmeterError(f"{path}: this is a pipe or a device; give a file or a folder")
    return path


def _is_truth(value: Given) -> bool:
    """Whether it is Python's or NumPy's True or False (NumPy itself is not needed for that)."""
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")


def _truth(value: Given) -> bool:
    """True or False."""
    if not _is_truth(value):
        raise TypeError
    return bool(value)


anything = Kind("anything", lambda value: value)
word = passing("a name", lambda value: isinstance(value, str) and value.strip())
path = Kind("a path", _readable)
writable = Kind("a path", _path)
truth = Kind("True or False", _truth)
function = passing("a function", lambda value: callable(value) and not isinstance(value, type))
seed = whole(0, 63)


def split_list(text: str) -> list[str]:
    """A comma list, whose commas inside brackets do not count; SymmeterError for one that is longer than any needed.

    >>> split_list("C4, shift(8,crop) ,SO2")
    ['C4', 'shift(8,crop)', 'SO2']
    """
    if len(text) > _LONGEST:
        raise SymmeterError(f"{text[:20]!r}... has {len(text):,} characters; at most {_LONGEST:,}")
    depth, words = 0, [""]
    for part in re.split("([(),])", text):
        if part == "," and depth == 0:
            words.append("")
        else:
            words[-1] += part
            depth = max(0, depth + (part == "(") - (part == ")"))
    if len(words) > _MOST_WORDS:
        raise SymmeterError(f"{text[:20]!r}... names {len(words):,} things; at most {_MOST_WORDS:,}")
    return [word.strip() for word in words]


def words_by_leaf(text: str | None) -> str | dict[str, str] | None:
    """How a symmetry acts on inputs, as it is written: one word, or a word for each leaf.

    >>> words_by_leaf("points"), words_by_leaf("pos=points,z=scalars")
    ('points', {'pos': 'points', 'z': 'scalars'})
    """
    if text is None or "=" not in text:
        return text
    found: dict[str, str] = {}
    for pair in split_list(text):
        leaf, _, word = (part.strip() for part in pair.partition("="))
        if not leaf or not word:
            raise SymmeterError(f"inputs {pair!r}: write leaf=word,leaf=word, such as pos=points,z=scalars")
        found[leaf] = word
    return found
