"""A comparison of models as tables that fit a terminal of 80 columns, one for each quantity."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Protocol

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from symmeter.results.comparison_row import ComparisonRow
from symmeter.results.numbers import ratio, short
from symmeter.results.sheet import Sheet, new_table

_BETWEEN = 2  # characters between two columns


class Printable(Protocol):
    """What of a comparison is printed."""

    @property
    def rows(self) -> tuple[ComparisonRow, ...]: ...

    @property
    def models(self) -> tuple[str, ...]: ...

    @property
    def images(self) -> tuple[int, ...]: ...

    @property
    def definition(self) -> str: ...

    @property
    def item(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


def heading(comparison: Printable) -> str:
    """Which models, against which."""
    reference, *others = comparison.models
    return f"{', '.join(others)} against {reference}"


def sheet_of(comparison: Printable, width: int) -> Sheet:
    """Which models on which images, a table for each quantity, how to read them, and notes."""
    outputs = dict.fromkeys(row.output for row in comparison.rows)
    subheading = (
        f"{number_of_samples(comparison)} of both, output {', '.join(outputs)}, {comparison.definition}"
    )
    tables = [_table(list(rows), width) for _, rows in groupby(comparison.rows, key=attrgetter("quantity"))]
    return Sheet(heading(comparison), subheading, tables, _legend(comparison.item), comparison.notes)


def _legend(item: str) -> tuple[str, str]:
    """How to read the tables."""
    return (
        f"ratio: geometric mean, {item} by {item}, with its 95 % interval; below 1: a",
        "smaller error, more stable, more specific. Verdicts are corrected for the number of rows",
    )


def _table(rows: Sequence[ComparisonRow], width: int) -> Table:
    """One line per row of one quantity; what varies besides the symmetry takes the place of the values."""
    # a layer that is measured is an output
    several = varying(rows, "model", "output", "measure")
    heading, quantity = "ratio", rows[0].quantity
    columns = {}
    if several:
        heading = f"{quantity}\nratio"
    else:
        columns[f"{quantity} /\nreference"] = list(map(_both, rows))
    columns[heading] = [ratio(row.ratio, row.ratio_low, row.ratio_high) for row in rows]
    verdicts = [row.verdict for row in rows]
    cells = [*(column + name.split("\n") for name, column in columns.items()), verdicts]
    taken = [max(map(len, column)) + _BETWEEN for column in cells]
    names = _fitted(
        {name: list(map(itemgetter(name), rows)) for name in ("symmetry", *several)}, width - 2 - sum(taken)
    )
    table = new_table()
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row, *cells in zip(rows, *names.values(), *columns.values(), strict=True):
        table.add_row(*map(escape, cells), Text(row.verdict, _style(row)))
    return table


def _style(row: ComparisonRow) -> str:
    """In which colour a verdict is printed."""
    if row.better:
        return "green"
    return "red" if row.worse else "dim"


def number_of_samples(comparison: Printable) -> str:
    """How many samples were compared; the least and the most where models differ in that."""
    numbers = dict.fromkeys([min(comparison.images), max(comparison.images)])
    return f"{' to '.join(map(str, numbers))} {comparison.item}s"


def varying(rows: Sequence[ComparisonRow], *names: str) -> list[str]:
    """Those of some fields that tell rows apart."""
    return [name for name in names if len(set(map(itemgetter(name), rows))) > 1]


def _both(row: ComparisonRow) -> str:
    return f"{short(row.value)} / {short(row.reference_value)}"


def _fitted(columns: dict[str, list[str]], room: int) -> dict[str, list[str]]:
    """Columns of names in this room: the widest are cut."""
    widths = {name: max(map(len, [name, *column])) for name, column in columns.items()}
    while sum(widths.values()) > room - _BETWEEN * (len(columns) - 1):
        widest = max(widths, key=widths.__getitem__)
        widths[widest] -= 1
    return {name: [_cut(word, widths[name]) for word in column] for name, column in columns.items()}


def _cut(word: str, width: int) -> str:
    """A word in this width; models often differ at the ends of their names, so that something of both ends stays."""
    cut = len(word) > width
    return f"{word[: width // 3]}…{word[width // 3 + 1 - width :]}" if cut else word
