"""Pictures of what single group elements do: error against f(x) over the angle, on a line or on a circle."""

from dataclasses import replace
from typing import Any

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.report.plots import axes, new_figure, plain
from symmeter.results.result import ElementRow, Result

BY_ELEMENT = "relative_error"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#555555", "#000000")


def plot_elements(
    result: Result, ax: Any = None, measure: str | None = None, symmetry: str | None = None
) -> Any:
    """A measure over the angle (or the factor of scale), one line an output, with one standard error; returns the Axes.

    Without a `measure` the relative error ||f(g x) - g f(x)|| / ||f(x)||, 0 at the identity. SymmeterError where the
    result has no elements with an angle.
    """
    chosen, measure = _chosen(result, measure, symmetry)
    ax = ax or axes(6.4, 4.0)
    for colour, (label, rows) in zip(_cycle(len(chosen)), chosen.items(), strict=True):
        x, y, error = _curve(rows)
        ax.plot(x, y, "o-", color=colour, markersize=4, label=label)
        ax.fill_between(x, y - error, y + error, color=colour, alpha=0.2, linewidth=0)
    angles = _are_angles(chosen)
    ax.set_xlabel("rotation in degrees" if angles else "factor of scale")
    if angles:
        ax.set_xticks(np.arange(0, 361, 45))
    _finish(ax, result, chosen, measure)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def plot_polar(
    result: Result, ax: Any = None, measure: str | None = None, symmetry: str | None = None
) -> Any:
    """The same on a circle: the distance from the centre is the value at that rotation; returns the Axes."""
    chosen, measure = _chosen(result, measure, symmetry)
    if not _are_angles(chosen):
        raise SymmeterError("a polar plot needs rotations, such as C8 or SO2")
    ticker = require("matplotlib.ticker", "plot")
    if ax is None:
        ax = new_figure(5.2, 5.2).add_subplot(projection="polar")
    for colour, (label, rows) in zip(_cycle(len(chosen)), chosen.items(), strict=True):
        x, y, _ = _curve(rows)
        around = np.deg2rad(np.append(x, x[0] + 360))
        ax.plot(around, np.append(y, y[0]), "o-", color=colour, markersize=4, label=label)
    ax.set_rlabel_position(67.5)  # between two rays
    ax.tick_params(axis="y", labelsize=7)
    ax.set_rticks(
        [tick for tick in ticker.MaxNLocator(3).tick_values(0, ax.get_rmax()) if 0 < tick <= ax.get_rmax()]
    )
    _finish(ax, result, chosen, measure, label=False)
    return ax


def overview(result: Result, measure: str | None = None, symmetry: str | None = None) -> Any:
    """One figure: the line, and beside it the circle where the elements are rotations."""
    chosen, measure = _chosen(result, measure, symmetry)
    if not _are_angles(chosen):
        return plot_elements(result, None, measure, symmetry).figure
    figure = new_figure(9.6, 4.2)
    left, right = figure.add_gridspec(1, 2, width_ratios=(1.5, 1))
    plot_elements(result, figure.add_subplot(left), measure, symmetry)
    plot_polar(result, figure.add_subplot(right, projection="polar"), measure, symmetry).set_title("")
    return figure


def _chosen(
    result: Result, measure: str | None, symmetry: str | None
) -> tuple[dict[str, list[ElementRow]], str]:
    """The rows of one measure by symmetry and output, those with an angle or a factor, in its order."""
    moving = {
        row.symmetry for row in result.elements if row.parameter is not None and row.element != "identity"
    }
    known = [row for row in result.elements if row.parameter is not None and row.symmetry in moving]
    if not known:
        raise SymmeterError("no element of this result has an angle: measure over C8, SO2 or scale(0.8,1.25)")
    measure = measure or BY_ELEMENT
    rows = [row for row in known if row.measure == measure and symmetry in (None, row.symmetry)]
    if not rows:
        names = ", ".join(dict.fromkeys(f"{row.measure} over {row.symmetry}" for row in known))
        where = f" over {symmetry!r}" if symmetry else ""
        raise SymmeterError(f"no elements of {measure!r}{where}; there is {names}")
    # The identity turns by 0 degrees, and scales by 1.
    rows = [replace(row, parameter=1.0) if row.symmetry.startswith("scale") and row.element == "identity" else row
            for row in rows]  # fmt: skip
    groups: dict[str, list[ElementRow]] = {}
    for row in sorted(rows, key=lambda row: row.parameter or 0.0):
        groups.setdefault(f"{row.symmetry}, {row.output}", []).append(row)
    return groups, measure


def _curve(rows: list[ElementRow]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([row.parameter for row in rows]),
        np.array([row.value for row in rows]),
        np.array([row.standard_error or 0.0 for row in rows]),
    )


def _are_angles(chosen: dict[str, list[ElementRow]]) -> bool:
    return not any(label.startswith("scale") for label in chosen)


def _finish(
    ax: Any, result: Result, chosen: dict[str, list[ElementRow]], measure: str, label: bool = True
) -> None:
    units = {row.measure: row.unit for row in result.rows} | {BY_ELEMENT: "share of the output's norm"}
    words = plain(f"{measure} ({units[measure]})")
    if label:
        ax.set_ylabel(words)
    head = result.header["model"]["name"]
    ax.set_title(head if label else f"{head}\n{words}", fontsize=10)
    if len(chosen) > 1:
        ax.legend(frameon=False, fontsize=8)
    elif label:
        ax.set_title(f"{head}: {next(iter(chosen))}", fontsize=10)


def _cycle(count: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(count)]
