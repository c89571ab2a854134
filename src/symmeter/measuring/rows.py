"""From the columns of a run to rows: one estimate per measure, symmetry and output."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from symmeter.measures.measure import DerivativeMeasure, OrbitMeasure
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.orbit_errors import count_of, mean_scale, orbit_errors
from symmeter.measuring.targets import ElementSums, OrbitTarget, Target
from symmeter.results.columns import BOUNDARY, Key
from symmeter.results.estimate import bounded, columns_of_interval, estimate
from symmeter.results.intervals import Interval, of_means
from symmeter.results.nodes import NodeErrors
from symmeter.results.row import ElementRow, Row
from symmeter.results.shares import of_mean_share
from symmeter.results.verdict import NO_TEST
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element

_NONE: Mapping[int, Interval] = MappingProxyType({})


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
    top1 = accuracy["top1"] if accuracy else None
    values = run.columns[key]
    floor = run.floor(key, float(values.mean()))
    e = estimate(
        values,
        run.columns.controls(key),
        floor,
        m.power,
        run.seed,
        run.until.confidence,
        run.domain.between_networks,
    )
    border = run.columns.get(key.as_statistic(BOUNDARY))
    share = None
    if border is not None and values.sum():
        share = float(border.sum() / values.sum())
    return Row(
        measure=m.name,
        symmetry=generator.name,
        output=target.output.label,
        layer=target.output.layer,
        unit=m.unit(target.quantity, generator),
        direction=m.direction,
        definition=run.domain.definition,
        boundary_share=share,
        accuracy=top1,
        column=str(key),
        **e.columns(),
    )


def orbit_rows(run: OrbitRun) -> list[Row]:
    """One row per measure and output."""
    accuracy = run.accuracy()
    top1 = accuracy["top1"] if accuracy else None
    return [_orbit_row(run, target, m, top1) for target in run.targets for m in target.measures]


def _orbit_row(run: OrbitRun, target: OrbitTarget, m: OrbitMeasure, top1: float | None) -> Row:
    errors = orbit_errors(run, target, m)
    e = errors.over_samples
    if not m.tests_symmetry:
        e = replace(e, floor=None, stability=None, ratio_of_means=None, ratio_of_means_standard_error=None)
    value, spread = _valued(m), _spread(m, e.value)
    control_spread = None if e.control is None else _spread(m, e.control)(e.control_standard_error)
    low, high = sorted((value(e.quantile_05), value(e.quantile_95)), key=lambda v: (v is None, v))
    own = e.columns() | {
        "value": m.value(e.value),
        "standard_error": spread(errors.standard_error),
        "control": value(e.control),
        "control_standard_error": control_spread,
        "median": value(e.median),
        "typical": value(e.typical),
        "quantile_05": low,
        "quantile_95": high,
        **columns_of_interval("interval", e.interval.through(m.value)),
    }
    if not m.tests_symmetry:
        own["verdict"] = NO_TEST
    errors_apart = {"error": e.value, "control_error": e.control}
    if m.amplitude:
        own |= {"floor": value(e.floor), "power": 1}
        errors_apart = {}
    return Row(
        measure=m.name,
        symmetry=run.group.name,
        output=target.output.label,
        layer=target.output.layer,
        unit=m.unit(target.quantity),
        direction=m.direction,
        definition=run.domain.definition,
        accuracy=top1,
        **errors_apart,
        element_standard_error=spread(errors.element_error),
        worst=value(errors.maximum),
        constant=run.constants.get(target.key(m)),
        elements=run.elements.count,
        worst_element=_worst_element(run, target),
        worst_by=target.shown.name,
        column=str(target.key(m)) if target.key(m) in run.columns else None,
        **own,
    )


def _valued(m: OrbitMeasure) -> Callable[[float | None], float | None]:
    """From an error to the number that is reported."""
    return lambda error: None if error is None else m.value(error)


def _spread(m: OrbitMeasure, at: float) -> Callable[[float | None], float | None]:
    """From the standard error of an error to that of the number that is reported."""
    slope = 1.0 if math.isnan(at) else abs(m.slope(at))
    return lambda error: None if error is None else error * slope


def element_rows(run: OrbitRun) -> list[ElementRow]:
    """One row per output and element: its `relative_error` against f(x), 0 at the identity, whatever was asked for.

    Of what is not compared entry by entry, such as boxes, it is the mean error of that kind.

    And one for each measure that compares with f(x); what compares with a mean over the orbit says nothing of a single
    element: it is largest for the one furthest from the mean, be that the identity.
    """
    rows = []
    for target in run.targets:
        shown: dict[Key, OrbitMeasure] = {target.by_element: target.shown}
        for m in target.measures:
            if m.name != target.shown.name and not (m.needs_mean and target.average):
                shown[target.key(m)] = m
        for key, m in shown.items():
            rows += _rows_by_element(run, target, m, key, _intervals_by_element(run, m, key))
    return rows


def _intervals_by_element(run: OrbitRun, m: OrbitMeasure, key: Key) -> dict[int, Interval]:
    """Of elements on a curve, by their numbers: from their errors on single samples, the scale taken as known."""
    sums = _sums(run, key)
    if sums is None or not sums.errors:
        return {}
    errors = np.stack([np.concatenate(chunks) for chunks in sums.errors.values()], 1) / mean_scale(run, key)
    count, confidence = count_of(run, key, len(errors)), run.until.confidence
    means = of_means(errors, confidence, seed=run.seed)
    if m.share:
        of_all = zip(means, errors.mean(0), strict=True)
        means = [one if one.remark else of_mean_share(one, mean, count, confidence) for one, mean in of_all]
    found = [Interval() if one.remark else one.through(m.value) for one in means]
    return dict(zip(sums.errors, found, strict=True))


def _sums(run: OrbitRun, key: Key) -> ElementSums | None:
    """What is known of single elements; None where nothing is, or samples had different ones."""
    sums = run.sums.get(key) if run.orbits.same_elements else None
    return sums if sums is not None and sums.samples else None


def _rows_by_element(
    run: OrbitRun, target: OrbitTarget, m: OrbitMeasure, key: Key, intervals: Mapping[int, Interval] = _NONE
) -> list[ElementRow]:
    sums = _sums(run, key)
    if sums is None:
        return []
    rows, scale = [], mean_scale(run, key)
    pairs = zip(run.elements.elements, sums.total, sums.squares, strict=True)
    for position, (g, total, squares) in enumerate(pairs):
        if math.isnan(total):
            continue
        mean, error = float(total) / sums.samples, None
        if sums.samples > 1 and math.isfinite(mean):
            variance = max(0.0, float(squares) / sums.samples - mean**2) / (sums.samples - 1)
            error = math.sqrt(variance) * abs(m.slope(mean / scale)) / scale
        interval = intervals.get(position, Interval())
        rows.append(
            ElementRow(
                measure=m.name,
                symmetry=run.group.name,
                output=target.output.label,
                layer=target.output.layer,
                element=g.name,
                parameter=g.parameter,
                value=float(m.value(mean / scale)),
                standard_error=error,
                n=sums.samples,
                parameter_unit=g.parameter_unit,
                floor=run.probes.floors.of_element(key, position) if m is target.shown else None,
                interval_low=bounded(interval.low),
                interval_high=bounded(interval.high),
                **_turn(g),
            )
        )
    return rows


def _turn(g: Element) -> dict[str, Any]:
    """What the row of an element says of how it turns space."""
    if (turning := g.turning) is None:
        return {}
    return {"turn_x": turning.x, "turn_y": turning.y, "turn_z": turning.z, "parity": turning.parity}


def node_errors(run: OrbitRun) -> list[NodeErrors]:
    """What single nodes have, for every measure and output that says something of them."""
    found = []
    for target in run.targets:
        for m in target.measures:
            nodes = run.nodes.get(target.key(m))
            if nodes is not None:
                labels = (m.name, run.group.name, target.output.name, m.unit(target.quantity))
                found.append(nodes.errors(labels, m.value))
    return found


def _worst_element(run: OrbitRun, target: OrbitTarget) -> str | None:
    """That with the largest error of those that are shown; None where none has any."""
    rows = _rows_by_element(run, target, target.shown, target.by_element)
    worst = max(rows, key=lambda row: row.value, default=None)
    return worst.element if worst is not None and worst.value > 0 else None
