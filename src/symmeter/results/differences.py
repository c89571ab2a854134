"""Differences of two networks over the same images: of means, and of ratios of means, with intervals that hold.

What makes an image hard for both cancels in its difference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symmeter.results import bootstrap
from symmeter.results.bootstrap import spread, too_long_a_tail
from symmeter.results.intervals import CONFIDENCE, Interval, remark_on, student

_NOTHING = 1e-12  # of the ratios: what is left of values that are so many times their divisors, each of them
_NO_BOUND = "the tail is too long for {} values to set both bounds"


@dataclass(frozen=True)
class PairedDifference:
    """A mean difference with its interval and the two-sided p value for 0; None where all values are 0."""

    value: float
    interval: Interval
    p: float | None = None


def of_differences(
    values: np.ndarray, references: np.ndarray, confidence: float = CONFIDENCE, *, seed: int = 0
) -> list[PairedDifference]:
    """The mean of values - references of every column (n, E), image by image, by the studentised bootstrap.

    All columns share their resamples, and what is found of references - values is the mirror image of it. A side on
    which the tail of the differences is too long for their number has no bound. p is that of Student's test.

    >>> hard = np.random.default_rng(1).lognormal(size=(64, 1))
    >>> (one,) = of_differences(2 * hard, hard)
    >>> bool(one.interval.low < 1.65 < one.interval.high), one.p < 0.001
    (True, True)
    """
    found = np.asarray(values, np.float64) - np.asarray(references, np.float64)
    remarks = list(map(remark_on, found.T))
    told = [number for number, remark in enumerate(remarks) if not remark]
    about = dict(zip(told, bootstrap.of_signed_means(found[:, told], confidence, seed), strict=True))
    intervals = [
        _interval(column, about[number]) if number in about else Interval(remark=remarks[number])
        for number, column in enumerate(found.T)
    ]
    return [
        PairedDifference(
            float(column.mean()), interval, student(column, confidence)[1] if column.any() else None
        )
        for column, interval in zip(found.T, intervals, strict=True)
    ]


def _interval(values: np.ndarray, about: tuple[float, float]) -> Interval:
    """That of the mean of values (n,) of both signs, from its ends about the mean."""
    mean = float(values.mean())
    low = -math.inf if too_long_a_tail(-values) else mean + about[0]
    high = math.inf if too_long_a_tail(values) else mean + about[1]
    return Interval(low, high, "" if math.isfinite(high - low) else _NO_BOUND.format(len(values)))


def of_ratio_difference(
    values: Sequence[np.ndarray],
    divisors: Sequence[np.ndarray],
    confidence: float = CONFIDENCE,
    *,
    seed: int = 0,
) -> PairedDifference | None:
    """How much larger mean(v_1) / mean(d_1) is than mean(v_0) / mean(d_0), all (n,) and of the same images.

    By the studentised bootstrap, the standard error of a resample by the delta method. None where a divisor is 0.

    >>> d = np.random.default_rng(1).lognormal(size=64)
    >>> more = of_ratio_difference((d / 4, d / 2), (d, d))
    >>> more.value, more.interval.remark
    (0.25, 'both ratios are the same for every value')
    """
    own, scales = np.array(values, np.float64).T, np.array(divisors, np.float64).T
    means = scales.mean(0)
    if not means.all():
        return None
    ratios = own.mean(0) / means
    value, remark = float(ratios[1] - ratios[0]), remark_on(scales.sum(1))
    left = (own - ratios * scales) / means
    if not remark and spread(left[:, 1] - left[:, 0]) <= _NOTHING * np.abs(ratios).max():
        remark = "both ratios are the same for every value"
    if remark:
        return PairedDifference(value, Interval(remark=remark))
    ends = bootstrap.of_ratio_difference(left, scales / means, confidence, seed)
    return PairedDifference(value, Interval(*ends).moved(value))
