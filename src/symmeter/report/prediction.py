"""A picture of how far a derivative predicts."""

from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.figures import axes, line_colours, words
from symmeter.results.prediction import WITHIN, PredictionRange, PredictionRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_prediction(found: PredictionRange, ax: "Axes | None" = None) -> "Axes":
    """What motions change over what LEE predicts, against t, one line per generator; returns the Axes.

    Bars are 95 % intervals. The gray band is where LEE holds within 10 %.
    """
    ax = ax or axes(6.4, 4.0)
    units = list(dict.fromkeys(row.t_unit for row in found.rows))
    ax.axhspan(1 - WITHIN, 1 + WITHIN, color="#dddddd", linewidth=0)
    symmetries = list(found.reach)
    for colour, symmetry in zip(line_colours(len(symmetries)), symmetries, strict=True):
        rows = sorted(found.of(symmetry), key=lambda row: abs(row.t))
        label = words(symmetry) + (f" ({rows[0].t_unit})" if len(units) > 1 else "")
        t, ratios = [abs(row.t) for row in rows], [row.ratio for row in rows]
        bars = np.array([_reach_of_bars(row) for row in rows]).T
        ax.errorbar(t, ratios, bars, fmt="o-", color=colour, markersize=4, capsize=3, label=label)
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"t in {units[0]}s" if len(units) == 1 else "t")
    ax.set_ylabel("change / what LEE predicts")
    ax.set_title(found.header["model"]["name"], fontsize=10)
    if len(symmetries) > 1:
        ax.legend(frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _reach_of_bars(row: PredictionRow) -> tuple[float, float]:
    """How far the interval reaches below and above the ratio; 0 where there is none, or it has no bound."""
    low, high = row.interval_low, row.interval_high
    if low is None or high is None or not np.isfinite([low, high]).all():
        return 0.0, 0.0
    return max(0.0, row.ratio - low), max(0.0, high - row.ratio)
