"""The picture of a comparison: every ratio with its interval, on a logarithmic axis."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.report.figures import axes, line_colours, words
from symmeter.results.comparison import Comparison
from symmeter.results.comparison_row import LESS, MORE, ComparisonRow
from symmeter.results.paired import QUANTITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 0.28  # inches of height for a ratio
_WIDEST = 30.0  # times 1 or a part of it, beyond which the axis does not go for the sake of an interval


def forest(comparison: Comparison, ax: "Axes | None" = None, quantity: str | None = None) -> "Axes":
    """Ratios to the reference with their 95 % intervals, quantity by quantity; left of 1 is more symmetric.

    A filled mark is a clear difference. `quantity`: only `value`, `stability` or `specificity`. Returns the Axes, and
    shows nothing; SymmeterError where there is no such row.
    """
    rows = _ordered(comparison, quantity)
    if not rows:
        raise SymmeterError(f"quantity {quantity!r}: choose from {', '.join(_quantities(comparison))}")
    own = ax is None
    ax = ax or axes(7.0, 1.3 + _LINE * len(rows))
    colours = dict(zip(comparison.models[1:], line_colours(len(comparison.models) - 1), strict=True))
    for height, row in enumerate(rows):
        _draw(ax, height, row, colours[row.model])
    ax.axvline(1, color="black", linewidth=0.8, zorder=0)
    ax.set_xscale("log")
    ax.set_xlim(*_limits(rows))
    ticks = [t for t in (0.03, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30) if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(rows)), [_label(row, rows) for row in rows], fontsize=8, parse_math=False)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("times the reference, image by image (left of 1: more symmetric)")
    _name_models(ax, comparison, colours, own)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _quantities(comparison: Comparison) -> list[str]:
    """Those that the comparison has."""
    return [name for name in QUANTITIES if any(row.quantity == name for row in comparison.rows)]


def _ordered(comparison: Comparison, quantity: str | None) -> list[ComparisonRow]:
    """Rows by quantity, then by symmetry, so that models stand beside one another."""
    names = _quantities(comparison) if quantity is None else [quantity]
    rows = [row for name in names for row in comparison.rows if row.quantity == name]
    places = {_place(row): i for i, row in enumerate(reversed(rows))}
    return sorted(rows, key=lambda row: (QUANTITIES.index(row.quantity), -places[_place(row)]))


def _place(row: ComparisonRow) -> tuple[str, str, str, str, str]:
    return row.quantity, row.measure, row.symmetry, row.output, row.layer


def _label(row: ComparisonRow, rows: Sequence[ComparisonRow]) -> str:
    """The quantity and symmetry of a row, with output and measure where there are several."""
    parts = [f"{row.quantity}, {words(row.symmetry)}"]
    for name in ("output", "measure"):
        if len({other[name] for other in rows}) > 1:
            parts.append(str(row[name]))
    return ", ".join(parts)


def _draw(ax: "Axes", height: int, row: ComparisonRow, colour: str) -> None:
    """One ratio and its interval; an end that is not there, or infinite, is beyond the axis."""
    if row.ratio_low is not None and row.ratio_high is not None:
        low, high = max(row.ratio_low, 1e-12), min(row.ratio_high, 1e12)
        ax.plot([low, high], [height, height], color=colour, linewidth=1.4, solid_capstyle="butt")
    clear = row.verdict in (MORE, LESS)
    ax.plot(row.ratio, height, "o", color=colour, markersize=5, markerfacecolor=colour if clear else "white")


def _limits(rows: Sequence[ComparisonRow]) -> tuple[float, float]:
    """What the axis shows: every ratio, and its interval as long as that is not too wide."""
    ratios = np.array([row.ratio for row in rows if row.ratio > 0] or [1.0])
    ends = np.array([end for row in rows for end in (row.ratio_low, row.ratio_high) if end], float)
    ends = ends.clip(1 / _WIDEST, _WIDEST)
    known = np.concatenate([ratios, ends, [0.8, 1.25]])
    return float(known.min() / 1.1), float(known.max() * 1.1)


def _name_models(ax: "Axes", comparison: Comparison, colours: dict[str, str], own: bool) -> None:
    """One model against another in the title, of several a legend, below where the figure is our `own`."""
    counts = sorted(set(comparison.images))
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    against = f"against {comparison.reference}, {number} {comparison.item}s"
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
