"""The difference of two networks as tables that fit a terminal of 80 columns, one for each symmetry and view."""

from collections.abc import Sequence
from typing import Protocol

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from symmeter.layers.difference_row import LESS, MORE, ROUND_OFF, DifferenceRow
from symmeter.layers.text import shortened_name
from symmeter.results.numbers import percent, short, with_interval
from symmeter.results.sheet import Sheet, new_table

TOP = 15  # lines of a view by module
_BETWEEN = 2  # characters between two columns
_COLOURS = {MORE: "red", LESS: "green"}
_SEEN = 1e-3  # of the whole: round-off that is less is in no table


class Printable(Protocol):
    """What of a difference is printed."""

    @property
    def heading(self) -> str: ...

    @property
    def rows(self) -> tuple[DifferenceRow, ...]: ...

    @property
    def models(self) -> tuple[str, str]: ...

    @property
    def images(self) -> int: ...

    @property
    def definition(self) -> str: ...

    @property
    def item(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def views(self) -> tuple[str, ...]: ...

    def lines(self, symmetry: str, by: str) -> list[DifferenceRow]: ...


def sheet_of(found: Printable, width: int, top: int) -> Sheet:
    """Which networks on which images, a table for each symmetry and view, how to read them, and notes."""
    outputs = dict.fromkeys(row.output for row in found.rows)
    subheading = f"{found.images} {found.item}s of both, output {', '.join(outputs)}, {found.definition}"
    wholes = [row for row in found.rows if row.whole]
    tables = [
        _table(whole, shown_lines(found.lines(whole.symmetry, view)), width, top)
        for whole in wholes
        for view in found.views
    ]
    return Sheet(found.heading, subheading, tables, _legend(found, wholes), found.notes, apart=True)


def shown_lines(lines: Sequence[DifferenceRow]) -> list[DifferenceRow]:
    """Without round-off that is nothing beside the largest line."""
    largest = max(abs(row.difference) for row in lines)
    return [row for row in lines if row.layer != ROUND_OFF or abs(row.difference) > _SEEN * largest]


def _table(whole: DifferenceRow, lines: Sequence[DifferenceRow], width: int, top: int) -> Table:
    """The lines of one view; of many parts those with the largest differences."""
    by = lines[0].by
    shown, rest = (lines[:top], lines[top:]) if by == "module" else (lines, [])
    cells = [[*_numbers(row), row.verdict] for row in (*shown, whole)]
    headings = ["difference\n[95 %]", "of\nit", "of its own\nerror [95 %]", "\nverdict"]
    taken = [
        max(map(len, [*column, *said.split("\n")])) for *column, said in zip(*cells, headings, strict=True)
    ]
    room = width - sum(taken) - _BETWEEN * len(taken)
    table = new_table()
    table.add_column(f"{whole.symmetry}\nby {by}", no_wrap=True)
    for said in headings:
        table.add_column(said, justify="left" if "verdict" in said else "right", no_wrap=True)
    for row, own in zip(shown, cells, strict=False):
        table.add_row(*map(escape, [shortened_name(row.layer, room), *own[:-1]]), _verdict(row))
    if rest:
        share = None if whole.share is None else sum(row.share or 0.0 for row in rest)
        left = [short(sum(row.difference for row in rest)), percent(share)]
        table.add_row(f"{len(rest)} more", *left, "", "", style="dim")
    table.add_section()
    table.add_row(*map(escape, ["whole", *cells[-1][:-1]]), _verdict(whole))
    return table


def _numbers(row: DifferenceRow) -> list[str]:
    """The difference of a line, its share of the whole one, and that of its own error."""
    return [
        with_interval(row.difference, row.difference_low, row.difference_high),
        percent(row.share).replace(".0%", "%"),
        "" if row.whole else percent(row.own_share, row.own_share_low, row.own_share_high),
    ]


def _verdict(row: DifferenceRow) -> Text:
    return Text(row.verdict, _COLOURS.get(row.verdict, "dim"))


def _legend(found: Printable, wholes: Sequence[DifferenceRow]) -> list[str]:
    """How to read the tables."""
    lines = [
        f"{row.symmetry}: {short(row.value)} less {short(row.reference_value)}, in {row.unit}"
        for row in wholes
    ]
    return [
        *lines,
        f"difference: contribution to the error less that in the reference, {found.item} by {found.item}",
        "of it: share of the whole difference, - where that is not clear",
        "of its own error: share of its own network's error, less that in the reference",
        "Verdicts are corrected for the number of lines of a view",
    ]
