"""Records from what a file says of them: every value is of the type that its field has.

By hand, for results in JSON are read without pyarrow too, whose schemas do the same for tables.
"""

import types
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from symmeter.errors import SymmeterError
from symmeter.verbs.arguments import shown

R = TypeVar("R")
_PLAIN = (str, bool, int, float)


def typed(kind: type[R], said: Mapping[str, Any]) -> R:
    """A record of plain values; SymmeterError that names the field for one that is missing or of another type.

    What a field has not is left out. In the place of a number there may be None, which JSON has for NaN.

    >>> from symmeter.results.row import ElementRow
    >>> typed(ElementRow, {"measure": 3})
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: a row of kind ElementRow has measure 3, and that must be str
    """
    if not isinstance(said, Mapping):
        raise SymmeterError(f"a row is {shown(said)}, and must be a dictionary")
    known = _types(kind)
    for name, allowed in known.items():
        if allowed and name in said and not isinstance(said[name], allowed):
            words = " or ".join(one.__name__ for one in allowed if one is not types.NoneType)
            raise SymmeterError(
                f"a row of kind {kind.__name__} has {name} {shown(said[name])}, and that must be {words}"
            )
    return kind(**{name: said[name] for name in known if name in said})


@cache
def _types(kind: type) -> dict[str, tuple[type, ...]]:
    """What the fields of a record may be; nothing where it is no plain value."""
    hints = get_type_hints(kind)
    return {field.name: _allowed(hints[field.name]) for field in fields(kind)}  # type: ignore[arg-type]


def _allowed(hint: Any) -> tuple[type, ...]:
    members = get_args(hint) or (hint,)
    if not set(members) <= {*_PLAIN, types.NoneType}:
        return ()
    number = (int, float, types.NoneType) if {int, float} & set(members) else ()
    return tuple(dict.fromkeys((*members, *number)))
