"""What all pictures share: figures that touch no global settings, colours, words, and the file that is written."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from symmeter.errors import WriteError, first_line
from symmeter.files import check_ending, write_whole
from symmeter.optional import require
from symmeter.results.intervals import ends_of
from symmeter.verbs.arguments import anything
from symmeter.verbs.arguments import writable as PATH
from symmeter.verbs.verb import verb

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_DOTS = 300  # an inch, of a PNG
# Okabe and Ito's palette, which the colour-blind can tell apart, and darker ones for more lines than it has.
_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#555555", "#000000")


def new_figure(width: float, height: float) -> "Figure":
    """A figure of so many inches that belongs to no display and to no global state."""
    return require("matplotlib.figure", "plot").Figure(figsize=(width, height), layout="constrained")


def axes(width: float, height: float) -> "Axes":
    """Axes of a new figure of so many inches."""
    return new_figure(width, height).subplots()


@verb(what=anything, path=PATH)
def save_figure(what: "Axes | Figure", path: str | Path) -> Path:
    """Write Axes or a Figure as PNG (300 dots an inch), SVG or PDF, by the file's ending.

    WriteError where that fails; no half of a picture is left behind.
    """
    place, content = Path(path), io.BytesIO()
    ending = check_ending(place)
    figure = cast("Figure", getattr(what, "figure", what))
    try:
        figure.savefig(content, format=ending.removeprefix("."), dpi=_DOTS)
    except Exception as error:  # matplotlib's own kinds too
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {first_line(error)}"
        raise WriteError(f"cannot write {place}: {reason}") from error
    write_whole(place, content.getvalue())
    return place


def bars(
    values: "Sequence[float] | NDArray[np.float64]",
    low: Sequence[float | None],
    high: Sequence[float | None],
) -> "NDArray[np.float64]":
    """How far error bars of values (n,) go down and up, (2, n), from the ends of their intervals.

    Not a number where there is no interval, and so no bar; to the edge of the data where an end is not bounded.

    >>> bars([1.0, 2.0], [0.5, None], [None, None]).tolist()
    [[0.5, nan], [1.0, nan]]
    """
    own = np.array(values, float)
    ends = np.array([ends_of(*both) or (np.nan, np.nan) for both in zip(low, high, strict=True)], float).T
    finite = np.concatenate([own[None], ends])
    finite = finite[np.isfinite(finite)]
    if len(finite):
        ends = np.clip(ends, finite.min(), finite.max())
    return np.maximum(np.stack([own - ends[0], ends[1] - own]), 0)


def line_colours(count: int) -> list[str]:
    """So many colours of lines, from the beginning again where there are more lines than colours."""
    return [_LINES[i % len(_LINES)] for i in range(count)]


def unframed(ax: "Axes") -> None:
    """Without the lines above and on the right."""
    ax.spines[["top", "right"]].set_visible(False)


def words(name: str) -> str:
    """The name of a generator or a measure in words.

    >>> words("translation_x")
    'translation x'
    """
    return name.replace("_", " ")


def signs(unit: str) -> str:
    """A unit with signs in the place of `^2`.

    >>> signs("probability^2 / radian^2")
    'probability² / radian²'
    """
    return unit.replace("^2", "²")
