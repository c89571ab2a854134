"""What motions bring in from outside: one word for a whole grid, or one for each axis. Nothing here imports torch."""

from collections.abc import Mapping
from functools import cache

from symmeter.errors import SymmeterError

AXES = ("x", "y", "z")  # of a grid, named from the last axis of an array on
REFLECT, ZEROS, CIRCULAR = "reflect", "zeros", "circular"
PADDINGS = (REFLECT, ZEROS, CIRCULAR)


def read_padding(given: str | Mapping[str, str]) -> str:
    """A padding as it is written: one of the words, or `x=circular,y=reflect`, which may be given as a mapping too.

    SymmeterError for other words and axes, TypeError for what is no text.

    >>> read_padding("circular"), read_padding({"y": "zeros", "x": "circular"}), read_padding(" x = circular")
    ('circular', 'x=circular,y=zeros', 'x=circular')
    """
    if isinstance(given, Mapping):
        given = ",".join(f"{axis}={word}" for axis, word in given.items())
    if not isinstance(given, str):
        raise TypeError("a padding is a word, or one for each axis")
    if "=" not in given:
        return _known("padding", given.strip(), PADDINGS)
    pairs = [part.partition("=") for part in given.split(",")]
    words = {
        _known("axis of padding", axis.strip(), AXES): _known("padding", word.strip(), PADDINGS)
        for axis, _, word in pairs
    }
    if len(words) < len(pairs):
        raise SymmeterError(
            f"padding {given!r} names an axis twice; write one word for each, as in x=circular,y=reflect"
        )
    return ",".join(f"{axis}={words[axis]}" for axis in sorted(words))


@cache
def padding_along(padding: str, axes: int) -> tuple[str, ...]:
    """The word for each of so many axes, x first; `reflect` for one that is not named.

    >>> padding_along("circular", 2), padding_along("x=circular", 3)
    (('circular', 'circular'), ('circular', 'reflect', 'reflect'))
    """
    if "=" not in padding:
        return (padding,) * axes
    words = dict(part.split("=") for part in padding.split(","))
    missing = [axis for axis in words if axis not in AXES[:axes]]
    if missing:
        raise SymmeterError(f"padding {padding!r}: a grid of {axes} axes has no axis {missing[0]}")
    return tuple(words.get(axis, REFLECT) for axis in AXES[:axes])


def _known(what: str, word: str, choices: tuple[str, ...]) -> str:
    if word not in choices:
        raise SymmeterError(f"unknown {what} {word!r}; choose from {', '.join(choices)}")
    return word
