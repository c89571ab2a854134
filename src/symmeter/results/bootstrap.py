"""The studentised bootstrap of means and of ratios of means, and tails that it cannot see."""

import math
from functools import lru_cache

import numpy as np

FEWEST = 3  # values that an interval needs
_RESAMPLES = 1999
_ENTRIES = 8_000_000  # of the table of resamples, above which there are fewer of them
_FEW_RESAMPLES = 499
# On the side of the long tail the studentised bootstrap of 16 to 64 values misses the truth in 4 to 7 draws of 100 and
# not in 2.5; that side is taken at 1 %.
_LONG_TAIL = 0.4
# Of ratios of means, as shares of layers are, either side may be the long one: both are taken at .25 %.
_EITHER_TAIL = 0.1
# A sample that has not seen the tail does not know of it. Where a lognormal tail as long as that of the values would
# leave the mean a relative variance above this, fewer values than _ENOUGH set no upper bound to it.
_MOST_VARIANCE = 1 / 3
_ENOUGH = 256


def of_means(values: np.ndarray, confidence: float, seed: int) -> list[tuple[float, float]]:
    """The ends of the bootstrap-t intervals of the means of columns (n, E), each about its mean.

    All columns have the same resamples, and none is of equal values.
    """
    n, off = len(values), values - values.mean(0)
    scale = np.std(off, axis=0, ddof=1)
    off = off / scale
    sums = resamples(n, seed) @ np.hstack([off, off**2])
    means, squares = np.hsplit(sums / n, 2)
    t = _studentised(means, squares - means**2, n)
    tail = (1 - confidence) / 2
    skewed = (off**3).mean(0) > 0
    low_tails = np.where(skewed, tail, _LONG_TAIL * tail)
    high_tails = np.where(skewed, _LONG_TAIL * tail, tail)
    return list(map(_ends, t.T, scale / math.sqrt(n), low_tails, high_tails))


def of_ratio(left: np.ndarray, divisors: np.ndarray, confidence: float, seed: int) -> tuple[float, float]:
    """The ends of the bootstrap-t interval of a ratio r of two means about r.

    From `divisors` (n,) of mean 1, and what the ratio leaves of the values, v - r d, (n,).
    """
    n, off = len(left), left - left.mean()
    scale = spread(off)
    off = off / scale
    counts = resamples(n, seed)
    means = counts @ off / n
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample may be of divisors of 0
        squares = _squares(counts, off, means, divisors)
    tail = (1 - confidence) / 2 * _EITHER_TAIL
    return _ends(_studentised(means, squares, n), scale / math.sqrt(n), tail, tail)


def _studentised(means: np.ndarray, squares: np.ndarray, n: int) -> np.ndarray:
    """t* from the means and mean squared differences of resamples of n values; any shape."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample may be of one value
        return means / np.sqrt(np.maximum(squares, 0) / (n - 1))


def _ends(t: np.ndarray, error: float, low_tail: float, high_tail: float) -> tuple[float, float]:
    """The ends from t* of resamples (B,), the standard error, and the chance to miss the truth on either side."""
    highest, lowest = _quantile(t, 1 - low_tail, np.inf), _quantile(t, high_tail, -np.inf)
    return float(-highest * error), float(-lowest * error)


def too_long_a_tail(values: np.ndarray) -> bool:
    """Whether so few values (n,) >= 0 have a tail above their median that can hide most of the mean."""
    positive = values[values > 0]
    if len(values) >= _ENOUGH or len(positive) < FEWEST:
        return False
    logs = np.log(positive) - np.log(np.median(positive))
    variance = float((logs[logs >= 0] ** 2).mean())  # of a lognormal with such an upper half
    return math.expm1(min(variance, 100.0)) / len(values) > _MOST_VARIANCE


def _squares(counts: np.ndarray, off: np.ndarray, means: np.ndarray, divisors: np.ndarray) -> np.ndarray:
    """(B,): the mean square by which the values of each resample differ from their own ratio."""
    mean_of = lambda values: counts @ values / counts.shape[1]
    drift = means / mean_of(divisors)  # r* - r, in v - r* d
    return mean_of(off**2) - 2 * drift * mean_of(off * divisors) + drift**2 * mean_of(divisors**2)


def _quantile(t: np.ndarray, at: float, unknown: float) -> float:
    """That of values (B,) at this share of them, nothing between; what is not a number counts as `unknown`."""
    ordered = np.sort(np.where(np.isnan(t), unknown, t))
    return float(ordered[min(len(ordered) - 1, max(0, round(at * (len(ordered) + 1)) - 1))])


@lru_cache(maxsize=2)
def resamples(n: int, seed: int = 0) -> np.ndarray:
    """How often each of n values is in each of B samples with replacement: (B, n) float32, the same for all rows."""
    count = max(_FEW_RESAMPLES, min(_RESAMPLES, _ENTRIES // n))
    random = np.random.default_rng(seed)
    drawn = random.integers(0, n, (count, n), dtype=np.int32) + n * np.arange(count, dtype=np.int64)[:, None]
    return np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float32)


def spread(values: np.ndarray) -> float:
    """The standard deviation of values (n,)."""
    return float(np.std(values, ddof=1))
