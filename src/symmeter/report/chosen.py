"""Which of the elements of a result a picture is of: those of one group, one output and one measure."""

from collections.abc import Iterable, Sequence

from symmeter.errors import SymmeterError, nearest
from symmeter.results.result import Result
from symmeter.results.row import ElementRow

BY_ELEMENT = "relative_error"
BY_ELEMENT_UNIT = "share of the output's norm"
Elements = dict[tuple[str, str], list[ElementRow]]  # by symmetry and output


def elements_of(result: Result, symmetry: str | None = None, output: str | None = None) -> Elements:
    """The relative errors of single elements; SymmeterError for a symmetry or output that is not there."""
    rows = [row for row in result.elements if row.measure == BY_ELEMENT]
    check_word("symmetry", symmetry, [row.symmetry for row in rows])
    check_word("output", output, [row.output for row in rows])
    found: Elements = {}
    for row in rows:
        if symmetry in (None, row.symmetry) and output in (None, row.output):
            found.setdefault((row.symmetry, row.output), []).append(row)
    return found


def worst_of(found: Elements) -> list[ElementRow]:
    """Those of the output with the largest mean error, of the first symmetry."""
    first = next(iter(found))[0]
    return max((rows for (symmetry, _), rows in found.items() if symmetry == first), key=_mean)


def _mean(rows: Sequence[ElementRow]) -> float:
    return sum(row.value for row in rows) / len(rows)


def check_word(what: str, word: str | None, known: Iterable[str]) -> None:
    """SymmeterError for a word that is not among those that are known."""
    names = list(dict.fromkeys(known))
    if word is not None and word not in names:
        raise SymmeterError(f"{what} {word!r} is not in this result{nearest(word, names)}")
