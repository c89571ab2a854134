"""What all pictures share: figures that touch no global settings, words, bars, and the file that is written."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from symmeter.errors import WriteError, first_line
from symmeter.files import check_ending, write_whole
from symmeter.optional import require
from symmeter.report.style import INVARIANT_FILES, STYLE
from symmeter.results.intervals import ends_of
from symmeter.verbs.arguments import anything
from symmeter.verbs.arguments import writable as PATH
from symmeter.verbs.verb import verb

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

TITLE = 0.65  # of the place of axes, which have names on their left: what a title above them may take
_DOTS = 300  # an inch, of a PNG
# What a file says of itself, by its ending: nothing that differs from day to day.
_SAID = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


def new_figure(width: float, height: float) -> "Figure":
    """A figure of so many inches that belongs to no display and to no global state."""
    return require("matplotlib.figure", "plot").Figure(figsize=(width, height), layout="constrained")


@verb(what=anything, path=PATH)
def save_figure(what: "Axes | Figure", path: str | Path) -> Path:
    """Write Axes or a Figure as PNG (300 dots an inch), SVG or PDF, by the file's ending.

    Fonts are put into a PDF, text stays text in an SVG, and equal figures are equal files. WriteError where that fails;
    no half of a picture is left behind.
    """
    place, content = Path(path), io.BytesIO()
    ending = check_ending(place)
    figure = cast("Figure", getattr(what, "figure", what))
    matplotlib = require("matplotlib", "plot")
    try:
        with matplotlib.rc_context(INVARIANT_FILES):
            figure.savefig(content, format=ending.removeprefix("."), dpi=_DOTS, metadata=_SAID.get(ending))
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


def focused(
    values: "Sequence[float] | NDArray[np.float64]", reach: "NDArray[np.float64]"
) -> tuple[float, float]:
    """The ends of an axis that has 0 and all values (n,), and of what `bars` (2, n) reach no more than that again.

    Of a few images an interval may be thousands of times as long as what it is of.

    >>> focused([0.2, 1.0], np.array([[0.1, 0.5], [0.1, 1e9]]))
    (0.0, 2.0)
    """
    own = np.nan_to_num(np.array(values, float))
    least, most = min(0.0, float(own.min())), max(0.0, float(own.max()))
    down, up = np.nan_to_num(reach)
    around = most - least
    return (
        max(min(least, float((own - down).min())), least - around),
        min(max(most, float((own + up).max())), most + around),
    )


def line_colours(count: int) -> list[str]:
    """So many colours of lines, from the beginning again where there are more lines than colours."""
    return [STYLE.series(i).colour for i in range(count)]


def unframed(ax: "Axes") -> None:
    """Without the lines above and on the right."""
    ax.spines[["top", "right"]].set_visible(False)


def room(ax: "Axes") -> int:
    """About how many letters of small type fit beside one another into the place of axes."""
    figure, place = cast("Figure", ax.figure), ax.get_subplotspec()
    columns = place.get_gridspec().ncols if place else 1
    return max(20, int(figure.get_figwidth() / columns * 72 / (0.55 * STYLE.small_size)))


def wrapped(text: str, ax: "Axes", share: float = 0.9) -> str:
    """Words in as many lines as a share of the place of axes needs; a name that is too long is broken."""
    return textwrap.fill(text, int(share * room(ax)))


def legend_below(ax: "Axes") -> None:
    """A legend of what has a label, in as many columns as there is room for, below the axis and its name."""
    handles, labels = ax.get_legend_handles_labels()
    if not labels:
        return
    columns = min(len(labels), max(1, room(ax) // (max(map(len, labels)) + 6)))
    lines = 1 + ax.get_xlabel().count("\n") if ax.get_xlabel() else 0
    # so many sizes of type below the axes: the ticks and their labels, and the name of the axis
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "borderaxespad": 3.2 + 1.7 * lines}
    ax.legend(handles, labels, ncols=columns, columnspacing=1.2, handletextpad=0.5, **below)


def words(name: str) -> str:
    """The name of a generator or a measure in words.

    >>> words("translation_x")
    'translation x'
    """
    return name.replace("_", " ")


def common_unit(units: Iterable[str]) -> str:
    """One unit in signs; of several the part before the stroke, for what is moved has units of its own.

    >>> common_unit(["1 / radian^2", "1 / pixel^2"]), common_unit(["probability"])
    ('1 / unit²', 'probability')
    """
    several = list(dict.fromkeys(units))
    return signs(several[0] if len(several) == 1 else several[0].split(" / ")[0] + " / unit^2")


def signs(unit: str) -> str:
    """A unit with signs in the place of `^2`.

    >>> signs("probability^2 / radian^2")
    'probability² / radian²'
    """
    return unit.replace("^2", "²")
