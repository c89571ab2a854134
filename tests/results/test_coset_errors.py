"""Standard errors from cosets: what they are made of, and where they know nothing."""

import numpy as np
import pytest
from scipy.stats import t

from symmeter.results.coset_errors import Cosets

RANDOM = np.random.default_rng(0)


def distances(z):
    return ((z[:, None] - z) ** 2).sum(-1)


def test_a_single_coset_tells_nothing():
    assert Cosets(6, 2).error_of_mean(np.ones(6)) is None
    assert Cosets(6, 2).error_of_variance(np.ones((6, 6))) is None


def test_what_does_not_vary_has_no_error():
    assert Cosets(6, 2).error_of_mean(np.ones(12)) == 0
    assert Cosets(6, 2).error_of_variance(np.zeros((12, 12))) == 0
    signs = np.tile([1.0, -1.0], 6)[
        :, None
    ]  # every coset and every part has the same mean and the same square
    assert Cosets(6, 2).error_of_variance(distances(signs)) == pytest.approx(0, abs=1e-9)


def test_smooth_values_are_bounded_by_their_cosets_and_rough_ones_by_the_parts():
    smooth = np.tile(RANDOM.normal(size=60), 2) + np.repeat([0.0, 1e-3], 60)
    by_cosets = 2 * t.ppf(0.975, 1) * 5e-4 / t.ppf(0.975, np.inf)
    assert Cosets(60, 12).error_of_mean(smooth) == pytest.approx(by_cosets, rel=1e-3)
    rough = RANDOM.normal(size=120)
    rough[:60] += 1.0  # two cosets that differ: what they say is an unknown multiple of it
    found = Cosets(60, 12).error_of_mean(rough)
    parts = rough.reshape(10, 12).mean(1)
    own = rough.reshape(2, 60).mean(1).std(ddof=1) / 2**0.5
    expected = max(parts.std(ddof=1) / 10**0.5, own) * t.ppf(0.975, 4) / t.ppf(0.975, np.inf)
    assert found == pytest.approx(expected)


def test_of_a_design_that_is_the_coarsest_only_the_cosets_count():
    values = RANDOM.normal(size=24)
    own = values.reshape(2, 12).mean(1).std(ddof=1) / 2**0.5
    expected = 2 * t.ppf(0.975, 1) * own / t.ppf(0.975, np.inf)
    assert Cosets(12, 12).error_of_mean(values) == pytest.approx(expected)


def test_the_error_of_a_variance_is_its_spread_where_blocks_are_independent_elements():
    """Of blocks of one element: the variance of n normal numbers has the relative standard error sqrt(2 / (n - 1))."""
    n, runs = 40, 200
    found = [Cosets(1, 1).error_of_variance(distances(RANDOM.normal(size=(n, 1)))) for _ in range(runs)]
    inflated = (1 + 2 / n) * t.ppf(0.975, n - 1) / t.ppf(0.975, np.inf)
    assert np.mean(found) == pytest.approx(inflated * (2 / (n - 1)) ** 0.5, rel=0.1)


def test_scale_and_origin_do_not_matter():
    z = RANDOM.normal(size=(24, 3))
    one = Cosets(12, 4).error_of_variance(distances(z))
    assert Cosets(12, 4).error_of_variance(distances(7 * z - 5)) == pytest.approx(one)
