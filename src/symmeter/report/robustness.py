"""Pictures of a model on corrupted data: error, stability, accuracy or confidence against strength."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.report.chosen import chosen
from symmeter.report.drawing import drawing
from symmeter.report.figures import bars, legend_below, signs, unframed, words
from symmeter.report.style import STYLE
from symmeter.results.robustness import Robustness
from symmeter.results.robustness_row import CLEAN, RobustnessRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUANTITIES = {
    "value": "interval",
    "stability": "stability",
    "specificity": "specificity",
    "accuracy": "accuracy",
    "confidence": "confidence",
}  # with what their ends are called
OF_THE_MODEL = ("accuracy", "confidence")  # the same for all symmetries
_APART = 0.06  # strengths by which lines stand beside one another, so that their bars do not hide each other
_MANY = 10.0  # times as large: from here on an axis is logarithmic


@drawing("strength", "error, stability, accuracy or confidence against strength of corruptions", Robustness,
         height=lambda result, width, **choices: 0.64 * min(width, 5.0))  # fmt: skip
def plot_strength(
    result: Robustness,
    ax: "Axes",
    quantity: str = "value",
    symmetry: str | None = None,
    output: str | None = None,
    measure: str | None = None,
) -> None:
    """A quantity with its 95 % interval against strength, a line for each corruption, all from that of clean data.

    `quantity` is `value`, `stability`, `specificity`, `accuracy` or `confidence`; of several symmetries, outputs or
    measures the first is drawn where none is named. SymmeterError where the result does not have it.
    """
    if quantity not in quantities_of(result):
        there = ", ".join(quantities_of(result))
        raise SymmeterError(f"quantity {quantity!r} is not in this result; choose from {there}")
    (symmetry, output), rows = next(iter(chosen(_pictures(result), symmetry, output, "no rows").items()))
    measures = list(dict.fromkeys(row.measure for row in rows))
    if measure not in (None, *measures):
        raise SymmeterError(f"measure {measure!r} is not in this result; choose from {', '.join(measures)}")
    measure = measure or measures[0]
    for number, corruption in enumerate(result.corruptions):
        own = [
            row for row in result.along(corruption, symmetry, measure, output) if row[quantity] is not None
        ]
        _line(ax, [row.as_shown() for row in own], quantity, number, len(result.corruptions))
    first = next(row for row in rows if row.measure == measure).as_shown()
    ax.set_xticks(sorted({row.strength for row in rows}))
    ax.set_xlabel(f"strength of corruption (0: {CLEAN})")
    _name(ax, quantity, first)
    on_model = quantity in OF_THE_MODEL
    title = (
        result.header["model"]["name"]
        if on_model
        else f"{words(symmetry)} of {result.header['model']['name']}"
    )
    ax.set_title(title, parse_math=False)
    legend_below(ax)
    unframed(ax)


def quantities_of(result: Robustness) -> list[str]:
    """Those that some row has."""
    return [name for name in QUANTITIES if any(row.get(name) is not None for row in result.rows)]


def symmetries_of(result: Robustness) -> list[str]:
    """The symmetries, as they were asked for."""
    return list(dict.fromkeys(row.symmetry for row in result.rows))


def _pictures(result: Robustness) -> dict[tuple[str, str], list[RobustnessRow]]:
    """The rows by symmetry and output."""
    found: dict[tuple[str, str], list[RobustnessRow]] = {}
    for row in result.rows:
        if isinstance(row, RobustnessRow):
            found.setdefault((row.symmetry, row.output), []).append(row)
    return found


def _line(ax: "Axes", rows: Sequence[RobustnessRow], quantity: str, number: int, count: int) -> None:
    """One corruption, with clean data at its beginning."""
    look, ends = STYLE.series(number), QUANTITIES[quantity]
    values = [row[quantity] for row in rows]
    reach = bars(values, [row[f"{ends}_low"] for row in rows], [row[f"{ends}_high"] for row in rows])
    places = np.array([row.strength for row in rows]) + _APART * (number - (count - 1) / 2)
    label = words(next((row.corruption for row in rows if row.strength), ""))
    marks = {"marker": look.marker, "color": look.colour, "linestyle": look.stroke, "elinewidth": 0.7}
    ax.errorbar(places, values, reach, label=label, **marks)


def _name(ax: "Axes", quantity: str, row: RobustnessRow) -> None:
    """The name of the axis, its scale, and the line where a ratio is no different."""
    low, high = (end for end in ax.dataLim.intervaly)
    if quantity in OF_THE_MODEL:
        ax.set_ylim(-0.03, 1.03)
        ax.set_ylabel(quantity)
        return
    if low > 0 and high / low > _MANY:
        ax.set_yscale("log")
    elif low >= 0:
        ax.set_ylim(bottom=0)
    if quantity == "value":
        what = "LEE" if row.measure == "lee" else words(row.measure)
        ax.set_ylabel(f"{what}\n({signs(row.unit)})")
    else:
        if ax.get_yscale() == "log":
            ax.yaxis.set_major_locator(require("matplotlib.ticker", "plot").LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_minor_formatter("")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.axhline(1, color="black", linewidth=0.8, zorder=0)
        ax.set_ylabel(f"{quantity}\n(0: symmetric, 1: no different)")
