"""Standard errors against their spread over repeated draws."""

import numpy as np
import pytest

from symmeter.results.standard_errors import (
    independent_ratio_error,
    pair_error,
    ratio_error,
    standard_error,
)


def test_the_error_of_a_ratio_of_paired_means_is_its_spread():
    random = np.random.default_rng(0)
    shared = random.gamma(4.0, size=(2000, 60))
    values, divisors = (
        shared + random.gamma(2.0, size=shared.shape),
        2 * shared + random.gamma(2.0, size=shared.shape),
    )
    errors = [ratio_error(v, d) for v, d in zip(values, divisors, strict=True)]
    assert np.mean(errors) == pytest.approx(np.std(values.mean(1) / divisors.mean(1)), rel=0.05)


def test_the_error_of_a_ratio_of_independent_means_is_its_spread():
    random = np.random.default_rng(0)
    values, divisors = random.gamma(4.0, size=(2000, 60)), random.gamma(9.0, size=(2000, 40))
    errors = [
        independent_ratio_error(v.mean(), standard_error(v), d.mean(), standard_error(d))
        for v, d in zip(values, divisors, strict=True)
    ]
    assert np.mean(errors) == pytest.approx(np.std(values.mean(1) / divisors.mean(1)), rel=0.05)


def test_what_cannot_be_known_is_none():
    one = np.ones(1)
    assert standard_error(one) is None and ratio_error(one, one) is None
    assert ratio_error(np.ones(3), np.zeros(3)) is None
    assert (
        independent_ratio_error(1.0, None, 1.0, 0.1) is None
        and independent_ratio_error(1.0, 0.1, 0.0, 0.1) is None
    )
    assert pair_error(np.ones((3, 3))) is None


@pytest.mark.parametrize(("kind", "clamped"), [("linear", False), ("mixed", False), ("degenerate", True)])
def test_the_error_over_pairs_is_the_spread_of_the_mean_over_pairs(kind, clamped):
    """Kernels whose mean hangs on single draws, on pairs alone, and on both; in the last the error is too large."""
    rng = np.random.default_rng(0)
    kernel = {
        "linear": lambda u, v: u + v,
        "mixed": lambda u, v: (u - v) ** 2,
        "degenerate": lambda u, v: u * v,
    }[kind]
    means, errors, n = [], [], 12
    for _ in range(2000):
        u = rng.normal(size=n)
        h = kernel(u[:, None], u)
        means.append(h[~np.eye(n, dtype=bool)].mean())
        errors.append(pair_error(h))
    size = np.sqrt(np.mean(np.square(errors))) / np.std(means)
    assert 1.0 < size < 1.5 if clamped else size == pytest.approx(1, abs=0.07)


def test_the_variance_of_few_normal_draws_has_the_error_of_the_books():
    """sigma^2 sqrt(2 / (n - 1)), as of the unbiased variance."""
    rng, n, found = np.random.default_rng(1), 6, []
    for _ in range(4000):
        u = rng.normal(size=n)
        found.append(pair_error((u[:, None] - u) ** 2 / 2) ** 2)
    assert np.sqrt(np.mean(found)) == pytest.approx((2 / (n - 1)) ** 0.5, rel=0.1)
