"""From the columns of a run over a group to the error of each measure, with what is known of its chance."""

import math
from dataclasses import dataclass, replace

import numpy as np

from symmeter.measures.measure import OrbitMeasure
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.targets import OrbitTarget
from symmeter.results.columns import MAXIMUM, SCALE, Key
from symmeter.results.coset_errors import Cosets
from symmeter.results.estimate import Estimate, estimate
from symmeter.results.intervals import Interval, Ratio, of_jackknife, of_ratio_of_means, with_tail
from symmeter.results.shares import effective_size, of_mean_share
from symmeter.results.standard_errors import pair_error, ratio_error, standard_error


@dataclass(frozen=True)
class OrbitErrors:
    """A measure's error over samples, the standard error that comes from the choice of elements, and the largest."""

    over_samples: Estimate
    element_error: float | None = None
    maximum: float | None = None

    @property
    def standard_error(self) -> float | None:
        """Over samples, and over elements where they were drawn; the two sources of chance are independent."""
        if self.over_samples.standard_error is None:
            return self.element_error
        return math.hypot(self.over_samples.standard_error, self.element_error or 0.0)

    def with_both_kinds_of_chance(self) -> "OrbitErrors":
        """With an interval that is wider by as much as the standard error is, where elements were drawn."""
        own = self.over_samples
        if not self.element_error or not own.standard_error:
            return self
        factor = math.hypot(own.standard_error, self.element_error) / own.standard_error
        return self.with_interval(own.interval.widened(own.value, factor))

    def with_interval(self, interval: Interval) -> "OrbitErrors":
        """With another interval."""
        return replace(self, over_samples=replace(self.over_samples, interval=interval))


def orbit_errors(run: OrbitRun, target: OrbitTarget, measure: OrbitMeasure) -> OrbitErrors:
    """What a run has found of one measure of one output."""
    key = target.key(measure)
    if key not in run.columns:
        return OrbitErrors(_pooled(run, target, measure))
    scale = mean_scale(run, key)
    values = run.columns[key] / scale
    maxima = run.columns.get(key.as_statistic(MAXIMUM))
    maximum = None if maxima is None else float(maxima.max()) / scale
    if not np.isfinite(values).all():  # the run says so by name
        mean, without = float(values.mean()), Interval(remark="not all values are finite")
        floor = run.floor(key)
        found = Estimate(mean, None, len(values), without, floor, power=measure.power)
        return OrbitErrors(found, maximum=mean)
    whole = OrbitErrors(
        _over_samples(run, key, values, measure.power), _element_error(run, measure, key, scale), maximum
    )
    if not measure.share:
        return whole.with_both_kinds_of_chance()
    known = whole.over_samples
    shares = of_mean_share(known.interval, known.value, count_of(run, key, known.n), run.until.confidence)
    widened = whole.with_interval(shares).with_both_kinds_of_chance()
    return widened.with_interval(widened.over_samples.interval.within(0.0, 1.0))


def mean_scale(run: OrbitRun, key: Key) -> float:
    """By what the mean of a column is divided: NaN where that is 0, and 1 where the measure knows no scale."""
    scales = run.columns.get(key.as_statistic(SCALE))
    return 1.0 if scales is None else float(scales.mean()) or math.nan


def count_of(run: OrbitRun, key: Key, samples: int) -> float:
    """The effective number of so many samples: fewer where the things that shares are of are in some of them."""
    scales = run.columns.get(key.as_statistic(SCALE))
    return samples if scales is None else effective_size(scales)


def _over_samples(run: OrbitRun, key: Key, values: np.ndarray, power: int) -> Estimate:
    """The estimate from values (N,) that are divided by their scale, and the controls by theirs."""
    scale, floor = mean_scale(run, key), run.floor(key)
    controls = run.columns.controls(key)
    if any(np.isinf(control).any() for control in controls.values()):
        controls = {}
    controls = {name: control / mean_scale(run, key.as_control()) for name, control in controls.items()}
    found = estimate(
        values, controls, None if floor is None else floor / scale, power, run.seed, run.until.confidence
    )
    scales = run.columns.get(key.as_statistic(SCALE))
    if scales is None:
        return found
    own = run.columns[key]
    interval = of_ratio_of_means(own, scales, run.until.confidence, seed=run.seed)
    return replace(found, standard_error=ratio_error(own, scales), interval=with_tail(interval, own))


def _pooled(run: OrbitRun, target: OrbitTarget, measure: OrbitMeasure) -> Estimate:
    """Of a measure that is made of all samples together; with its control, where that is known of all of them."""
    own, floor = target.pools[measure.name], run.floor(target.key(measure))
    value, error, n = own.estimate() or (math.nan, None, 0)
    without = Estimate(
        value,
        error,
        n,
        of_jackknife(value, error, own.blocks, run.until.confidence),
        floor,
        power=measure.power,
    )
    pool = target.control_pools.get(measure.name)
    if pool is None or run.lacking:
        return without
    found = pool.estimate()
    if found is None:
        return without
    control, control_error, _ = found
    known = replace(without, control=control, control_standard_error=control_error)
    if not control:
        return known
    ratio, spread = value / control, own.ratio_error(pool)
    stability = Ratio(ratio, of_jackknife(ratio, spread, own.blocks, run.until.confidence), n, method="means")
    return replace(known, ratio_of_means=ratio, ratio_of_means_standard_error=spread, stability=stability)


def _element_error(run: OrbitRun, measure: OrbitMeasure, key: Key, scale: float) -> float | None:
    """The standard error that comes from which elements were drawn; None where they were not."""
    if not run.elements.sampled:
        return None
    if key in run.pairs:
        return _error_over_pairs(run, measure, key)
    sums = run.sums.get(key)
    if sums is None:
        return None
    known = sums.total[~np.isnan(sums.total)] / max(1, sums.samples) / scale
    if run.elements.replicates:
        return _cosets(run).error_of_mean(known)
    return standard_error(known)


def _cosets(run: OrbitRun) -> Cosets:
    return Cosets(run.elements.block, run.elements.part)


def _error_over_pairs(run: OrbitRun, measure: OrbitMeasure, key: Key) -> float | None:
    """The same for means over pairs (n, n), of which those of one element with itself may be left out."""
    pairs = run.pairs[key].total
    if run.elements.replicates:
        return _error_over_cosets(run, key, pairs)
    n = len(pairs)
    elements = run.elements.elements[:n]
    counted = ~np.eye(n, dtype=bool)
    if measure.different_pairs:
        number = {g: i for i, g in enumerate(elements)}
        numbers = np.array([number[g] for g in elements])
        counted = numbers[:, None] != numbers
    mean = pairs[counted].mean()
    if not mean > 0:
        return 0.0
    error = pair_error(np.where(counted, pairs / mean - 1, 0.0))
    if error is None:
        return None
    total = float(run.columns[key].mean())
    return error * total * (n * (n - 1) / counted.sum()) * math.sqrt(n / run.elements.count)


def _error_over_cosets(run: OrbitRun, key: Key, pairs: np.ndarray) -> float | None:
    """The same for cosets, from squared distances (n, n) between the first n elements."""
    block = run.elements.block
    count = len(pairs) // block * block
    error = _cosets(run).error_of_variance(pairs[:count, :count])
    if error is None:
        return None
    return error * float(run.columns[key].mean()) * math.sqrt(count / run.elements.count)
