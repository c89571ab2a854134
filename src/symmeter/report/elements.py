"""Curves of what single group elements do: error against f(x) over the angle, the factor or the shift."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, cast

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.report.chosen import BY_ELEMENT, BY_ELEMENT_UNIT
from symmeter.report.drawing import drawing
from symmeter.report.figures import TITLE, legend_below, unframed, words, wrapped
from symmeter.report.sphere import turn_of
from symmeter.report.style import STYLE
from symmeter.results.result import Result
from symmeter.results.row import ElementRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
_TURN = 360.0
_LETTERS = 34  # that fit beside an axis of one column
_LACKING = (
    "no element of this result has an angle or a length: measure over C8, SO2, scale(0.8,1.25) or shift(8), "
    "points and atoms over SO3 or translation(1,40,1000)"
)
Named = Mapping[str, Result]  # by the names of their models


def _known(named: Named) -> bool:
    return all(any(row.parameter_unit is not None for row in one.elements) for one in named.values())


def _turned(named: Named) -> bool:
    return all(any(row.parameter_unit == "degree" for row in one.elements) for one in named.values())


@drawing("elements", "error over the angle, the factor or the shift", Result, _known, several=True)
def plot_elements(
    named: Named,
    ax: "Axes",
    measure: str | None = None,
    symmetry: str | None = None,
    output: str | None = None,
    stride: int | None = None,
) -> None:
    """A measure over the angle, the factor of scale or the shift, one line per output and model with 95 % intervals.

    A curve over rotations goes around: it ends at 360 degrees where it began. Elements whose values set no bounds leave
    a gap in the band. Where none has an interval, as for fewer than three images, bands are of one standard error.
    Without a `measure` it is the relative error ||f(g x) - g f(x)|| / ||f(x)||, 0 at the identity. `stride` marks its
    multiples, at which a net of that stride may be exact. SymmeterError where no element has an angle or a shift.
    """
    curves = _curves_of(named, measure, symmetry, output)
    for number, curve in enumerate(curves):
        look = STYLE.series(number)
        at = curve.parameters
        line = {"marker": look.marker, "linestyle": look.stroke, "color": look.colour}
        ax.plot(at, curve.values, label=curve.label, markersize=3.5, **line)
        ax.fill_between(at, curve.low, curve.high, color=look.colour, alpha=0.2, linewidth=0)
        # a band between two gaps would have no width
        ax.vlines(at, curve.low, curve.high, color=look.colour, alpha=0.4, linewidth=1)
    unit = curves[0].unit
    ax.set_xlabel(_AXES.get(unit, f"shift in {unit}s" if unit == "pixel" else unit))
    if unit == "degree":
        ax.set_xticks(np.arange(0, _TURN + 1, 45))
    else:
        ax.xaxis.set_major_locator(
            require("matplotlib.ticker", "plot").MaxNLocator("auto", steps=[1, 2, 4, 5, 10])
        )
    if stride is not None:
        _mark_multiples(ax, curves, stride)
    ax.set_ylabel(textwrap.fill(f"{_quantity(named, measure)}, {curves[0].spread}", _LETTERS))
    _entitle(ax, named, curves)
    unframed(ax)


@drawing("polar", "the same of rotations, on a circle", Result, _turned, several=True, projection="polar",
         height=lambda what, width, **choices: min(width, 4.0))  # fmt: skip
def plot_polar(
    named: Named,
    ax: "Axes",
    measure: str | None = None,
    symmetry: str | None = None,
    output: str | None = None,
) -> None:
    """The same on a circle: the distance from the centre is the value at that rotation."""
    curves = _curves_of(named, measure, symmetry, output)
    if curves[0].unit != "degree":
        raise SymmeterError("a polar plot needs rotations, such as C8 or SO2")
    circle = cast("PolarAxes", ax)
    for number, curve in enumerate(curves):
        look = STYLE.series(number)
        line = {"marker": look.marker, "linestyle": look.stroke, "color": look.colour}
        circle.plot(np.deg2rad(curve.parameters), curve.values, label=curve.label, markersize=3.5, **line)
    circle.set_rlabel_position(67.5)  # between two rays
    largest = circle.get_rmax()
    ticks = np.asarray(require("matplotlib.ticker", "plot").MaxNLocator(3).tick_values(0, largest))
    circle.set_rticks(ticks[(ticks > 0) & (ticks <= largest)])
    _entitle(circle, named, curves, _quantity(named, measure))


def _entitle(ax: "Axes", named: Named, curves: "Sequence[_Curve]", quantity: str = "") -> None:
    """Of one curve its model and label in the title, of several a legend below."""
    models = [one.header["model"]["name"] for one in named.values()]
    lines = [models[0]] if len(named) == 1 else []
    if len(curves) > 1:
        legend_below(ax)
    elif lines:
        lines = [f"{models[0]}: {curves[0].label}"]
    ax.set_title(
        "\n".join(wrapped(line, ax, TITLE) for line in filter(None, [*lines, quantity])), parse_math=False
    )


def _mark_multiples(ax: "Axes", curves: "Sequence[_Curve]", stride: int) -> None:
    """Lines behind the curves at the multiples of a stride."""
    places = np.concatenate([curve.parameters for curve in curves])
    for k in np.arange(np.ceil(places.min() / stride), np.floor(places.max() / stride) + 1):
        ax.axvline(k * stride, color=STYLE.quiet, linewidth=0.6, linestyle=":", zorder=0)


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
        made = _Curve(f"{rows[0].symmetry}, {rows[0].output}", unit, spread, *numbers[order].T)
        return made.closed(rows[0].measure == BY_ELEMENT) if unit == "degree" else made

    def closed(self, from_zero: bool) -> "_Curve":
        """Over rotations: with the point at 360 degrees, which is that at 0.

        Where no element is the identity, an error that is 0 there by its definition begins and ends `from_zero`.
        """
        points = np.stack([self.parameters, self.values, self.low, self.high])
        if from_zero and points[0, 0] > 0:
            points = np.concatenate([np.zeros((4, 1)), points], axis=1)
        if points[0, 0] != 0 or points[0, -1] >= _TURN:
            return self
        around = points[:, :1] + np.array([[_TURN], [0], [0], [0]])
        parameters, values, low, high = np.concatenate([points, around], axis=1)
        return replace(self, parameters=parameters, values=values, low=low, high=high)


def _one_error(row: ElementRow) -> tuple[float | None, float | None]:
    """A standard error to each side of the value."""
    error = row.standard_error or 0.0
    return row.value - error, row.value + error


def _interval(row: ElementRow) -> tuple[float | None, float | None]:
    """The ends of the interval; the value itself where all samples agree."""
    return (row.interval_low, row.interval_high) if row.standard_error else _one_error(row)


_INTERVAL, _ERROR = "95 % interval", "± s.e."
_BANDS = {_INTERVAL: _interval, _ERROR: _one_error}


def _curves_of(named: Named, measure: str | None, symmetry: str | None, output: str | None) -> list[_Curve]:
    """Those of all models; with several, each label begins with the model's name. All have the unit of the first."""
    found: list[_Curve] = []
    for name, result in named.items():
        own = _curves(result, measure, symmetry, output)
        if len(named) > 1:
            single = len(own) == 1
            own = [replace(one, label=name if single else f"{name}: {one.label}") for one in own]
        found += [one for one in own if one.unit == (found or own)[0].unit]
    return found


