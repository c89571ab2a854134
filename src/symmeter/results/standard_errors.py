"""Standard errors: of means, of ratios of means, and of means over pairs."""

import math

import numpy as np


def standard_error(values: np.ndarray) -> float | None:
    """Standard error of the mean of independent values (n,), s / sqrt(n); None for a single one.

    >>> standard_error(np.array([1.0, 3.0]))
    1.0
    """
    n = len(values)
    return None if n < 2 else float(np.std(values, ddof=1)) / math.sqrt(n)


def ratio_error(values: np.ndarray, divisors: np.ndarray) -> float | None:
    """Standard error of mean(values) / mean(divisors), both (n,), of pairs that belong to the same n images.

    By the delta method: the error of the mean of v - r d, in units of mean(d). None where mean(d) is 0, or n is 1.

    >>> ratio_error(np.array([1.0, 3.0]), np.array([2.0, 6.0]))
    0.0
    """
    divisor = float(np.mean(divisors))
    if not divisor:
        return None
    ratio = float(np.mean(values)) / divisor
    error = standard_error(values - ratio * divisors)
    return None if error is None else error / abs(divisor)


def independent_ratio_error(
    value: float, error: float | None, divisor: float, divisor_error: float | None
) -> float | None:
    """Standard error of value / divisor, two means of independent samples with standard errors of their own.

    By the delta method: relative errors add in squares. None where an error is not known, or either mean is 0.

    >>> independent_ratio_error(6.0, 1.5, 3.0, 0.0)
    0.5
    """
    if error is None or divisor_error is None or not value or not divisor:
        return None
    return value / divisor * math.hypot(error / abs(value), divisor_error / abs(divisor))


def pair_error(pairs: np.ndarray) -> float | None:
    """Standard error of the mean of h(i, j) over pairs i != j of n independent draws; h is (n, n), symmetric.

    With h(i, j) = m + a_i + a_j + b_ij, of variances A and B, the mean has the variance 4 A / n + 2 B / (n (n - 1)).
    B comes from what the means of rows leave, with n (n - 3) / 2 degrees of freedom, A from the spread of those means.
    A is not let below 0, so where pairs are all that matters the error is too large, by half at most in trials.
    None for fewer than 4 draws, where the two cannot be told apart. Source: Hoeffding 1948, components as in a diallel
    cross.

    >>> noise = np.random.default_rng(0).normal(size=(50, 50))
    >>> bool(0.8 < pair_error(noise + noise.T) / (2 / 50) < 1.2)
    True
    """
    n = len(pairs)
    if n < 4:
        return None
    different = ~np.eye(n, dtype=bool)
    row_means = np.where(different, pairs, 0.0).sum(1) / (n - 1)
    mean = row_means.mean()
    own = (row_means - mean) * (n - 1) / (n - 2)
    left = np.where(different, pairs - mean - own[:, None] - own, 0.0)
    variance_of_pairs = float((left**2).sum() / 2) / (n * (n - 3) / 2)
    variance_of_draws = max(0.0, float((own**2).sum()) / (n - 1) - variance_of_pairs / (n - 2))
    return math.sqrt(4 * variance_of_draws / n + 2 * variance_of_pairs / (n * (n - 1)))
