"""Of which group and which output of a result a picture is, by their names or by the size of the errors."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from symmeter.errors import SymmeterError, nearest
from symmeter.results.result import Result
from symmeter.results.row import ElementRow

BY_ELEMENT = "relative_error"
BY_ELEMENT_UNIT = "share of the output's norm"
Elements = dict[tuple[str, str], list[ElementRow]]  # by symmetry and output
T = TypeVar("T")


def chosen(
    found: Mapping[tuple[str, str], T], symmetry: str | None, output: str | None, lacking: str
) -> dict[tuple[str, str], T]:
    """What there is of a symmetry and an output, None for any; SymmeterError, `lacking` where there is nothing at all.

    >>> chosen({("SO3", "energy"): 1, ("O3", "energy"): 2}, "O3", None, "no rotations")
    {('O3', 'energy'): 2}
    """
    if not found:
        raise SymmeterError(lacking)
    for position, (what, word) in enumerate((("symmetry", symmetry), ("output", output))):
        names = list(dict.fromkeys(key[position] for key in found))
        if word not in (None, *names):
            raise SymmeterError(f"{what} {word!r} is not in this result{nearest(str(word), names)}")
        found = {key: one for key, one in found.items() if word in (None, key[position])}
    return dict(found)


def elements_of(result: Result) -> Elements:
    """The relative errors of single elements."""
    found: Elements = {}
    for row in result.elements:
        if row.measure == BY_ELEMENT:
            found.setdefault((row.symmetry, row.output), []).append(row)
    return found


def worst_of(found: Elements) -> list[ElementRow]:
    """Those of the output with the largest mean error, of the first symmetry."""
    first = next(iter(found))[0]
    return max((found[key] for key in found if key[0] == first), key=_mean)


def _mean(rows: Sequence[ElementRow]) -> float:
    return sum(row.value for row in rows) / len(rows)
