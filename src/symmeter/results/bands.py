"""The error of an output on a grid by frequency: the power of every wave, and shares of four bands with intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
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


@dataclass(frozen=True, repr=False)
class BandRow(Record):
    """The share of a LEE that frequencies above `low` up to `high` have, in periods a position along an axis.

    The lowest band has the constant too. `interval_low` to `interval_high` is the 95 % interval of the share, a ratio
    of means; `interval_remark` says why there is none.
    """

    symmetry: str
    axis: str
    low: float
    high: float
    share: float
    interval_low: float | None
    interval_high: float | None
    n: int
    interval_remark: str = ""


@dataclass(frozen=True, repr=False)
class Bands(Indexed[BandRow], Shown, Drawn):
    """The mean square of a Lie derivative by frequency.

    `power[symmetry][axis]` (n // 2 + 1,): what waves of k = 0, 1, ... periods along `x`, `y` or `z` have of it, a mean
    over samples. Along each axis it adds up to LEE. `sizes` are the positions along each axis, `unit` is that of LEE.
    `rows` are the shares of four bands.
    """

    labels: ClassVar = ("symmetry", "axis", "low")

    power: Mapping[str, Mapping[str, np.ndarray]]
    sizes: Mapping[str, int]
    unit: str
    rows: tuple[BandRow, ...] = ()
    header: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()

    def frequencies(self, axis: str) -> np.ndarray:
        """(n // 2 + 1,) in periods a position: up to 1/2, which is what the grid can hold."""
        return np.arange(self.sizes[axis] // 2 + 1) / self.sizes[axis]

    def content(self) -> dict[str, Any]:
        """The rows and the power of every wave, ready for JSON; numbers that are not finite become null."""
        power = {
            symmetry: {axis: values.tolist() for axis, values in own.items()}
            for symmetry, own in self.power.items()
        }
        rows = [asdict(row) for row in self.rows]
        return json_form({"unit": self.unit, "sizes": dict(self.sizes), "rows": rows, "power": power})

    def to_dict(self) -> dict[str, Any]:
        """The header, and what was found."""
        return json_form({**(self.header or {}), "warnings": list(self.warnings)}) | self.content()

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row per symmetry, axis and band."""
        return pandas().DataFrame(list(map(asdict, self.rows)))

    @property
    def heading(self) -> str:
        return f"error by frequency of {title(self.header or {})}"

    def sheet(self, width: int = WIDTH) -> Sheet:
        below = circumstances(self.header or {})
        return Sheet(self.heading, below, [self.table()], self.legend(), self.warnings)

    def table(self) -> Table:
        """One line per symmetry, axis and band."""
        table = new_table()
        table.add_column("symmetry", no_wrap=True, overflow="ellipsis")
        for name in ("along", "periods a position", "share of LEE", "95 %"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in self.rows:
            between = interval(row.interval_low, row.interval_high) or row.interval_remark
            cells = (row.symmetry, row.axis, f"{row.low:g} to {row.high:g}", short(row.share), between)
            table.add_row(*map(escape, cells))
        return table

    def legend(self) -> list[str]:
        """How to read the table."""
        return [
            "the error by frequency along an axis; 0.5 periods a position is the most that a grid can hold"
        ]
