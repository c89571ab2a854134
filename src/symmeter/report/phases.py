"""The picture of an output in frames: the error of shifts by k samples, over k mod hop."""

from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.chosen import BY_ELEMENT, BY_ELEMENT_UNIT, chosen
from symmeter.report.figures import axes, line_colours, unframed, words
from symmeter.results.phases import PhaseRow
from symmeter.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LACKING = (
    "no shifts of an output in frames: measure over shift(160,crop), with output='logits:frames(hop=160)'"
)
Phases = dict[tuple[str, str], list[PhaseRow]]


def plot_phases(
    result: Result, ax: "Axes | None" = None, symmetry: str | None = None, output: str | None = None
) -> "Axes":
    """The relative error over k mod hop, a line for each output; returns the Axes.

    Dots are means over the shifts k of one phase, the band reaches to the worst of them; with a sample rate the axis
    above has milliseconds. SymmeterError where no output of the result is in frames.
    """
    found = chosen(phase_pictures(result), symmetry, output, _LACKING)
    ax = ax or axes(6.4, 4.0)
    for colour, ((_, name), rows) in zip(line_colours(len(found)), found.items(), strict=True):
        phase, value, worst = np.array([(row.phase, row.value, row.worst) for row in rows], float).T
        ax.plot(phase, value, "o-", color=colour, markersize=3, label=f"{name}, hop {rows[0].hop}")
        ax.fill_between(phase, value, worst, color=colour, alpha=0.2, linewidth=0)
    ax.set_xlabel("k mod hop, of shifts by k samples")
    ax.set_ylabel(f"{words(BY_ELEMENT)} ({BY_ELEMENT_UNIT})")
    ax.set_title(f"{result.header['model']['name']}: {next(iter(found))[0]}", fontsize=10, parse_math=False)
    ax.legend(frameon=False, fontsize=8)
    unframed(ax)
    rate = result.header["spec"].get("sample_rate")
    if rate:
        in_time = lambda k: np.multiply(k, 1e3 / rate), lambda ms: np.multiply(ms, rate / 1e3)
        above = ax.secondary_xaxis("top", functions=in_time)
        above.set_xlabel("ms", fontsize=8)
    return ax


def phase_pictures(result: Result) -> Phases:
    """What can be drawn, by symmetry and output: where there is more than one phase."""
    found: Phases = {}
    for row in result.phases():
        found.setdefault((row.symmetry, row.output), []).append(row)
    return {key: rows for key, rows in found.items() if len(rows) > 1}
