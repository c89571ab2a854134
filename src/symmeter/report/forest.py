"""The picture of a comparison: every ratio with its interval, on a logarithmic axis."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.report.drawing import drawing
from symmeter.report.figures import TITLE, legend_below, unframed, words, wrapped
from symmeter.report.style import STYLE, Series
from symmeter.results.comparison import Comparison
from symmeter.results.comparison_row import ComparisonRow
from symmeter.results.comparison_text import number_of_samples, varying
from symmeter.results.paired import QUANTITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE, _AROUND = 0.18, 1.1  # inches of height for a ratio, and around all of them
_WIDEST = 100.0  # times a ratio, or a part of it, beyond which no interval is drawn


def _height(comparison: Comparison, width: float, quantity: str | None = None) -> float:
    """That of all rows, of the title, and of the axis."""
    return _AROUND + _LINE * max(len(_ordered(comparison, quantity)), 1)


@drawing(
    "forest", "ratios to the reference with their intervals", Comparison, lambda one: one.rows, height=_height
)
def forest(comparison: Comparison, ax: "Axes", quantity: str | None = None) -> None:
    """Ratios to the reference with their 95 % intervals, quantity by quantity; left of 1 is the smaller one.

    A filled mark is a clear difference. `quantity`: only `value`, `stability` or `specificity`. SymmeterError where
    there is no such row.
    """
    rows = _ordered(comparison, quantity)
    if not rows:
        known = dict.fromkeys(row.quantity for row in comparison.rows)
        raise SymmeterError(f"quantity {quantity!r}: choose from {', '.join(known)}")
    looks = {model: STYLE.series(number) for number, model in enumerate(comparison.models[1:])}
    for height, row in enumerate(rows):
        _draw(ax, height, row, looks[row.model])
    ax.axvline(1, color="black", linewidth=0.8, zorder=0)
    _logarithmic(ax)
    ax.set_yticks(range(len(rows)), [_label(row, rows) for row in rows], parse_math=False)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    across = f"times the reference, {comparison.item} by {comparison.item} (left of 1: smaller)"
    ax.set_xlabel(wrapped(across, ax, TITLE))
    _name_models(ax, comparison, looks)
    unframed(ax)


def _ordered(comparison: Comparison, quantity: str | None) -> list[ComparisonRow]:
    """Rows by quantity, then by symmetry, so that models stand beside one another."""
    rows = [row for row in comparison.rows if quantity in (None, row.quantity)]
    places = list(dict.fromkeys(map(_place, rows)))
    return sorted(rows, key=lambda row: (QUANTITIES.index(row.quantity), places.index(_place(row))))


def _place(row: ComparisonRow) -> tuple[str, str, str, str, str]:
    return row.quantity, row.measure, row.symmetry, row.output, row.layer


def _label(row: ComparisonRow, rows: Sequence[ComparisonRow]) -> str:
    """The quantity and symmetry of a row, with output and measure where there are several."""
    return ", ".join(
        [row.quantity, words(row.symmetry), *(row[name] for name in varying(rows, "output", "measure"))]
    )


def _draw(ax: "Axes", height: int, row: ComparisonRow, look: Series) -> None:
    """One ratio and its interval; of an end that is very far, or infinite, a part."""
    if row.ratio_low is not None and row.ratio_high is not None:
        ends = np.clip([row.ratio_low, row.ratio_high], row.ratio / _WIDEST, row.ratio * _WIDEST)
        ax.plot(ends, [height, height], color=look.colour, solid_capstyle="butt")
    filled = look.colour if row.better or row.worse else "white"
    ax.plot(row.ratio, height, look.marker, color=look.colour, markerfacecolor=filled)


def _logarithmic(ax: "Axes") -> None:
    """A logarithmic axis with plain numbers, and a little room beside 1 on both sides."""
    ticker = require("matplotlib.ticker", "plot")
    ax.set_xscale("log")
    ax.update_datalim([(0.8, 0), (1.25, 0)])
    ax.autoscale_view(scaley=False)
    ax.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()


def _name_models(ax: "Axes", comparison: Comparison, looks: dict[str, Series]) -> None:
    """One model against another in the title, of several a legend below."""
    against = f"against {comparison.reference}, {number_of_samples(comparison)}"
    if len(looks) == 1:
        against = f"{comparison.models[1]} {against}"
    ax.set_title(wrapped(against, ax, TITLE), parse_math=False)
    if len(looks) > 1:
        for model, look in looks.items():
            ax.plot([], [], look.marker, linestyle="-", color=look.colour, label=model.replace("$", r"\$"))
        legend_below(ax)
