"""Options of a kind of data: one frozen dataclass, read by the library, the command line and the sweeps alike."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from symmeter.errors import SymmeterError, nearest
from symmeter.verbs.arguments import Kind

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Values = dict[str, Any]  # options by name


@dataclass(frozen=True)
class NoOptions:
    """The options of a kind of data that has none."""


@dataclass(frozen=True)
class Written:
    """How a value is written on the command line and in lists: `of` reads it, and `fits` says which are allowed."""

    of: Callable[[str], Any]
    fits: Callable[[Any], bool]
    words: str

    def __call__(self, text: str) -> Any:
        """The value; ValueError, in words for the user, for a text that is none.

        >>> WRITTEN["positive"]("3")
        3
        >>> WRITTEN["number"]("a")
        Traceback (most recent call last):
        ValueError: 'a' is not a number
        """
        value = None
        with contextlib.suppress(ValueError):
            value = self.of(text)
        if value is None or not self.fits(value):
            raise ValueError(f"{text!r} is not {self.words}")
        return value


_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

WRITTEN: Mapping[str, Written] = {
    "positive": Written(int, lambda n: n > 0, "a positive whole number"),
    "whole": Written(int, lambda n: n >= 0, "a whole number, 0 or more"),
    "number": Written(float, lambda x: abs(x) < float("inf"), "a number"),
    "truth": Written(lambda text: _TRUTHS.get(text.strip().lower()), lambda truth: True, "true or false"),
    "word": Written(str, lambda text: True, "a word"),
}


def option(default: object, kind: Kind, help: str = "", metavar: str = "X", **shown: object) -> Any:
    """A field of a class of options: what it may be (`kind`), and how the command line shows it.

    `shown` may have `type` (a key of WRITTEN, `word` where it is left out), `many` (several values), and
    `needs`: what must be asked for that it has an effect (a key of `symmeter.measuring.needs.NEEDS`). `code`: it may
    name code, so that no list of models has it; `file`: it may name a file, whose content counts.
    """
    return field(default=default, metadata={"kind": kind, "help": help, "metavar": metavar, **shown})


def checked(kind: type, given: Mapping[str, Any], whose: str) -> Any:
    """The options of a class with these values; SymmeterError, in one line, for one that it does not have.

    `whose` they are begins the message.
    """
    known = {f.name: f for f in fields(kind)}
    values = {}
    for name, value in given.items():
        if name not in known:
            raise SymmeterError(f"{whose} have no option {name!r}{nearest(name, known)}")
        values[name] = known[name].metadata["kind"].check(name, value)
    return kind(**values)


def written_as(field: Field) -> Written:
    """How the values of an option are written."""
    return WRITTEN[field.metadata.get("type", "word")]


def from_text(field: Field, cell: object) -> object:
    """The value of an option from its cell in a list: words with spaces between them where it has several."""
    written = written_as(field)
    if not field.metadata.get("many"):
        return written(str(cell))
    words = cell if isinstance(cell, list | tuple) else str(cell).split()
    return one_or_several([written(str(word)) for word in words])


def one_or_several(values: Sequence[object]) -> object:
    """A single value for itself, several as a tuple: `mean 0.5` is the same for all channels.

    >>> one_or_several([0.5]), one_or_several([0.4, 0.5])
    (0.5, (0.4, 0.5))
    """
    return values[0] if len(values) == 1 else tuple(values)


def as_written(options: "DataclassInstance", everything: bool = True) -> Values:
    """The options of a kind of data by name, as JSON can say them: an object is known by its `name`.

    Without `everything`, only those that are not what they are when nothing is said.
    """
    found = {}
    for each in fields(options):
        value = getattr(options, each.name)
        if everything or value != each.default:
            found[each.name] = _plain(value)
    return found


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(getattr(value, "name", getattr(value, "__name__", type(value).__name__)))
