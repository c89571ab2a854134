"""A picture of how far a derivative predicts."""

from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.drawing import drawing
from symmeter.report.figures import unframed, words
from symmeter.report.style import STYLE
from symmeter.results.prediction import WITHIN, PredictionRange, PredictionRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@drawing("range", "what motions change over what LEE predicts, against how far they go", PredictionRange)
def plot_prediction(found: PredictionRange, ax: "Axes") -> None:
    """What motions change over what LEE predicts, against t, one line per generator.

    Bars are 95 % intervals. The gray band is where LEE holds within 10 %.
    """
    units = list(dict.fromkeys(row.t_unit for row in found.rows))
    ax.axhspan(1 - WITHIN, 1 + WITHIN, color="#dddddd", linewidth=0)
    symmetries = list(found.reach)
    for number, symmetry in enumerate(symmetries):
        look = STYLE.series(number)
        rows = sorted(found.of(symmetry), key=lambda row: abs(row.t))
        label = words(symmetry) + (f" ({rows[0].t_unit})" if len(units) > 1 else "")
        t, ratios = [abs(row.t) for row in rows], [row.ratio for row in rows]
        bars = np.array([_reach_of_bars(row) for row in rows]).T
        marks = {"marker": look.marker, "color": look.colour, "linestyle": look.stroke}
        ax.errorbar(t, ratios, bars, label=label, **marks)
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"t in {units[0]}s" if len(units) == 1 else "t")
    ax.set_ylabel("change / what LEE predicts")
    ax.set_title(found.header["model"]["name"], parse_math=False)
    if len(symmetries) > 1:
        ax.legend()
    unframed(ax)


def _reach_of_bars(row: PredictionRow) -> tuple[float, float]:
    """How far the interval reaches below and above the ratio; 0 where there is none, or it has no bound."""
    low, high = row.interval_low, row.interval_high
    if low is None or high is None or not np.isfinite([low, high]).all():
        return 0.0, 0.0
    return max(0.0, row.ratio - low), max(0.0, high - row.ratio)