def _curves(result: Result, measure: str | None, symmetry: str | None, output: str | None) -> list[_Curve]:
    """One per group and output, of one measure; where groups have parameters of several units, those of the first."""
    units: dict[str, str] = {}
    for row in result.elements:
        if row.parameter_unit is not None:
            units.setdefault(row.symmetry, row.parameter_unit)
    if not units:
        raise SymmeterError(_LACKING)
    known = [row for row in result.elements if row.parameter is not None and row.symmetry in units]
    measure = measure or next((row.measure for row in known), BY_ELEMENT)
    rows = [
        row
        for row in known
        if row.measure == measure and symmetry in (None, row.symmetry) and output in (None, row.output)
    ]
    if not rows:
        names = ", ".join(dict.fromkeys(f"{row.measure} over {row.symmetry}" for row in known))
        where = (f" over {symmetry!r}" if symmetry else "") + (f" of {output!r}" if output else "")
        raise SymmeterError(f"no elements of {measure!r}{where}; there is {names}")
    unit = units[rows[0].symmetry]
    curves: dict[tuple[str, str], list[ElementRow]] = {}
    for row in rows:
        if units[row.symmetry] == unit and row.parameter_unit in (None, unit):
            curves.setdefault((row.symmetry, row.output), []).append(row)
    spread = _INTERVAL if any(row.has_interval for row in chain(*curves.values())) else _ERROR
    return [_Curve.of(own, unit, spread) for own in curves.values()]


def _quantity(named: Named, measure: str | None) -> str:
    """What is drawn, with its unit."""
    result = next(iter(named.values()))
    measure = measure or next((row.measure for row in result.elements), BY_ELEMENT)
    units = {row.measure: row.unit for row in result.rows} | {BY_ELEMENT: BY_ELEMENT_UNIT}
    unit = f" ({units[measure]})" if measure in units else ""
    return words(f"{measure}{unit}")
