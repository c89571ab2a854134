"""Intervals that hold: of means of heavy-tailed values, of ratios of means, and of paired ratios.

Values of single images have long tails: after a softmax 1 % of them may hold a third of the sum, and there two standard
errors hold the truth in 62 to 90 % of draws. What is used here was chosen by its coverage; `studies/instrument.py`
measures that.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import add, mul

import numpy as np

from symmeter.results import bootstrap
from symmeter.results.bootstrap import FEWEST, spread, too_long_a_tail

CONFIDENCE = 0.95
MOST_DROPPED = 0.1  # of the pairs, above which a ratio is one of means


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`: infinite where the values set no bound; None, with a `remark`, where there is none."""

    low: float | None = None
    high: float | None = None
    remark: str = ""

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends, infinite where there is none."""
        return ends_of(self.low, self.high) or (-math.inf, math.inf)

    def through(self, function: Callable[[float], float]) -> "Interval":
        """The interval of a monotone function of the quantity."""
        if self.low is None or self.high is None:
            return self
        low, high = sorted((function(self.low), function(self.high)))
        return Interval(low, high, self.remark)

    def moved(self, by: float) -> "Interval":
        """The same around another point."""
        return self.through(partial(add, by))

    def times(self, factor: float) -> "Interval":
        """The interval of so many times the quantity."""
        return self.through(partial(mul, factor))

    def within(self, least: float, most: float = math.inf) -> "Interval":
        """With no end outside of what the quantity can be."""
        return self.through(lambda end: min(max(end, least), most))

    def widened(self, centre: float, factor: float) -> "Interval":
        """With ends that are so many times as far from its centre."""
        return self.through(lambda end: centre + (end - centre) * factor)


def ends_of(low: float | None, high: float | None) -> tuple[float, float] | None:
    """The ends that a row holds, infinite where the values set no such bound; None for no interval.

    >>> ends_of(0.5, None), ends_of(None, None)
    ((0.5, inf), None)
    """
    if low is None and high is None:
        return None
    return -math.inf if low is None else low, math.inf if high is None else high


@dataclass(frozen=True)
class Ratio:
    """How many times one quantity is another, image by image, with its interval and the two-sided p value for 1.

    `pairs` were used; the others had a value that was 0 or not finite. `method`: `paired` for the geometric mean of
    ratios, `means` for the ratio of means.
    """

    value: float
    interval: Interval
    pairs: int
    p: float | None = None
    method: str = "paired"

    @property
    def below_one(self) -> bool:
        """Whether all of the interval is."""
        return self.interval.ends[1] < 1

    @property
    def above_one(self) -> bool:
        """Whether all of the interval is."""
        return self.interval.ends[0] > 1


def of_mean(values: np.ndarray, confidence: float = CONFIDENCE, *, seed: int = 0) -> Interval:
    """The interval of the mean of independent values (n,), by the studentised bootstrap (bootstrap-t).

    With t* = (mean* - mean) / se* over resamples of the values, from mean - t*_high se to mean - t*_low se. Seeded.
    Values of at least 0 whose tail is too long for their number have no upper bound, and a remark.
    Source: Efron and Tibshirani 1993, chapter 12.5.

    >>> values = np.random.default_rng(1).lognormal(size=64)  # of mean exp(1/2) = 1.65
    >>> interval = of_mean(values)
    >>> bool(interval.low < 1.65 < interval.high), of_mean(np.ones(9)).remark
    (True, 'all 9 values are equal')
    """
    return of_means(np.asarray(values)[:, None], confidence, seed=seed)[0]


def of_means(values: np.ndarray, confidence: float = CONFIDENCE, *, seed: int = 0) -> list[Interval]:
    """What `of_mean` is of every column (n, E), in a fraction of the time: they share their resamples.

    >>> values = np.random.default_rng(1).lognormal(size=(64, 2))
    >>> math.isclose(of_means(values)[0].high, of_mean(values[:, 0]).high), of_means(np.ones((9, 1)))[0].remark
    (True, 'all 9 values are equal')
    """
    columns = np.ascontiguousarray(np.asarray(values, np.float64).T)
    remarks = list(map(remark_on, columns))
    told = [column for column, remark in zip(columns, remarks, strict=True) if not remark]
    ends = iter(bootstrap.of_means(np.stack(told, 1), confidence, seed) if told else ())
    found = [Interval(remark=remark) if remark else Interval(*next(ends)) for remark in remarks]
    return list(map(_of_column, found, columns))


def _of_column(about: Interval, values: np.ndarray) -> Interval:
    """The interval of the mean of values (n,), from that about the mean."""
    return about if about.remark else with_tail(about.moved(float(values.mean())), values)


def with_tail(interval: Interval, values: np.ndarray) -> Interval:
    """The interval of a mean of values (n,), or of that over another: where none is below 0, what their tail allows."""
    if interval.remark or values.min() < 0:
        return interval
    interval = interval.within(0.0)
    if not too_long_a_tail(values):
        return interval
    return Interval(
        interval.low, math.inf, f"the tail is too long for {len(values)} values to set an upper bound"
    )


def of_ratio_of_means(
    values: np.ndarray, divisors: np.ndarray, confidence: float = CONFIDENCE, *, seed: int = 0
) -> Interval:
    """The interval of mean(values) / mean(divisors), both (n,) and of the same images, by the studentised bootstrap.

    The standard error of a resample is that of the delta method: of the mean of v - r d, in units of mean(d).

    >>> d = np.random.default_rng(1).lognormal(size=64)
    >>> of_ratio_of_means(d / 2, d).remark
    'the ratio is the same for every value'
    """
    values, divisors = np.asarray(values, np.float64), np.asarray(divisors, np.float64)
    divisor = _mean(divisors)
    if divisor and not np.ptp(divisors):
        return of_mean(values, confidence, seed=seed).times(1 / divisor)
    remark = remark_on(divisors)
    if remark or not divisor:
        return Interval(remark=remark or "the divisor is 0")
    ratio = float(values.mean()) / divisor
    left = values - ratio * divisors
    if spread(left) <= 1e-12 * abs(ratio * divisor):
        return Interval(remark="the ratio is the same for every value")
    return (
        Interval(*bootstrap.of_ratio(left, divisors / divisor, confidence, seed))
        .times(1 / divisor)
        .moved(ratio)
    )


def of_ratios(
    values: np.ndarray, divisors: np.ndarray, confidence: float = CONFIDENCE, *, beyond: float = 0.0
) -> Ratio | None:
    """The geometric mean of the paired ratios values / divisors, both (n,), with Student's interval on their logs.

    What makes all responses of an image large, such as an unsure softmax, cancels in its ratio. Pairs with a 0 or what
    is not finite say nothing by their logarithm and are dropped, with a count. Where these are more than a tenth, as
    for measures that are often exactly 0, it is the ratio of means, with its studentised bootstrap. None without a
    divisor. `beyond` is the standard deviation of the logarithm that comes from elsewhere than the choice of images,
    and is the same for all of them: interval and p value hold it too.

    >>> ratio = of_ratios(np.array([1.0, 4.0, 2.0, 0.0]), np.array([2.0, 8.0, 4.0, 0.0]))
    >>> ratio.value, ratio.pairs
    (0.5, 3)
    """
    values, divisors = np.asarray(values, np.float64), np.asarray(divisors, np.float64)
    finite = np.isfinite(values) & np.isfinite(divisors)
    alive = finite & ((values != 0) | (divisors != 0))  # 0 / 0 says nothing of either kind of ratio
    used = finite & (values > 0) & (divisors > 0)
    if (alive & ~used).sum() > MOST_DROPPED * alive.sum():
        return _of_means(values[finite], divisors[finite], confidence, beyond)
    if not used.any():
        return None
    logs = np.log(values[used]) - np.log(divisors[used])
    interval, p = student(logs, confidence, beyond)
    return Ratio(float(np.exp(logs.mean())), interval.through(_exponential), len(logs), p)


def of_jackknife(value: float, error: float | None, blocks: int, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a positive value with the standard error of a jackknife over so many blocks, on the log scale."""
    from scipy.special import stdtrit

    if error is None:
        return Interval(remark="the value has no standard error")
    if not value > 0:
        return Interval(remark="the value is not above 0")
    half = float(stdtrit(blocks - 1, (1 + confidence) / 2)) * error / value
    return Interval(value * math.exp(-half), value * math.exp(half))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p values corrected for their number by Holm's method, which scipy lacks, in their order; None stays None.

    Source: Holm 1979. The smallest is multiplied by how many there are, the next by one less, and none falls below the
    one before.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, i) in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p))
        corrected[i] = least
    return corrected


