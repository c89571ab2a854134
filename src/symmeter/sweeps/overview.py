"""What there is to see of a store: its first rows, as the table of a result has them."""

from typing import Any

from rich.markup import escape

from symmeter.errors import counted
from symmeter.results.html import MOST_ROWS
from symmeter.results.numbers import ratio, with_interval
from symmeter.results.sheet import Sheet, new_table
from symmeter.results.units import shown_unit
from symmeter.sweeps.tables import Frame

_LABELS = ("symmetry", "measure", "output", "seed")  # shown where they differ, and the first always
_NUMBERS = ("value [95 %]", "stability")


def sheet_of(heading: str, frame: Frame, errors: int) -> Sheet:
    """A line for each row of `Store.frame()`, up to as many as a notebook shows."""
    below = f"{counted(frame['cell'].nunique(), 'cell')}, {counted(errors, 'failure')}"
    if not len(frame):
        return Sheet(heading, below)
    labels = [name for name in _LABELS if name == "symmetry" or frame[name].nunique() > 1]
    rows = list(map(_words, frame.head(MOST_ROWS).to_dict("records")))
    table = new_table()
    table.add_column("name", no_wrap=True, overflow="ellipsis", min_width=8)
    for name in (*labels, *_NUMBERS, "verdict"):
        width = max(len(row[name]) for row in rows)  # a terminal cuts names, and nothing else
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True, min_width=width)
    for row in rows:
        table.add_row(*(escape(row[str(column.header)]) for column in table.columns))
    more = len(frame) - MOST_ROWS
    units = ", ".join(dict.fromkeys(row["unit"] for row in rows))
    legend = [f"and {more} more rows"] * (more > 0) + [f"value: unit {units}", "all that is known: .frame()"]
    return Sheet(heading, below, [table], legend)


def _words(record: dict[str, Any]) -> dict[str, str]:
    """A row of a frame, in which what is not there is no number."""
    known = {name: value for name, value in record.items() if value == value}
    unit, factor = shown_unit(known.get("unit", ""))
    value, low, high = (
        _times(factor, known.get(name)) for name in ("value", "interval_low", "interval_high")
    )
    return {
        **{name: str(known.get(name, "")) for name in ("name", *_LABELS, "verdict")},
        "value [95 %]": "-" if value is None else with_interval(value, low, high),
        "unit": unit,
        "stability": ratio(*(known.get(f"stability{end}") for end in ("", "_low", "_high"))),
    }


def _times(factor: float, number: float | None) -> float | None:
    return None if number is None else factor * number
