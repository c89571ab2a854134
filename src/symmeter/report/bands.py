"""The picture of an error by frequency: one line along each axis of the grid."""

from typing import TYPE_CHECKING

from symmeter.report.figures import axes, line_colours, signs, unframed, words
from symmeter.results.bands import Bands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SMALLEST = 1e-12  # of the largest band: what is below is round-off


def plot_bands(bands: Bands, ax: "Axes | None" = None, symmetry: str | None = None) -> "Axes":
    """How much of the error each frequency has, along every axis; on the right is what a grid can just hold."""
    ax = ax or axes(6.4, 3.8)
    symmetry = symmetry or next(iter(bands.power))
    power = bands.power[symmetry]
    largest = max(values.max() for values in power.values()) or 1.0
    for (axis, values), colour in zip(power.items(), line_colours(len(power)), strict=True):
        shown = values.clip(min=_SMALLEST * largest)
        ax.plot(bands.frequencies(axis), shown, marker="o", ms=3, color=colour, label=f"along {axis}")
    ax.set_yscale("log")
    ax.set_xlabel("frequency (periods a position)")
    ax.set_ylabel(f"{words(symmetry)} ({signs(bands.unit)}) by frequency")
    ax.legend(frameon=False, fontsize=8)
    unframed(ax)
    return ax
