"""Marks with intervals, a line of the figure for each symmetry: where they are, what they look like, and their axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.figures import bars, legend_below, unframed, words
from symmeter.report.style import STYLE, Series
from symmeter.results.intervals import ends_of
from symmeter.results.verdict import NOT_RESOLVED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SPREAD = 0.7  # of the room between two lines that the marks of one symmetry take
_BY_RATIO = 10.0  # times the smallest is the largest: more needs a logarithmic axis
_BELOW = 1e4  # times below the smallest resolved value, marks that are not resolved stand at the edge
_MARK, _GAP, _AROUND = 0.085, 0.13, 1.0  # inches of a mark, between symmetries, and around all


@dataclass(frozen=True)
class Dot:
    """One mark: of which symmetry, its value with its interval, whether it is resolved, and its verdict, if any."""

    symmetry: str
    value: float
    low: float | None = None
    high: float | None = None
    resolved: bool = True
    verdict: str = ""


@dataclass(frozen=True)
class Dots:
    """Marks of one look, with their name in the legend."""

    label: str
    look: Series
    dots: Sequence[Dot]


def dots_height(symmetries: int, sets: int) -> float:
    """Inches of a figure with so many marks for each of some symmetries."""
    return _AROUND + symmetries * (_GAP + _MARK * sets) + 0.13 * (sets > 1)


def draw_dots(ax: "Axes", sets: Sequence[Dots], quantity: str) -> None:
    """Draw them along an axis of that name, the first symmetry above; what is below its floor is hollow, and named so.

    The axis is logarithmic where values differ much. There a mark at 0, or far below all that are resolved, stands at
    the left edge.
    """
    names = list(dict.fromkeys(dot.symmetry for one in sets for dot in one.dots))
    least = _set_axis(ax, [dot for one in sets for dot in one.dots])
    step = _SPREAD / len(sets)
    for number, one in enumerate(sets):
        beside = (number - (len(sets) - 1) / 2) * step
        for resolved in (True, False):
            own = [dot for dot in one.dots if dot.resolved == resolved]
            places = [names.index(dot.symmetry) + beside for dot in own]
            _draw(ax, own, places, one.look, least)
    ax.set_yticks(range(len(names)), list(map(words, names)), parse_math=False)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(quantity)
    _explain(ax, sets)
    unframed(ax)


def draw_verdicts(ax: "Axes", dots: Sequence[Dot]) -> None:
    """Their verdicts at the right edge, each on the line of its symmetry."""
    for place, dot in enumerate(dots):
        where = {"xy": (1.0, place), "xycoords": ("axes fraction", "data"), "va": "center"}
        look = {"fontsize": STYLE.small_size, "color": STYLE.quiet}
        ax.annotate(
            dot.verdict, xytext=(3, 0), textcoords="offset points", annotation_clip=False, **where, **look
        )


def _set_axis(ax: "Axes", dots: Sequence[Dot]) -> float:
    """Make the axis logarithmic where it must be, and return its left edge there; else it begins at 0."""
    values = np.array([dot.value for dot in dots], float)
    if not len(values) or values.min() < 0:
        return -np.inf
    above = values[values > 0]
    solid = np.array([dot.value for dot in dots if dot.resolved and dot.value > 0], float)
    ends = [end for dot in dots for end in ends_of(dot.low, dot.high) or () if np.isfinite(end)]
    if not len(above) or above.max() <= _BY_RATIO * above.min():
        ax.set_xlim(0, 1.05 * max([values.max(), *ends]) or 1.0)
        return 0.0
    least = max(above.min(), solid.min() / _BELOW if len(solid) else 0.0)
    lowest = min([least, *(end for end in ends if end >= least / 3)])
    ax.set_xscale("log")
    ax.set_xlim(lowest / 1.6, max([above.max(), *ends]) * 1.6)
    return float(least)


def _draw(ax: "Axes", dots: Sequence[Dot], places: Sequence[float], look: Series, least: float) -> None:
    """Some marks that are all filled or all hollow."""
    if not dots:
        return
    values = np.array([dot.value for dot in dots], float)
    inside = values >= least
    edges = np.where(inside, values, ax.get_xlim()[0])
    reach = bars(values, [dot.low for dot in dots], [dot.high for dot in dots])
    reach[:, ~inside] = np.nan
    left, right = ax.get_xlim()
    reach = np.minimum(
        reach, np.stack([edges - left, right - edges])
    )  # marks are not cut at the edge, bars are
    fill = look.colour if dots[0].resolved else "white"
    ax.errorbar(
        edges, places, xerr=reach, fmt=look.marker, color=look.colour, markerfacecolor=fill, clip_on=False
    )


def _explain(ax: "Axes", sets: Sequence[Dots]) -> None:
    """A legend of several sets, and of hollow marks where there are some."""
    for one in sets if len(sets) > 1 else ():
        label = one.label.replace("$", r"\$")
        ax.plot([], [], color=one.look.colour, marker=one.look.marker, linestyle="-", label=label)
    if any(not dot.resolved for one in sets for dot in one.dots):
        ax.plot([], [], sets[0].look.marker, color=STYLE.quiet, markerfacecolor="white", label=NOT_RESOLVED)
    legend_below(ax)
