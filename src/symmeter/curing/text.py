"""A cure as tables that fit a terminal of 80 columns, one for each symmetry, and what it recommends."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from symmeter.curing.row import CureRow
from symmeter.results.intervals import ends_of
from symmeter.results.numbers import percent, short
from symmeter.results.sheet import Sheet, new_table

_NARROW = 100  # columns below which a table leaves out what is said elsewhere
_MANY = 10.0  # times an error, of which nobody needs the interval
_LONGEST = 21  # characters of a remedy with its layers


class Printable(Protocol):
    """What of a cure is printed."""

    @property
    def rows(self) -> tuple[CureRow, ...]: ...

    @property
    def header(self) -> Mapping[str, Any]: ...

    @property
    def heading(self) -> str: ...

    @property
    def recommendation(self) -> str: ...

    @property
    def chosen(self) -> int | None: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...


def sheet_of(cure: Printable, width: int) -> Sheet:
    """A table for each symmetry, how to read them, and the recommendation."""
    spec = cure.header["spec"]
    item = cure.header["data"].get("item", "sample")
    subheading = f"{max((row.n for row in cure.rows), default=0)} {item}s, output {spec['output']}"
    ordered = sorted(cure.rows, key=lambda row: row.symmetry)
    tables = [
        _table(list(rows), cure.chosen, width) for _, rows in groupby(ordered, key=lambda row: row.symmetry)
    ]
    points = "accuracy: change in points; " * any(row.accuracy_change is not None for row in cure.rows)
    legend = [
        "error, stability: with the remedy, of what they were without [95 % interval];",
        "where the error is smaller and stability stays, it reacts less to anything",
        f"{points}passes: times the time of a forward pass",
        cure.recommendation,
    ]
    return Sheet(cure.heading, subheading, tables, legend, cure.warnings)


def _table(rows: Sequence[CureRow], chosen: int | None, width: int) -> Table:
    """One line per remedy, the least error first."""
    table = new_table()
    first = rows[0]
    title = f"{first.symmetry}\n{first.measure} {short(first.error_before)}"
    table.add_column(title, no_wrap=True)
    wide = width >= _NARROW
    labelled = any(row.accuracy_change is not None for row in rows)
    columns = ["predicted", "error", "stability", *["accuracy"] * labelled, "passes", *["verdict"] * wide]
    for name in columns:
        table.add_column(name, justify="left" if name == "verdict" else "right", no_wrap=True)
    for row in sorted(rows, key=lambda row: float("inf") if row.ratio is None else row.ratio):
        mark = "* " if row.recipe == chosen else "  "
        cells = _cells(row, wide)
        style = "bold" if row.recipe == chosen else ""
        table.add_row(
            Text(mark + _name(row, None if wide else _LONGEST), style), *(escape(cells[c]) for c in columns)
        )
    return table


def _cells(row: CureRow, wide: bool) -> dict[str, str]:
    """What stands in the columns of a row; predictions and stability have intervals where there is room."""
    if row.failed:
        nothing = dict.fromkeys(("predicted", "error", "stability", "accuracy", "passes"), "-")
        return nothing | {"verdict": row.failed}
    ends = (row.predicted_low, row.predicted_high) if wide else ()
    around = (row.stability_ratio_low, row.stability_ratio_high) if wide else ()
    change = "-" if row.accuracy_change is None else f"{100 * row.accuracy_change:+.1f}"
    return {
        "predicted": _ratio(row.predicted, *ends),
        "error": _ratio(row.ratio, row.ratio_low, row.ratio_high),
        "stability": _ratio(row.stability_ratio, *around),
        "accuracy": change,
        "passes": "-" if row.passes is None else f"{row.passes:.2f}",
        "verdict": row.verdict,
    }


def _ratio(value: float | None, *ends: float | None) -> str:
    """A ratio in per cent with its interval; how many times it is more where that is tenfold and above."""
    return percent(value, *ends) if value is None or value < _MANY else f"{value:.0f} times"


def _name(row: CureRow, longest: int | None) -> str:
    """A remedy with its layers, cut to a length."""
    text = " ".join(filter(None, [row.remedy, "fine-tuned" * row.finetuned, row.where]))
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"


def recommendation(rows: Sequence[CureRow], chosen: int | None) -> str:
    """What to do, in one sentence."""
    own = [row for row in rows if row.recipe == chosen]
    if chosen is None or not own:
        return _none(rows)
    falls = ", ".join(
        f"{row.symmetry} to {_percent(row.ratio, row.ratio_low, row.ratio_high)}" for row in own
    )
    first = own[0]
    where = f" at {first.where}" if first.where else ""
    after = " and fine-tuning" if first.finetuned else " with new statistics" if first.recalibrated else ""
    return f"Recommended: {first.remedy}{where}{after}: the error of {falls} of what it was; {_price(first)}."


def _percent(value: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its interval in per cent."""
    ends = ends_of(low, high)
    behind = f" (95 %: {100 * ends[0]:.3g} to {100 * ends[1]:.3g})" if ends else ""
    return f"{100 * (value or 0):.3g} %{behind}"


def _price(row: CureRow) -> str:
    """What a remedy costs, in words."""
    time = "" if row.passes is None else f", {row.passes:.2f} forward passes"
    if row.accuracy_change is None:
        return f"accuracy not known (no labels){time}"
    ends = ends_of(row.accuracy_change_low, row.accuracy_change_high)
    behind = f" (95 %: {100 * ends[0]:+.1f} to {100 * ends[1]:+.1f})" if ends else ""
    return f"accuracy {100 * row.accuracy_change:+.1f} points{behind}{time}"


def _none(rows: Sequence[CureRow]) -> str:
    """Why nothing is recommended."""
    if not any(row.better for row in rows):
        return "Recommended: nothing; no remedy that was tried makes the error clearly smaller."
    return "Recommended: nothing without training; what lowers an error costs accuracy, or raises another."
