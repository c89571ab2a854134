"""Numbers that know how far they can be trusted: a mean with its error, floor and control."""

import math
from dataclasses import dataclass

import numpy as np

RESOLVED_FLOORS = 3.0  # an amplitude below this many floors is not resolved
RESOLVED_SQUARES = 10.0  # and a square below this many: three in amplitude


@dataclass(frozen=True)
class Estimate:
    """A mean over images and what stands beside it. None means that it could not be had (one image, no control).

    `floor` is what the measurement itself adds; `control` the same statistic along directions of the same size
    that are no symmetry; `selectivity` = value / control (1: nothing learned, 0: symmetric). `top_share` is the
    part of the total carried by the 5 % of images with the largest values. `power` is that of an amplitude that the
    value is made of: 2 for squares, which stand clear of the floor later.
    """

    value: float
    standard_error: float | None
    n: int
    floor: float | None = None
    control: float | None = None
    control_standard_error: float | None = None
    selectivity: float | None = None
    selectivity_standard_error: float | None = None
    median: float | None = None
    quantile_05: float | None = None
    quantile_95: float | None = None
    top_share: float | None = None
    power: int = 1

    @property
    def resolved(self) -> bool:
        """Whether the value is positive and stands clear of the floor."""
        return self.value > 0 and resolved(self.value, self.floor, self.power)

    @property
    def verdict(self) -> str:
        """One or two words on the selectivity s and its interval of two standard errors.

        `learned`: below 0.5. `partly`: below 1. `not learned`: reaches 1 and stays above 0.5. `unclear`: reaches
        from below 0.5 to 1, so more images are needed. Else `not resolved`, or `no control`.
        """
        if not self.resolved:
            return "not resolved"
        if self.selectivity is None:
            return "no control"
        margin = 2 * (self.selectivity_standard_error or 0.0)
        low, high = self.selectivity - margin, self.selectivity + margin
        if high < 1:
            return "learned" if high < 0.5 else "partly"
        return "unclear" if low < 0.5 else "not learned"


def resolved(value: float, floor: float | None, power: int = 1) -> bool:
    """Whether a value of either sign stands clear of the floor: 3 floors for amplitudes, 10 for squares.

    A floor of None hides nothing.

    >>> resolved(-4.0, 1.0), resolved(4.0, 1.0, power=2)
    (True, False)
    """
    return floor is None or abs(value) >= (RESOLVED_FLOORS if power == 1 else RESOLVED_SQUARES) * floor


def estimate(
    values: np.ndarray, controls: np.ndarray | None = None, floor: float | None = None, power: int = 1
) -> Estimate:
    """Mean, standard error and spread of per-image values (N,), with the ratio to their controls (N,).

    The selectivity's standard error is that of a ratio of means of paired values (delta method). Values must be
    finite. ValueError when there are none.

    >>> e = estimate(np.array([1.0, 3.0]), np.array([2.0, 6.0]))
    >>> e.value, e.standard_error, e.selectivity, e.selectivity_standard_error
    (2.0, 1.0, 0.5, 0.0)
    """
    values = np.asarray(values, np.float64)
    n = len(values)
    if n == 0:
        raise ValueError("no values to estimate from")
    value = float(values.mean())
    low, median, high = (float(q) for q in np.quantile(values, [0.05, 0.5, 0.95]))
    control = None if controls is None else float(np.mean(controls))
    selectivity = selectivity_error = None
    if controls is not None and control:
        selectivity = value / control
        error = standard_error(values - selectivity * controls)
        selectivity_error = None if error is None else error / control
    return Estimate(
        value=value,
        standard_error=standard_error(values),
        n=n,
        floor=floor,
        control=control,
        control_standard_error=None if controls is None else standard_error(controls),
        selectivity=selectivity,
        selectivity_standard_error=selectivity_error,
        median=median,
        quantile_05=low,
        quantile_95=high,
        top_share=_top_share(values),
        power=power,
    )


def standard_error(values: np.ndarray) -> float | None:
    """Standard error of the mean over images, s / sqrt(n); None for a single one.

    >>> standard_error(np.array([1.0, 3.0]))
    1.0
    """
    n = len(values)
    return None if n < 2 else float(np.std(values, ddof=1)) / math.sqrt(n)


def pair_error(pairs: np.ndarray) -> float | None:
    """Standard error of the mean of h(i, j) over pairs i != j of N independent draws; h is (N, N), symmetric.

    With h(i, j) = m + a_i + a_j + b_ij, of variances A and B, the mean has the variance 4 A / N + 2 B / (N (N - 1)). B
    comes from what the means of rows leave, with N (N - 3) / 2 degrees of freedom, A from the spread of those means.
    A is not let below 0, so that where pairs are all that matters the error is too large, by half at most in trials.
    None for fewer than 4 draws, where the two cannot be told apart. Source: Hoeffding 1948, components as in a diallel
    cross.

    >>> noise = np.random.default_rng(0).normal(size=(50, 50))
    >>> bool(0.8 < pair_error(noise + noise.T) / (2 / 50) < 1.2)
    True
    """
    n = len(pairs)
    if n < 4:
        return None
    off = ~np.eye(n, dtype=bool)
    rows = np.where(off, pairs, 0.0).sum(1) / (n - 1)
    mean = rows.mean()
    own = (rows - mean) * (n - 1) / (n - 2)
    left = np.where(off, pairs - mean - own[:, None] - own, 0.0)
    together = float((left**2).sum() / 2) / (n * (n - 3) / 2)
    alone = max(0.0, float((own**2).sum()) / (n - 1) - together / (n - 2))
    return math.sqrt(4 * alone / n + 2 * together / (n * (n - 1)))


def _top_share(values: np.ndarray) -> float | None:
    total = float(values.sum())
    top = np.sort(values)[-max(1, len(values) // 20) :]
    return float(top.sum()) / total if total > 0 else None
