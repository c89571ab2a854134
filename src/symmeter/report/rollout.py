"""The picture of a roll-out: the error against the number of steps."""

import re
from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.chosen import chosen
from symmeter.report.drawing import drawing
from symmeter.report.figures import bars, line_colours, unframed, words
from symmeter.results.result import Result
from symmeter.results.row import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEP = re.compile(r"^step (\d+)\b\.?(.*)")  # its number, and the name of one of several tensors
_LACKING = "no steps in this result: measure a symmeter.Rollout with output=rollout.outputs('equivariant')"


@drawing("rollout", "error against the number of steps", Result, lambda one: rollouts_of(one))
def plot_rollout(result: Result, ax: "Axes", symmetry: str | None = None, measure: str | None = None) -> None:
    """The error of every step against its number, on logarithmic axes, a line a symmetry and tensor.

    Bars are 95 % intervals where the error is the value itself; the dashed line is the floor: what a symmetric model
    would show. SymmeterError where no output is a step of a roll-out.
    """
    found = chosen(rollouts_of(result), symmetry, measure, _LACKING)
    ax.set_xscale("log")
    ax.set_yscale("log")
    lines: dict[tuple[str, str], list[Row]] = {}
    for row in (row for rows in found.values() for row in rows):
        name = ", ".join(filter(None, [words(row.symmetry), _step(row)[2]]))
        lines.setdefault((name, row.measure), []).append(row)
    for colour, ((name, _), rows) in zip(line_colours(len(lines)), lines.items(), strict=True):
        _draw(ax, rows, colour, name)
    ticks = sorted({_number(row) for rows in found.values() for row in rows})
    ax.set_xticks(ticks, list(map(str, ticks)), minor=False)
    ax.set_xticks([], minor=True)
    ax.set_xlabel("steps of the roll-out")
    ax.set_ylabel("error (" + ", ".join(dict.fromkeys(rows[0].measure for rows in found.values())) + ")")
    ax.legend()
    unframed(ax)


def rollouts_of(result: Result) -> dict[tuple[str, str], list[Row]]:
    """The rows of steps by symmetry and measure, in the order of the steps."""
    found: dict[tuple[str, str], list[Row]] = {}
    steps = [row for row in result.rows if _STEP.match(row.output)]
    for row in sorted(steps, key=_number):
        found.setdefault((row.symmetry, row.measure), []).append(row)
    return found


def _number(row: Row) -> int:
    """How many steps a row is about."""
    return int(_step(row)[1])


def _step(row: Row) -> re.Match[str]:
    """The output of a row, taken apart."""
    match = _STEP.match(row.output)
    assert match is not None
    return match


def _draw(ax: "Axes", rows: list[Row], colour: str, name: str) -> None:
    """One symmetry: errors with their intervals where they have some, and the floor."""
    steps = [_number(row) for row in rows]
    own = [row.value if row.error is None else row.error for row in rows]
    same = [row.error in (None, row.value) for row in rows]
    low, high = ([row[key] if is_own else None for row, is_own in zip(rows, same, strict=True)]
                 for key in ("interval_low", "interval_high"))  # fmt: skip
    ax.errorbar(steps, own, bars(own, low, high), fmt="o-", color=colour, label=name)
    floor = np.array([row.floor for row in rows], float)  # NaN for None
    ax.plot(steps, floor, "--", color=colour, linewidth=1.2, label=f"floor of {name}")
