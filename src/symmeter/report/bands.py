"""The picture of an error by frequency: one line along each axis of the grid."""

from typing import TYPE_CHECKING

from symmeter.errors import SymmeterError, nearest
from symmeter.report.drawing import drawing
from symmeter.report.figures import signs, unframed, words
from symmeter.report.style import STYLE
from symmeter.results.bands import Bands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SMALLEST = 1e-12  # of the largest band: what is below is round-off


@drawing("bands", "error by frequency, along each axis", Bands)
def plot_bands(bands: Bands, ax: "Axes", symmetry: str | None = None) -> None:
    """How much of the error each frequency has, along every axis; on the right is what a grid can just hold."""
    symmetry = symmetry or next(iter(bands.power))
    if symmetry not in bands.power:
        raise SymmeterError(f"symmetry {symmetry!r} is not in this result{nearest(symmetry, bands.power)}")
    power = bands.power[symmetry]
    largest = max(values.max() for values in power.values()) or 1.0
    for number, (axis, values) in enumerate(power.items()):
        look = STYLE.series(number)
        shown = values.clip(min=_SMALLEST * largest)
        marks = {"marker": look.marker, "color": look.colour, "linestyle": look.stroke}
        ax.plot(bands.frequencies(axis), shown, markersize=3, label=f"along {axis}", **marks)
    ax.set_yscale("log")
    ax.set_xlabel("frequency (periods a position)")
    ax.set_ylabel(f"{words(symmetry)} ({signs(bands.unit)}) by frequency")
    ax.legend()
    unframed(ax)
