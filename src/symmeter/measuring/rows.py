"""From the columns of a run to rows: one estimate a measure, symmetry and output."""

import math
from dataclasses import dataclass, replace

import numpy as np

from symmeter.measures.measure import DerivativeMeasure, OrbitMeasure
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.targets import BY_ELEMENT, Target
from symmeter.results.columns import BOUNDARY, MAXIMUM, SCALE, Key
from symmeter.results.estimate import Estimate, estimate, pair_error, standard_error
from symmeter.results.result import ElementRow, Row
from symmeter.symmetry.groups.generators import Generator


def derivative_rows(run: DerivativeRun) -> list[Row]:
    """One row per output, measure and generator."""
    return [
        _derivative_row(run, target, m, generator)
        for target in run.targets
        for m in run.measures
        for generator in run.generators
    ]


def _derivative_row(run: DerivativeRun, target: Target, m: DerivativeMeasure, generator: Generator) -> Row:
    key, accuracy = run.key(m, generator, target), run.accuracy()
    values = run.columns[key]
    controls = None if generator.name in run.lacking else run.columns.get(key.as_control())
    e = estimate(values, controls, run.floor(key, float(values.mean())), m.power)
    edge = run.columns.get(key.as_statistic(BOUNDARY))
    share = float(edge.sum() / values.sum()) if edge is not None and values.sum() else None
    return Row(
        measure=m.name,
        symmetry=generator.name,
        output=target.output.name,
        layer=target.output.layer,
        value=e.value,
        standard_error=e.standard_error,
        n=e.n,
        floor=e.floor,
        control=e.control,
        selectivity=e.selectivity,
        unit=m.unit(target.quantity, generator),
        direction=m.direction,
        definition=run.domain.definition,
        verdict=e.verdict,
        control_standard_error=e.control_standard_error,
        selectivity_standard_error=e.selectivity_standard_error,
        median=e.median,
        quantile_05=e.quantile_05,
        quantile_95=e.quantile_95,
        top_share=e.top_share,
        boundary_share=share,
        accuracy=accuracy["top1"] if accuracy else None,
        power=m.power,
    )


def orbit_rows(run: OrbitRun) -> list[Row]:
    """One row a measure and output."""
    return [_orbit_row(run, target, m) for target in run.targets for m in target.measures]


def element_rows(run: OrbitRun) -> list[ElementRow]:
    """One row an output and element: its `relative_error` against f(x), 0 at the identity, whatever was asked for.

    And one for each measure that compares with f(x); what compares with a mean over the orbit says nothing of a single
    element: it is largest for the one furthest from the mean, be that the identity.
    """
    rows = []
    for target in run.targets:
        rows += _rows_by_element(run, target, BY_ELEMENT, target.by_element)
        for m in target.measures:
            if m.name != BY_ELEMENT.name and not (m.needs_mean and target.average):
                rows += _rows_by_element(run, target, m, target.key(m))
    return rows


def _rows_by_element(run: OrbitRun, target: Target, m: OrbitMeasure, key: Key) -> list[ElementRow]:
    sums = run.sums.get(key)
    if sums is None or not sums.images:
        return []
    rows, scale = [], _scale(run, key)
    assert run.elements is not None
    for g, total, squares in zip(run.elements.elements, sums.total, sums.squares, strict=True):
        if math.isnan(total):
            continue
        mean, error = float(total) / sums.images, None
        if sums.images > 1 and math.isfinite(mean):
            variance = max(0.0, float(squares) / sums.images - mean**2) / (sums.images - 1)
            error = math.sqrt(variance) * abs(m.slope(mean / scale)) / scale
        rows.append(ElementRow(
            measure=m.name, symmetry=run.group.name, output=target.output.name,
            layer=target.output.layer, element=g.name, parameter=g.parameter,
            value=float(m.value(mean / scale)), standard_error=error, n=sums.images,
        ))  # fmt: skip
    return rows


def _worst_element(run: OrbitRun, target: Target) -> str | None:
    """That with the largest relative error; None where none has any."""
    rows = _rows_by_element(run, target, BY_ELEMENT, target.by_element)
    worst = max(rows, key=lambda row: row.value, default=None)
    return worst.element if worst is not None and worst.value > 0 else None


@dataclass(frozen=True)
class _Errors:
    """A measure's errors: over images, of the control, and over elements."""

    whole: Estimate
    element_error: float | None
    maximum: float | None

    @property
    def standard_error(self) -> float | None:
        """Over images, and over elements where they were drawn; the two sources of chance are independent."""
        if self.whole.standard_error is None:
            return self.element_error
        return math.hypot(self.whole.standard_error, self.element_error or 0.0)


def _scale(run: OrbitRun, key: Key) -> float:
    values = run.columns.get(key.as_statistic(SCALE))
    return 1.0 if values is None else float(values.mean()) or math.nan


