"""Differences of paired means and of paired ratios: the definitions, mirror images, and how often intervals hold."""

import math

import numpy as np
import pytest
from scipy import stats

from symmeter.results.differences import of_differences, of_ratio_difference


def both(seed, n, sigma):
    """A line and the whole error (n,) each of two networks on images that are hard for both."""
    random = np.random.default_rng(seed)
    hard = random.lognormal(sigma=sigma, size=n)
    first, second = (
        hard * random.lognormal(sigma=0.4, size=n),
        1.5 * hard * random.lognormal(sigma=0.4, size=n),
    )
    lines = first * (0.3 + 0.3 * random.normal(size=n)), second * (0.5 + 0.3 * random.normal(size=n))
    return lines, (first, second)


def test_the_value_is_the_mean_and_p_that_of_students_test():
    (first, second), _ = both(0, 32, 0.5)
    (found,) = of_differences(second[:, None], first[:, None])
    assert found.value == pytest.approx(np.mean(second - first))
    assert found.p == pytest.approx(stats.ttest_rel(second, first).pvalue)
    assert found.interval.low < found.value < found.interval.high


def test_columns_are_as_each_alone_and_the_other_way_round_is_the_mirror_image():
    (first, second), (one, other) = both(1, 32, 1.0)
    several = of_differences(np.stack([second, other], 1), np.stack([first, one], 1))
    back = of_differences(np.stack([first, one], 1), np.stack([second, other], 1))
    for number, (a, b) in enumerate(((first, second), (one, other))):
        (alone,) = of_differences(b[:, None], a[:, None])
        assert several[number].interval.low == pytest.approx(alone.interval.low)
        assert back[number].value == -several[number].value and back[number].p == several[number].p
        assert back[number].interval.ends == tuple(-end for end in reversed(several[number].interval.ends))
    shares = of_ratio_difference((first, second), (one, other))
    mirrored = of_ratio_difference((second, first), (other, one))
    assert mirrored.value == pytest.approx(-shares.value)
    assert mirrored.interval.ends == pytest.approx([-end for end in reversed(shares.interval.ends)])


def test_the_difference_of_ratios_is_by_hand():
    """The bootstrap as a plain loop: each resample has its own ratios and their standard error by the delta method."""
    from symmeter.results.bootstrap import resamples

    lines, errors = both(2, 24, 0.5)
    found = of_ratio_difference(lines, errors)
    ratios = [v.mean() / d.mean() for v, d in zip(lines, errors, strict=True)]
    assert found.value == pytest.approx(ratios[1] - ratios[0])

    def moved(pick):
        own = [v[pick].mean() / d[pick].mean() for v, d in zip(lines, errors, strict=True)]
        left = [(v[pick] - r * d[pick]) / d[pick].mean() for v, r, d in zip(lines, own, errors, strict=True)]
        return own[1] - own[0], math.sqrt(np.var(left[1] - left[0]) / (len(pick) - 1))

    value, _ = moved(np.arange(24))
    t = [
        (there - value) / error
        for part in resamples(24)
        for there, error in (moved(np.repeat(np.arange(24), counts)) for counts in part)
    ]
    left = [(v - r * d) / d.mean() for v, r, d in zip(lines, ratios, errors, strict=True)]
    error = np.std(left[1] - left[0], ddof=1) / math.sqrt(24)
    low, high = np.sort(t)[[4, 1994]]  # .25 % of 1999 on either side
    assert found.interval.ends == pytest.approx((value - high * error, value - low * error))


def test_equal_values_have_no_interval_and_a_reason():
    x = np.arange(1.0, 9.0)
    (same,) = of_differences(x[:, None], x[:, None])
    assert same.value == 0 and same.interval.remark == "all 8 values are equal" and same.p is None
    assert "the same for every value" in of_ratio_difference((x / 2, x), (x, x)).interval.remark
    assert of_ratio_difference((x, x), (0 * x, x)) is None
    (few,) = of_differences(x[:2, None], 0 * x[:2, None])
    assert few.interval.remark == "2 values are too few" and few.p is None


def test_a_side_with_too_long_a_tail_has_no_bound():
    values = np.r_[np.ones(12), np.exp(np.arange(1.0, 20.0, 3.0))]
    (long,) = of_differences(values[:, None], np.zeros((len(values), 1)))
    assert (
        long.interval.high == math.inf and math.isfinite(long.interval.low) and "tail" in long.interval.remark
    )
    (back,) = of_differences(np.zeros((len(values), 1)), values[:, None])
    assert back.interval.low == -math.inf and math.isfinite(back.interval.high)


@pytest.mark.parametrize(
    ("n", "sigma", "least"), [(16, 0.5, 0.92), (16, 1.0, 0.9), (64, 1.0, 0.92), (64, 2.5, 0.92)]
)
def test_intervals_hold_the_truth(n, sigma, least):
    """Of a population whose means are known; Student's interval of the last holds it in 6 draws of 10."""
    mean = math.exp(sigma**2 / 2 + 0.08)
    truths = mean * (0.5 * 1.5 - 0.3), 0.5 - 0.3
    hits, student = np.zeros(2), 0
    draws = 120
    for seed in range(draws):
        lines, errors = both(seed, n, sigma)
        (difference,) = of_differences(lines[1][:, None], lines[0][:, None])
        found = difference.interval, of_ratio_difference(lines, errors).interval
        hits += [one.ends[0] <= truth <= one.ends[1] for one, truth in zip(found, truths, strict=True)]
        low, high = stats.t.interval(0.95, n - 1, difference.value, stats.sem(lines[1] - lines[0]))
        student += low <= truths[0] <= high
    assert (hits / draws >= least).all()
    assert sigma < 2 or student / draws < 0.8