def _mean(values: np.ndarray) -> float:
    """The mean of values (n,); 0 of none."""
    return float(values.sum()) / max(len(values), 1)


def _exponential(log: float) -> float:
    """exp without an overflow error."""
    return float(np.exp(min(log, 700.0)))


def _of_means(values: np.ndarray, divisors: np.ndarray, confidence: float, beyond: float) -> Ratio | None:
    """The ratio of means, with the p value of its distance from 1 in standard errors."""
    divisor = _mean(divisors)
    if not divisor:
        return None
    ratio = float(values.mean()) / divisor
    interval = _with_chance_beyond(of_ratio_of_means(values, divisors, confidence), ratio, beyond, confidence)
    interval = interval.within(0.0)
    _, p = student(values - divisors, confidence, beyond * ratio * divisor)
    return Ratio(ratio, interval, len(values), p, "means")


def _with_chance_beyond(interval: Interval, ratio: float, beyond: float, confidence: float) -> Interval:
    """The interval of a ratio, with further chance of this standard deviation of its logarithm added in squares."""
    from scipy.special import ndtri

    if interval.low is None or interval.high is None or not beyond:
        return interval
    more = float(ndtri((1 + confidence) / 2)) * beyond * ratio
    low, high = (math.hypot(end - ratio, more) for end in (interval.low, interval.high))
    return Interval(ratio - low, ratio + high, interval.remark)


def student(values: np.ndarray, confidence: float, beyond: float = 0.0) -> tuple[Interval, float | None]:
    """Student's interval of the mean of values (n,), and the two-sided p value of a mean of 0.

    `beyond` is the standard deviation of a normal shift of all of them, added in squares, which
    `scipy.stats.ttest_1samp` does not know.
    """
    from scipy.special import ndtri, stdtr, stdtrit  # slow to import, and not needed to show help

    if len(values) < FEWEST:
        return Interval(remark=remark_on(values)), None
    mean, error, degrees = float(values.mean()), spread(values) / math.sqrt(len(values)), len(values) - 1
    more = float(ndtri((1 + confidence) / 2)) * beyond
    half = math.hypot(float(stdtrit(degrees, (1 + confidence) / 2)) * error, more)
    error = math.hypot(error, beyond)
    t = math.inf if not error and mean else abs(mean) / (error or 1.0)
    return Interval(mean - half, mean + half), float(2 * stdtr(degrees, -t))


def remark_on(values: np.ndarray) -> str:
    """Why these values have no interval; nothing where they have one."""
    if len(values) < FEWEST:
        return f"{len(values)} values are too few"
    if not np.isfinite(values).all():
        return "not all values are finite"
    return f"all {len(values)} values are equal" if (values == values[0]).all() else ""