def _errors(run: OrbitRun, target: Target, m: OrbitMeasure) -> _Errors:
    key = target.key(m)
    floor, scale = run.floor(key), _scale(run, key)
    if key not in run.columns:
        return _Errors(_pooled(target, m, floor, not run.lacking), None, None)
    values, controls = run.columns[key] / scale, run.columns.get(key.as_control())
    if not np.isfinite(values).all():  # the run says so by name
        mean = float(values.mean())
        return _Errors(Estimate(mean, None, len(values), floor, power=m.power), None, mean)
    if run.lacking or (controls is not None and not np.isfinite(controls).all()):
        controls = None
    ratio_error = standard_error(values - float(values.mean()) * _relative(run, key)) if scale != 1 else None
    e = estimate(values, None if controls is None else controls / _scale(run, key.as_control()),
                 None if floor is None else floor / scale, m.power)  # fmt: skip
    if ratio_error is not None:
        e = replace(e, standard_error=ratio_error)
    maximum = run.columns.get(key.as_statistic(MAXIMUM))
    return _Errors(
        e, _element_error(run, m, key, scale), None if maximum is None else float(maximum.max()) / scale
    )


def _pooled(target: Target, m: OrbitMeasure, floor: float | None, known: bool) -> Estimate:
    """Of a measure that is made of all images together; with its control, where that is known of all."""
    value, error, n = target.pools[m.name].estimate() or (math.nan, None, 0)
    pool = target.control_pools.get(m.name)
    control, control_error, _ = (pool.estimate() if pool and known else None) or (None, None, 0)
    selectivity = spread = None
    if control and pool:
        selectivity, spread = value / control, target.pools[m.name].ratio_error(pool)
    return Estimate(value, error, n, floor, control, control_error, selectivity, spread, power=m.power)


def _relative(run: OrbitRun, key: Key) -> np.ndarray:
    scale = run.columns[key.as_statistic(SCALE)]
    return scale / scale.mean()


def _element_error(run: OrbitRun, m: OrbitMeasure, key: Key, scale: float) -> float | None:
    """The standard error that comes from which elements were drawn; None where they were not."""
    if run.elements is None or not run.elements.sampled:
        return None
    if key in run.pairs:
        return _error_over_pairs(run, m, key)
    sums = run.sums.get(key)
    return (
        None
        if sums is None
        else standard_error(sums.total[~np.isnan(sums.total)] / max(1, sums.images) / scale)
    )


def _error_over_pairs(run: OrbitRun, m: OrbitMeasure, key: Key) -> float | None:
    """The same for means over pairs, of which those of one element with itself may be left out."""
    assert run.elements is not None
    pairs = run.pairs[key].total
    total = float(run.columns[key].mean())
    elements = run.elements.elements[: len(pairs)]
    number = np.array([{g: i for i, g in enumerate(elements)}[g] for g in elements])
    counted = number[:, None] != number if m.different_pairs else ~np.eye(len(pairs), dtype=bool)
    mean = pairs[counted].mean()
    if not mean > 0:
        return 0.0
    n = len(pairs)
    error = pair_error(np.where(counted, pairs / mean - 1, 0.0))
    if error is None:
        return None
    return error * total * (n * (n - 1) / counted.sum()) * math.sqrt(n / run.elements.count)


def _orbit_row(run: OrbitRun, target: Target, m: OrbitMeasure) -> Row:
    errors = _errors(run, target, m)
    e, accuracy = errors.whole, run.accuracy()
    if not m.tests_symmetry:
        e = replace(e, floor=None, selectivity=None, selectivity_standard_error=None)
    turn = abs(m.slope(e.value)) if not math.isnan(e.value) else 1.0
    turned = lambda value: None if value is None else value * turn
    valued = lambda error: None if error is None else m.value(error)
    low, high = sorted((valued(q) for q in (e.quantile_05, e.quantile_95)), key=lambda v: (v is None, v))
    return Row(
        measure=m.name, symmetry=run.group.name, output=target.output.name, layer=target.output.layer,
        value=m.value(e.value), standard_error=turned(errors.standard_error), n=e.n, floor=e.floor,
        control=valued(e.control), selectivity=e.selectivity, unit=m.unit(target.quantity), direction=m.direction,
        definition=run.domain.definition, verdict=e.verdict if m.tests_symmetry else "no test",
        control_standard_error=None if e.control is None or e.control_standard_error is None
        else e.control_standard_error * abs(m.slope(e.control)),
        selectivity_standard_error=e.selectivity_standard_error, median=valued(e.median), quantile_05=low,
        quantile_95=high, top_share=e.top_share, accuracy=accuracy["top1"] if accuracy else None,
        error=e.value, control_error=e.control, element_standard_error=turned(errors.element_error),
        worst=valued(errors.maximum), constant=run.constants.get(target.key(m)),
        elements=run.elements.count if run.elements else None,
        worst_element=_worst_element(run, target), power=m.power,
    )  # fmt: skip
