"""The picture of an output in frames: the error of shifts by k samples, over k mod hop."""

from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.chosen import BY_ELEMENT, BY_ELEMENT_UNIT, chosen
from symmeter.report.drawing import drawing
from symmeter.report.figures import unframed, words
from symmeter.report.style import STYLE
from symmeter.results.phases import PhaseRow
from symmeter.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LACKING = (
    "no shifts of an output in frames: measure over shift(160,crop), with output='logits:frames(hop=160)'"
)
Phases = dict[tuple[str, str], list[PhaseRow]]


@drawing("phases", "error of shifts by k samples over k mod hop", Result, lambda one: phase_pictures(one))
def plot_phases(result: Result, ax: "Axes", symmetry: str | None = None, output: str | None = None) -> None:
    """The relative error over k mod hop, a line for each output.

    Dots are means over the shifts k of one phase, the band reaches to the worst of them; with a sample rate the axis
    above has milliseconds. SymmeterError where no output of the result is in frames.
    """
    found = chosen(phase_pictures(result), symmetry, output, _LACKING)
    for number, ((_, name), rows) in enumerate(found.items()):
        look = STYLE.series(number)
        phase, value, worst = np.array([(row.phase, row.value, row.worst) for row in rows], float).T
        marks = {"marker": look.marker, "color": look.colour, "linestyle": look.stroke, "markersize": 3}
        ax.plot(phase, value, label=f"{name}, hop {rows[0].hop}", **marks)
        ax.fill_between(phase, value, worst, color=look.colour, alpha=0.2, linewidth=0)
    ax.set_xlabel("k mod hop, of shifts by k samples")
    ax.set_ylabel(f"{words(BY_ELEMENT)} ({BY_ELEMENT_UNIT})")
    ax.set_title(f"{result.header['model']['name']}: {next(iter(found))[0]}", parse_math=False)
    ax.legend()
    unframed(ax)
    rate = result.header["spec"].get("sample_rate")
    if rate:
        in_time = lambda k: np.multiply(k, 1e3 / rate), lambda ms: np.multiply(ms, rate / 1e3)
        above = ax.secondary_xaxis("top", functions=in_time)
        above.set_xlabel("ms")


def phase_pictures(result: Result) -> Phases:
    """What can be drawn, by symmetry and output: where there is more than one phase."""
    found: Phases = {}
    for row in result.phases():
        found.setdefault((row.symmetry, row.output), []).append(row)
    return {key: rows for key, rows in found.items() if len(rows) > 1}
