"""The split of a squared error over an orbit, and what averaging makes of it: rows, and how they are printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from symmeter.results.numbers import short, with_interval
from symmeter.results.row import Record
from symmeter.results.units import shown_unit

COSETS_OF = "cosets of "  # before the name of a group, in AveragedError.over


@dataclass(frozen=True, repr=False)
class OfOutput(Record):
    """What a row is about; `unit` is that of squares, `root_unit` that of the output itself."""

    symmetry: str
    output: str
    layer: str
    unit: str
    root_unit: str
    n: int


@dataclass(frozen=True, repr=False)
class ErrorSplit(OfOutput):
    """The mean squared error of one output over the orbit: `error` = `symmetrised` + `asymmetry` (A^2), per entry.

    `symmetrised` is the error of the mean over the whole group, `given` that of f(x) in the frames that samples came
    in. `share` is asymmetry over error. All have a 95 % interval over samples, `_low` to `_high`; where elements were
    drawn, its chance is in it too.
    """

    given: float
    given_low: float | None
    given_high: float | None
    error: float
    error_low: float | None
    error_high: float | None
    symmetrised: float
    symmetrised_low: float | None
    symmetrised_high: float | None
    asymmetry: float
    asymmetry_low: float | None
    asymmetry_high: float | None
    share: float | None
    share_low: float | None
    share_high: float | None


@dataclass(frozen=True, repr=False)
class AveragedError(OfOutput):
    """The mean squared error of averages of the conjugated model over some elements, which cost as many `evaluations`.

    `over` says which: cosets of a subgroup, moved at random, or independent elements. `error` and `gain` are measured,
    on elements drawn for each sample; `gain` is what the average took from the mean error of the same elements one by
    one. `predicted_gain` is from the elements of the orbit and needs no labels, `predicted_error` is what it leaves.
    """

    evaluations: int
    over: str
    error: float
    error_low: float | None
    error_high: float | None
    gain: float
    gain_low: float | None
    gain_high: float | None
    predicted_error: float
    predicted_gain: float
    predicted_gain_low: float | None
    predicted_gain_high: float | None


def split_table(table: Table, rows: Sequence[ErrorSplit]) -> Table:
    """An empty table with the roots of mean squares, in the units in which outputs are shown."""
    table.add_column("root mean square", no_wrap=True, overflow="ellipsis")
    for name in ("as given", "orbit", "symmetrised", "A", "A^2, %"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        unit, factor = shown_unit(row.root_unit)
        squares = (row.given, row.error, row.symmetrised, row.asymmetry)
        share = "-" if row.share is None else _percent((row.share, row.share_low, row.share_high), 1.0)
        table.add_row(
            escape(f"{_named(row, rows)}, {unit}"),
            *(short(factor * _root(value)) for value in squares),
            share,
        )
    return table


def average_table(table: Table, rows: Sequence[AveragedError]) -> Table:
    """An empty table with what averages gain, in per cent of the squared error over the orbit."""
    table.add_column("average", no_wrap=True, overflow="ellipsis")
    table.add_column("over", no_wrap=True)
    for name in ("leaves [95 %]", "gain, %", "predicted, %"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        _, factor = shown_unit(row.root_unit)
        whole = row.predicted_error + row.predicted_gain
        ends = [None if end is None else factor * _root(end) for end in (row.error_low, row.error_high)]
        table.add_row(
            escape(_named(row, rows)),
            escape(f"{row.evaluations} {row.over.removeprefix(COSETS_OF)}"),
            with_interval(factor * _root(row.error), ends[0], ends[1]),
            _percent((row.gain, row.gain_low, row.gain_high), whole),
            _percent((row.predicted_gain, row.predicted_gain_low, row.predicted_gain_high), whole),
        )
    return table


def split_legend(splits: Sequence[ErrorSplit], averages: Sequence[AveragedError]) -> list[str]:
    """How to read these tables, a line each."""
    lines = []
    if splits:
        lines.append("mean square error on the orbit = that of the symmetrised model + A^2")
    if averages:
        lines.append(
            "average over a coset of a group, or so many independent elements, drawn anew for each sample: the gain is "
            "in per cent of the mean square error on the orbit"
        )
    return lines


def _named(row: ErrorSplit | AveragedError, rows: Sequence[ErrorSplit] | Sequence[AveragedError]) -> str:
    """The output of a row, and the symmetry where there are several."""
    several = len({one.symmetry for one in rows}) > 1
    return f"{row.symmetry} {row.output}" if several else row.output


def _percent(values: tuple[float, float | None, float | None], whole: float) -> str:
    """A value and its interval in per cent of a whole."""
    if not whole:
        return "-"
    value, low, high = (None if one is None else 100 * one / whole for one in values)
    return with_interval(value or 0.0, low, high)


def _root(square: float) -> float:
    """The root of a mean square, which an estimate without bias can miss by a little below 0."""
    return math.sqrt(max(square, 0.0))
