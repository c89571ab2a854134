"""The picture of a comparison: every ratio with its interval, on a logarithmic axis."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.report.figures import axes, line_colours, words
from symmeter.results.comparison import Comparison
from symmeter.results.comparison_row import ComparisonRow
from symmeter.results.comparison_text import number_of_samples, varying
from symmeter.results.paired import QUANTITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 0.28  # inches of height for a ratio
_WIDEST = 100.0  # times a ratio, or a part of it, beyond which no interval is drawn


def forest(comparison: Comparison, ax: "Axes | None" = None, quantity: str | None = None) -> "Axes":
    """Ratios to the reference with their 95 % intervals, quantity by quantity; left of 1 is the smaller one.

    A filled mark is a clear difference. `quantity`: only `value`, `stability` or `specificity`. Returns the Axes, and
    shows nothing; SymmeterError where there is no such row.
    """
    rows = _ordered(comparison, quantity)
    if not rows:
        known = dict.fromkeys(row.quantity for row in comparison.rows)
        raise SymmeterError(f"quantity {quantity!r}: choose from {', '.join(known)}")
    own = ax is None
    ax = ax or axes(7.0, 1.3 + _LINE * len(rows))
    colours = dict(zip(comparison.models[1:], line_colours(len(comparison.models) - 1), strict=True))
    for height, row in enumerate(rows):
        _draw(ax, height, row, colours[row.model])
    ax.axvline(1, color="black", linewidth=0.8, zorder=0)
    _logarithmic(ax)
    ax.set_yticks(range(len(rows)), [_label(row, rows) for row in rows], fontsize=8, parse_math=False)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(f"times the reference, {comparison.item} by {comparison.item} (left of 1: smaller)")
    _name_models(ax, comparison, colours, own)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


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


def _draw(ax: "Axes", height: int, row: ComparisonRow, colour: str) -> None:
    """One ratio and its interval; of an end that is very far, or infinite, a part."""
    if row.ratio_low is not None and row.ratio_high is not None:
        ends = np.clip([row.ratio_low, row.ratio_high], row.ratio / _WIDEST, row.ratio * _WIDEST)
        ax.plot(ends, [height, height], color=colour, linewidth=1.4, solid_capstyle="butt")
    filled = colour if row.better or row.worse else "white"
    ax.plot(row.ratio, height, "o", color=colour, markersize=5, markerfacecolor=filled)


def _logarithmic(ax: "Axes") -> None:
    """A logarithmic axis with plain numbers, and a little room beside 1 on both sides."""
    ticker = require("matplotlib.ticker", "plot")
    ax.set_xscale("log")
    ax.update_datalim([(0.8, 0), (1.25, 0)])
    ax.autoscale_view(scaley=False)
    ax.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()


def _name_models(ax: "Axes", comparison: Comparison, colours: dict[str, str], own: bool) -> None:
    """One model against another in the title, of several a legend, below where the figure is our `own`."""
    against = f"against {comparison.reference}, {number_of_samples(comparison)}"
    if len(colours) == 1:
        ax.set_title(f"{comparison.models[1]} {against}", fontsize=9, parse_math=False)
        return
    ax.set_title(against, fontsize=9, parse_math=False)
    for model, colour in colours.items():
        ax.plot([], [], "o-", color=colour, markersize=5, label=model.replace("$", r"\$"))
    if own:
        ax.figure.legend(fontsize=8, frameon=False, loc="outside lower left")
    else:
        ax.legend(fontsize=8, frameon=False)
