"""Intervals of shares, which lie between 0 and 1 whatever was drawn."""

import math

import numpy as np
from scipy.special import ndtri

from symmeter.results.bootstrap import FEWEST
from symmeter.results.intervals import CONFIDENCE, Interval


def wilson(share: float, count: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's interval of a share of so many, which holds where it is 0 or 1 too.

    By hand: scipy.stats, which has it, takes longer to import than many a measurement.

    >>> [round(end, 3) for end in wilson(1.0, 12)]
    [0.758, 1.0]
    """
    z = float(ndtri((1 + confidence) / 2))
    spread = z * z / count
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def effective_size(weights: np.ndarray) -> float:
    """How many samples of equal weight say as much as these, of weights (n,): (sum w)^2 / sum w^2; 0 of no weight.

    Source: Kish 1965, Survey sampling.

    >>> effective_size(np.array([2.0, 2.0, 0.0]))
    2.0
    """
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def of_mean_share(known: Interval, mean: float, count: float, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a mean of so many shares, from what the values say of it.

    No upper end is above Wilson's, as if each were 0 or 1: of all numbers between them with their mean these differ
    most. Where few are not 0 the bootstrap's end is far away, or there is none. Values that are equal have Wilson's.

    >>> round(of_mean_share(Interval(0.02, math.inf), 0.0625, 64).high, 3)
    0.15
    >>> round(of_mean_share(Interval(remark="all 64 values are equal"), 0.0, 64).high, 3)
    0.057
    """
    if count < FEWEST or not math.isfinite(mean):
        return known
    low, high = wilson(mean, count, confidence)
    if known.low is None or known.high is None:
        return Interval(low, high)
    return Interval(max(0.0, known.low), min(high, known.high))
