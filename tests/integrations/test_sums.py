"""Sums over images say what the images themselves say, and add up over batches."""

import math

import numpy as np
import pytest

from symmeter.integrations.sums import Sums
from symmeter.results.intervals import of_ratios
from symmeter.results.standard_errors import ratio_error, standard_error


def drawn(n, seed=0):
    return np.random.default_rng(seed).lognormal(size=(4, n))


def added(*batches):
    return Sums(*np.sum([batch.as_row() for batch in batches], axis=0).tolist())


def in_batches(columns, sizes):
    ends = np.cumsum(sizes)[:-1]
    return added(*(Sums.of(*parts) for parts in zip(*(np.split(c, ends) for c in columns), strict=True)))


@pytest.mark.parametrize("sizes", [(50,), (20, 30), (1,) * 50])
def test_without_scales_it_is_a_mean_with_its_standard_error(sizes):
    v, _, d, _ = drawn(50)
    ends = np.cumsum(sizes)[:-1]
    parts = zip(np.split(v, ends), np.split(d, ends), strict=True)
    sums = added(*(Sums.of(values, controls=controls) for values, controls in parts))
    assert sums.error == pytest.approx(v.mean(), rel=1e-13)
    assert sums.standard_error == pytest.approx(standard_error(v), rel=1e-10)
    assert sums.stability == pytest.approx(of_ratios(v, d).value, rel=1e-13)


@pytest.mark.parametrize("sizes", [(50,), (7, 43)])
def test_with_scales_it_is_a_ratio_of_means(sizes):
    v, s, d, c = drawn(50)
    sums = in_batches((v, s, d, c), sizes)
    assert sums.error == pytest.approx(v.mean() / s.mean(), rel=1e-13)
    assert sums.standard_error == pytest.approx(ratio_error(v, s), rel=1e-10)
    assert sums.stability == pytest.approx(of_ratios(v / s.mean(), d / c.mean()).value, rel=1e-12)


@pytest.mark.parametrize("zeros", [1, 25])
def test_where_many_pairs_have_a_zero_stability_is_a_ratio_of_means(zeros):
    v, _, d, _ = drawn(50)
    v[:zeros], d[-2:], v[-1] = 0.0, math.nan, 0.0
    sums = in_batches((v, np.ones(50), d, np.ones(50)), (20, 30))
    known = ~np.isnan(d)
    expected = of_ratios(v[known], d[known])
    assert expected.method == ("means" if zeros > 1 else "paired")
    assert sums.stability == pytest.approx(expected.value, rel=1e-12)


def test_what_cannot_be_known_is_no_number():
    assert math.isnan(Sums().error) and math.isnan(Sums().stability)
    one = Sums.of(np.array([2.0]))
    assert one.error == 2.0 and math.isnan(one.standard_error) and math.isnan(one.stability)


def test_equal_values_have_no_error():
    assert Sums.of(np.full(9, 0.1)).standard_error == pytest.approx(0, abs=1e-8)
