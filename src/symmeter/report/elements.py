"""Pictures of what single group elements do: error against f(x) over the angle, on a line or on a circle."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, cast

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.report.chosen import BY_ELEMENT, BY_ELEMENT_UNIT
from symmeter.report.figures import axes, line_colours, new_figure, words
from symmeter.report.sphere import turn_of
from symmeter.results.result import Result
from symmeter.results.row import ElementRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec
    from matplotlib.projections.polar import PolarAxes

# By the unit of the parameter: what the axis is called, and where the identity is on it.
_AXES = {
    "degree": "rotation in degrees",
    "factor": "factor of scale",
    "length": "length of the translation",
    "sample": "shift in samples",
    "bin": "pitch in steps",
}
_IDENTITY = {"degree": 0.0, "factor": 1.0, "factor of gain": 1.0}


def plot_elements(
    result: Result, ax: "Axes | None" = None, measure: str | None = None, symmetry: str | None = None
) -> "Axes":
    """A measure over the angle or the factor of scale, one line per output with its 95 % intervals; returns the Axes.

    Elements whose values set no bounds leave a gap in the band. Where none has an interval, as for fewer than three
    images, bands are of one standard error. Without a `measure` it is the relative error
    ||f(g x) - g f(x)|| / ||f(x)||, 0 at the identity. SymmeterError where no element of the result has an angle.
    """
    curves = _curves(result, measure, symmetry)
    ax = ax or axes(6.4, 4.0)
    for colour, curve in zip(line_colours(len(curves)), curves, strict=True):
        ax.plot(curve.parameters, curve.values, "o-", color=colour, markersize=4, label=curve.label)
        ax.fill_between(curve.parameters, curve.low, curve.high, color=colour, alpha=0.2, linewidth=0)
        # a band between two gaps would have no width
        ax.vlines(curve.parameters, curve.low, curve.high, color=colour, alpha=0.4, linewidth=1)
    unit = curves[0].unit
    ax.set_xlabel(_AXES.get(unit, unit))
    if unit == "degree":
        ax.set_xticks(np.arange(0, 361, 45))
    ax.set_ylabel(f"{_quantity(result, measure)},\n{curves[0].spread}")
    head = result.header["model"]["name"]
    ax.set_title(head if len(curves) > 1 else f"{head}: {curves[0].label}", fontsize=10)
    _add_legend(ax, curves)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_polar(
    result: Result, ax: "PolarAxes | None" = None, measure: str | None = None, symmetry: str | None = None
) -> "PolarAxes":
    """The same on a circle: the distance from the centre is the value at that rotation; returns the Axes."""
    curves = _curves(result, measure, symmetry)
    if curves[0].unit != "degree":
        raise SymmeterError("a polar plot needs rotations, such as C8 or SO2")
    ticker = require("matplotlib.ticker", "plot")
    if ax is None:
        ax = _circle(new_figure(5.2, 5.2))
    for colour, curve in zip(line_colours(len(curves)), curves, strict=True):
        around = np.deg2rad(np.append(curve.parameters, curve.parameters[0] + 360))
        values = np.append(curve.values, curve.values[0])
        ax.plot(around, values, "o-", color=colour, markersize=4, label=curve.label)
    ax.set_rlabel_position(67.5)  # between two rays
    ax.tick_params(axis="y", labelsize=7)
    largest = ax.get_rmax()
    ticks = np.asarray(ticker.MaxNLocator(3).tick_values(0, largest))
    ax.set_rticks(ticks[(ticks > 0) & (ticks <= largest)])
    head = result.header["model"]["name"]
    ax.set_title(f"{head}\n{_quantity(result, measure)}", fontsize=10)
    _add_legend(ax, curves)
    return ax


def overview(result: Result, measure: str | None = None, symmetry: str | None = None) -> "Figure":
    """One figure: the line, and beside it the circle where the elements are rotations."""
    if _curves(result, measure, symmetry)[0].unit != "degree":
        return cast("Figure", plot_elements(result, None, measure, symmetry).figure)
    figure = new_figure(9.6, 4.2)
    left, right = figure.add_gridspec(1, 2, width_ratios=(1.5, 1))
    plot_elements(result, figure.add_subplot(left), measure, symmetry)
    circle = plot_polar(result, _circle(figure, right), measure, symmetry)
    circle.set_title("")
    if (legend := circle.get_legend()) is not None:
        legend.remove()  # that of the line serves both
    return figure


def _circle(figure: "Figure", *place: "SubplotSpec") -> "PolarAxes":
    """Polar axes on the whole figure, or at a place of it."""
    return cast("PolarAxes", figure.add_subplot(*place, projection="polar"))


@dataclass(frozen=True)
class _Curve:
    """A measure of one output over one group: parameters in their order, values and ends of the band, (n,) each.

    Ends are NaN where an element has no interval and others have; `spread` says what the band is.
    """

    label: str
    unit: str
    spread: str
    parameters: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @staticmethod
    def of(rows: Sequence[ElementRow], unit: str, spread: str) -> "_Curve":
        """The curve of some rows; the identity has a parameter of its own in every unit."""
        band = _BANDS[spread]
        numbers = np.array([(row.parameter, row.value, *band(row)) for row in rows], float)  # NaN for None
        if unit == "degree":  # rotations about one axis of space go from 0 to 360
            turns = np.array([turn_of(row) for row in rows])
            backwards = turns @ turns[turns.any(axis=1).argmax()] < 0
            numbers[backwards, 0] = 360 - numbers[backwards, 0]
        identities = [row.parameter_unit is None for row in rows]
        numbers[identities, 0] = _IDENTITY.get(unit, 0.0)
        order = numbers[:, 0].argsort(kind="stable")
        return _Curve(f"{rows[0].symmetry}, {rows[0].output}", unit, spread, *numbers[order].T)


def _one_error(row: ElementRow) -> tuple[float | None, float | None]:
    """A standard error to each side of the value."""
    error = row.standard_error or 0.0
    return row.value - error, row.value + error


def _interval(row: ElementRow) -> tuple[float | None, float | None]:
    """The ends of the interval; the value itself where all samples agree."""
    return (row.interval_low, row.interval_high) if row.standard_error else _one_error(row)


_INTERVAL, _ERROR = "95 % interval", "± s.e."
_BANDS = {_INTERVAL: _interval, _ERROR: _one_error}


def _curves(result: Result, measure: str | None, symmetry: str | None) -> list[_Curve]:
    """One per group and output, of one measure; where groups have parameters of several units, those of the first."""
    units: dict[str, str] = {}
    for row in result.elements:
        if row.parameter_unit is not None:
            units.setdefault(row.symmetry, row.parameter_unit)
    if not units:
        raise SymmeterError(
            "no element of this result has an angle or a length: measure over C8, SO2, scale(0.8,1.25) or shift(8), "
            "points and atoms over SO3 or translation(1,40,1000)"
        )
    known = [row for row in result.elements if row.parameter is not None and row.symmetry in units]
    measure = measure or next((row.measure for row in known), BY_ELEMENT)
    rows = [row for row in known if row.measure == measure and symmetry in (None, row.symmetry)]
    if not rows:
        names = ", ".join(dict.fromkeys(f"{row.measure} over {row.symmetry}" for row in known))
        where = f" over {symmetry!r}" if symmetry else ""
        raise SymmeterError(f"no elements of {measure!r}{where}; there is {names}")
    unit = units[rows[0].symmetry]
    curves: dict[tuple[str, str], list[ElementRow]] = {}
    for row in rows:
        if units[row.symmetry] == unit and row.parameter_unit in (None, unit):
            curves.setdefault((row.symmetry, row.output), []).append(row)
    spread = _INTERVAL if any(row.has_interval for row in chain(*curves.values())) else _ERROR
    return [_Curve.of(own, unit, spread) for own in curves.values()]


def _quantity(result: Result, measure: str | None) -> str:
    """What is drawn, with its unit."""
    measure = measure or next((row.measure for row in result.elements), BY_ELEMENT)
    units = {row.measure: row.unit for row in result.rows} | {BY_ELEMENT: BY_ELEMENT_UNIT}
    unit = f" ({units[measure]})" if measure in units else ""
    return words(f"{measure}{unit}")


def _add_legend(ax: "Axes", curves: Sequence[_Curve]) -> None:
    if len(curves) > 1:
        ax.legend(frameon=False, fontsize=8)
