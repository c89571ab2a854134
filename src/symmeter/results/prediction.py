"""How far a derivative predicts: what whole motions change, over what the derivative says."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from rich.markup import escape
from rich.table import Table

from symmeter.results.indexed import Indexed
from symmeter.results.json_form import json_form
from symmeter.results.numbers import interval, short
from symmeter.results.published import Drawn
from symmeter.results.result import pandas
from symmeter.results.row import Record
from symmeter.results.sheet import WIDTH, Sheet, new_table
from symmeter.results.shown import Shown
from symmeter.results.text import circumstances, title

WITHIN = 0.1  # of 1: where LEE is said to predict


@dataclass(frozen=True, repr=False)
class PredictionRow(Record):
    """What a motion by t changes, over what LEE predicts: mean |f(g_t x) - f(x)|^2 / dim / t^2 over LEE.

    t is in `t_unit`: for motions of a grid the pixels by which the fastest position moves, else the generator's unit.
    `interval_low` to `interval_high` is the 95 % interval of the ratio; `interval_remark` says why there is none.
    """

    symmetry: str
    t: float
    t_unit: str
    ratio: float
    interval_low: float | None
    interval_high: float | None
    n: int
    interval_remark: str = ""

    @property
    def holds(self) -> bool:
        """Whether all of the interval is within 10 % of 1; of a ratio without an interval, whether it is."""
        low = self.ratio if self.interval_low is None else self.interval_low
        high = self.ratio if self.interval_high is None else self.interval_high
        return low >= 1 - WITHIN and high <= 1 + WITHIN


@dataclass(frozen=True, repr=False)
class PredictionRange(Indexed[PredictionRow], Shown, Drawn):
    """Rows by symmetry and t, with their circumstances as in a `Result`."""

    labels: ClassVar = ("symmetry", "t")

    rows: tuple[PredictionRow, ...]
    header: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def reach(self) -> dict[str, float | None]:
        """By symmetry, the largest t up to which LEE holds within 10 %; None where it does not at the smallest."""
        found: dict[str, float | None] = {row.symmetry: None for row in self.rows}
        for symmetry in found:
            for row in sorted(self.of(symmetry), key=lambda row: abs(row.t)):
                if not row.holds:
                    break
                found[symmetry] = row.t
        return found

    def of(self, symmetry: str) -> list[PredictionRow]:
        """The rows of one symmetry."""
        return [row for row in self.rows if row.symmetry == symmetry]

    def sentences(self) -> list[str]:
        """Up to which t the derivative predicts, a line each."""
        lines = []
        for symmetry, t in self.reach.items():
            own = self.of(symmetry)
            smallest = min(abs(row.t) for row in own)
            unit = own[0].t_unit
            if any(math.isnan(row.ratio) for row in own):
                lines.append(f"{symmetry}: LEE is 0 or not resolved, and predicts nothing")
            elif t is None:
                lines.append(
                    f"{symmetry}: LEE is not shown to hold within {WITHIN:.0%}, not even to {smallest:g} {unit}"
                )
            else:
                lines.append(f"{symmetry}: LEE holds within {WITHIN:.0%} up to {t:g} {unit}")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """The header, the rows and the reach, ready for JSON; numbers that are not finite become null."""
        content = {**self.header, "warnings": list(self.warnings), "rows": list(map(asdict, self.rows))}
        return json_form(content | {"reach": self.reach})

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row per symmetry and t."""
        return pandas().DataFrame(list(map(asdict, self.rows)))

    @property
    def heading(self) -> str:
        return f"range of {title(self.header)}"

    def sheet(self, width: int = WIDTH) -> Sheet:
        below = circumstances(self.header)
        return Sheet(self.heading, below, [self.table()], self.legend(), self.warnings)

    def table(self) -> Table:
        """One line per symmetry and t."""
        table = new_table()
        table.add_column("symmetry", no_wrap=True, overflow="ellipsis")
        for name in ("t", "change / LEE", "95 %"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in self.rows:
            between = interval(row.interval_low, row.interval_high) or row.interval_remark
            cells = (row.symmetry, f"{row.t:g} {row.t_unit}", short(row.ratio), between)
            table.add_row(*map(escape, cells))
        return table

    def legend(self) -> list[str]:
        """How to read the table, a line each."""
        lines = ["change: |f(g x) - f(x)|^2 / t^2, g a motion by t; 1: what LEE predicts"]
        return lines + self.sentences()
