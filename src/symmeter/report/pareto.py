"""The picture of a cure: error against accuracy, with what each remedy costs; what is nearest to a corner is best."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symmeter.curing.cured import Cure
from symmeter.curing.row import CureRow
from symmeter.errors import SymmeterError
from symmeter.report.drawing import drawing, usual_height
from symmeter.report.figures import TITLE, legend_below, words, wrapped
from symmeter.report.style import STYLE, Series
from symmeter.results.intervals import ends_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 0.16  # inches of a line of the legend
_LONGEST = 34  # characters of a remedy in the legend


def _height(cure: Cure, width: float, symmetry: str | None = None) -> float:
    """That of the marks, and of the legend below."""
    return usual_height(cure, width) + _LINE * len(cure.recipes)


@drawing(
    "pareto",
    "error against accuracy, by remedy",
    Cure,
    lambda cure: any(row.ratio for row in cure.rows),
    height=_height,
)
def pareto(cure: Cure, ax: "Axes", symmetry: str | None = None) -> None:
    """How many times the error of before a remedy leaves, against what it costs: accuracy, or without labels time.

    Both with their 95 % intervals; the recommended remedy is filled. The step is of those that no other beats in both.
    `symmetry`: one of those that were measured, the first for None. SymmeterError where there is no such.
    """
    known = list(dict.fromkeys(row.symmetry for row in cure.rows))
    if symmetry not in (None, *known):
        raise SymmeterError(f"symmetry {symmetry!r}: choose from {', '.join(known)}")
    rows = [row for row in cure.rows if row.symmetry == (symmetry or known[0]) and row.ratio]
    if not rows:
        raise SymmeterError(f"no remedy was measured under {symmetry}")
    labelled = all(row.accuracy_change is not None for row in rows)
    ax.plot(0.0 if labelled else 1.0, 1.0, "x", color=STYLE.quiet, label="as it was")
    for number, row in enumerate(rows):
        _draw(ax, row, STYLE.series(number), labelled, chosen=row.recipe == cure.chosen)
    _step(ax, rows, labelled)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylabel("error, with / without")
    ax.set_xlabel("change of accuracy, points" if labelled else "times the time of a forward pass")
    ax.set_title(
        wrapped(f"{cure.header['model']['name']}, {words(rows[0].symmetry)}", ax, TITLE), parse_math=False
    )
    legend_below(ax)


def _cost(row: CureRow, labelled: bool) -> float:
    """Where a remedy stands along the axis."""
    if labelled:
        return 100 * (row.accuracy_change or 0.0)
    return row.passes or 1.0


def _draw(ax: "Axes", row: CureRow, look: Series, labelled: bool, *, chosen: bool) -> None:
    """One remedy with its intervals."""
    assert row.ratio is not None
    at = _cost(row, labelled)
    across = ends_of(row.accuracy_change_low, row.accuracy_change_high) if labelled else None
    upwards = ends_of(row.ratio_low, row.ratio_high)
    if across:
        ax.plot(100 * np.array(across), [row.ratio] * 2, color=look.colour, alpha=0.5, linewidth=0.8)
    if upwards:
        ends = np.clip(upwards, row.ratio / 100, row.ratio * 100)
        ax.plot([at, at], ends, color=look.colour, alpha=0.5, linewidth=0.8)
    passes = "" if row.passes is None else f", {row.passes:.2f} passes"
    ax.plot(
        at, row.ratio, look.marker, color=look.colour,
        markerfacecolor=look.colour if chosen else "white", label=_name(row).replace("$", r"\$") + passes,
    )  # fmt: skip


def _name(row: CureRow) -> str:
    text = " ".join(filter(None, [row.remedy, "fine-tuned" * row.finetuned, row.where]))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _step(ax: "Axes", rows: Sequence[CureRow], labelled: bool) -> None:
    """The line below which no remedy is, of those that none beats in both error and cost."""
    sign = -1 if labelled else 1  # more accuracy is better, more time is worse
    points = sorted((sign * _cost(row, labelled), row.ratio or 0.0) for row in rows)
    front: list[tuple[float, float]] = []
    for cost, ratio in points:
        if not front or ratio < front[-1][1]:
            front.append((cost, ratio))
    across = [sign * cost for cost, _ in front]
    ax.step(across, [ratio for _, ratio in front], where="post", color=STYLE.quiet, linewidth=0.8, zorder=0)
