"""What becomes of a model on corrupted data, as tables that fit a terminal of 80 columns: one for every symmetry."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from rich.markup import escape
from rich.table import Table

from symmeter.results.legend import legend
from symmeter.results.numbers import ratio, short, times, with_interval
from symmeter.results.robustness_row import RobustnessRow
from symmeter.results.sheet import Sheet, new_table
from symmeter.results.text import circumstances, title

_ROOMY = 110  # columns from which values and confidence have their intervals too
_GROUP = ("symmetry", "measure", "output", "layer")


class Printable(Protocol):
    """What of a result is printed."""

    @property
    def header(self) -> Mapping[str, Any]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    def sentences(self) -> list[str]: ...


def sheet_of(result: Printable, rows: Sequence[RobustnessRow], width: int) -> Sheet:
    """What was measured, a table for every symmetry, measure and output, how to read it, and what was found."""
    shown = [row.as_shown() for row in rows]
    groups: dict[tuple[str, ...], list[RobustnessRow]] = {}
    for row in shown:
        groups.setdefault(tuple(row[name] for name in _GROUP), []).append(row)
    telling = [name for name in _GROUP if name == "symmetry" or len({row[name] for row in shown}) > 1]
    tables = [_table(own, telling, width) for own in groups.values()]
    head = result.header
    clean = [replace(row, specificity=None, untrained=None) for row in shown if row.whole]
    item = head["data"].get("item", "image")
    lines = legend(clean, item, head["spec"].get("control_towards", ""))
    lines.append(f"/ clean: geometric mean of the ratio to clean data, {item} by {item}")
    warnings = result.warnings
    return Sheet(
        f"{title(head)}, corrupted", circumstances(head), tables, lines + result.sentences(), warnings
    )


def _table(rows: Sequence[RobustnessRow], telling: Sequence[str], width: int) -> Table:
    """A line for every corruption and strength; the first heading says of which symmetry."""
    roomy = width >= _ROOMY
    columns: dict[str, list[str]] = {
        "at": [str(row.strength) for row in rows],
        "value": [
            with_interval(row.value, row.interval_low, row.interval_high) if roomy else short(row.value)
            for row in rows
        ],
        "/ clean": [_of(row, "value_ratio") for row in rows],
        "stability": [_of(row, "stability") for row in rows],
        "/ clean ": [_of(row, "stability_ratio") for row in rows],
        **{name: [_share(row, name, roomy) for row in rows] for name in ("accuracy", "confidence")},
    }
    if not roomy:
        del columns["/ clean "]
    table = new_table()
    table.add_column("\n".join(rows[0][name] for name in telling if rows[0][name]), no_wrap=True)
    known = {name: cells for name, cells in columns.items() if any(cells)}
    for name, cells in known.items():
        heading = "confi-\ndence" if name == "confidence" and not roomy else name.strip()
        least = None if "/" in name else max(map(len, [*cells, *heading.split("\n")]))
        table.add_column(heading, justify="right", no_wrap=True, min_width=least)
    for row, *cells in zip(rows, *known.values(), strict=True):
        table.add_row(*map(escape, (row.corruption, *cells)))
    return table


def _of(row: RobustnessRow, name: str) -> str:
    """A quantity with its interval; nothing where the row has none."""
    value = row[name]
    return "" if value is None else times(value, row[f"{name}_low"], row[f"{name}_high"])


def _share(row: RobustnessRow, name: str, roomy: bool) -> str:
    """A share of images or a probability, with its interval where there is room."""
    if roomy or row[name] is None:
        return _of(row, name)
    return ratio(row[name])
