"""Intervals hold what they say they do, and are what slow plain code makes of the same resamples."""

import math
from itertools import chain

import numpy as np
import pytest
import torch
from scipy import stats

import symmeter
from symmeter.results import bootstrap
from symmeter.results.bootstrap import resamples
from symmeter.results.estimate import estimate
from symmeter.results.intervals import (
    Interval,
    holm,
    of_jackknife,
    of_mean,
    of_means,
    of_ratio_of_means,
    of_ratios,
)

DRAWS = 200
POPULATIONS = {  # how to draw, and the mean
    "lognormal, sigma 1": (lambda random, n: random.lognormal(0, 1, n), math.exp(0.5)),
    "exponential": (lambda random, n: random.exponential(1, n), 1.0),
    "two points": (lambda random, n: (random.random(n) < 0.5) * 1.0, 0.5),
    "rare": (lambda random, n: (random.random(n) < 0.1) * 1.0, 0.1),
    "zero-inflated": (lambda random, n: (random.random(n) < 0.3) * random.exponential(1, n), 0.3),
    "mostly zero": (lambda random, n: (random.random(n) < 0.1) * random.random(n), 0.05),
}


def holds(interval, truth):
    """None for no interval; an end that is infinite is no bound."""
    return None if interval.low is None else interval.low - 1e-12 <= truth <= interval.high + 1e-12


def least(n, draws=DRAWS, wanted=0.92):
    """The share of draws that is two standard errors below what is wanted: 0.92, and 0.90 of 8 values."""
    wanted = wanted if n > 8 else 0.90
    return wanted - 2 * math.sqrt(wanted * (1 - wanted) / draws)


@pytest.mark.parametrize("n", [8, 16, 64])
@pytest.mark.parametrize("name", POPULATIONS)
def test_intervals_of_means_hold_or_say_that_there_is_none(name, n):
    draw, truth = POPULATIONS[name]
    random = np.random.default_rng(n)
    found = [holds(of_mean(draw(random, n)), truth) for _ in range(DRAWS)]
    told = [one for one in found if one is not None]
    assert np.mean(told) >= least(n)


@pytest.mark.parametrize("n", [8, 16, 64])
def test_where_the_tail_is_longer_than_a_sample_knows_there_is_no_upper_bound(n):
    """Of a lognormal of sigma 2.5 half of the mean comes from the largest 0.6 %; ratios are of logarithms, and hold."""
    random = np.random.default_rng(n)
    drawn = [random.lognormal(0, 2.5, n) for _ in range(DRAWS)]
    means = [of_mean(one) for one in drawn]
    assert np.mean([holds(one, math.exp(2.5**2 / 2)) for one in means]) >= least(n)
    assert np.mean([math.isinf(one.high) for one in means]) > 0.8
    ratios = [of_ratios(one, random.lognormal(0, 1, n)) for one in drawn]
    assert np.mean([holds(ratio.interval, 1.0) for ratio in ratios]) >= least(n)


def test_a_missing_upper_bound_is_said_by_name_and_rare_for_shorter_tails():
    random = np.random.default_rng(0)
    long = of_mean(random.lognormal(0, 4, 20))
    assert long.high == math.inf and long.remark == "the tail is too long for 20 values to set an upper bound"
    assert math.isfinite(of_mean(random.lognormal(0, 4, 256)).high)
    assert np.mean([math.isinf(of_mean(random.lognormal(0, 1, 16)).high) for _ in range(100)]) < 0.2
    assert math.isfinite(of_mean(random.normal(0, 1, 16)).high)


@pytest.mark.parametrize("n", [16, 64])
def test_intervals_of_ratios_of_means_hold(n):
    random, found = np.random.default_rng(n), []
    for _ in range(DRAWS):
        common = random.lognormal(0, 1, n)
        found.append(holds(of_ratio_of_means(common * random.exponential(0.5, n), common), 0.5))
    assert np.mean(found) >= least(n)


def test_bootstrap_t_is_that_of_a_loop_over_resamples():
    values = np.random.default_rng(3).exponential(size=12) + 0.1
    t = []
    for counts in chain.from_iterable(resamples(12)):
        resample = np.repeat(values, counts.astype(int))
        t.append((resample.mean() - values.mean()) / stats.sem(resample))
    low, high = (
        sorted(t)[rank - 1] for rank in (20, 1950)
    )  # of 2000: 1 % on the side of the long tail, and 2.5 %
    found = of_mean(values)
    assert found.low == pytest.approx(values.mean() - high * stats.sem(values))
    assert found.high == pytest.approx(values.mean() - low * stats.sem(values))


@pytest.mark.parametrize("n", [40, 3000])
def test_a_table_in_parts_is_the_same_table(n, monkeypatch):
    whole = np.concatenate(list(bootstrap.resamples(n, seed=2)))
    assert (whole.sum(1) == n).all()
    assert len(whole) == min(1999, 8_000_000 // n)
    values = np.random.default_rng(0).normal(size=(n, 2, 3))
    assert bootstrap.sums(values, 2) == pytest.approx(np.tensordot(whole, values, 1))
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 7 * n)
    parts = list(bootstrap._drawn(n, len(whole), 2))
    assert {len(part) for part in parts[:-1]} == {7}
    assert (np.concatenate(parts) == whole).all()


def test_columns_together_are_as_one_by_one_also_beside_those_without_an_interval():
    random = np.random.default_rng(0)
    columns = [random.exponential(size=20), np.ones(20), random.normal(size=20), random.lognormal(0, 4, 20)]
    together = of_means(np.stack(columns, 1), 0.9, seed=3)
    for found, column in zip(together, columns, strict=True):
        alone = of_mean(column, 0.9, seed=3)
        assert found.remark == alone.remark
        assert found.ends == pytest.approx(alone.ends)
    assert [bool(found.remark) for found in together] == [False, True, False, True]
    assert [found.remark for found in of_means(np.ones((2, 3)))] == ["2 values are too few"] * 3


def test_a_ratio_of_means_is_that_of_a_loop_over_resamples():
    random = np.random.default_rng(4)
    divisors = random.lognormal(size=15)
    values = divisors * random.lognormal(0, 0.5, 15)
    ratio, t = values.mean() / divisors.mean(), []
    for counts in chain.from_iterable(resamples(15)):
        v, d = (np.repeat(one, counts.astype(int)) for one in (values, divisors))
        r = v.mean() / d.mean()
        t.append((r - ratio) / (stats.sem(v - r * d) / d.mean()))
    error = stats.sem(values - ratio * divisors) / divisors.mean()
    low, high = (sorted(t)[rank - 1] for rank in (5, 1995))  # of 2000: .25 % on either side
    found = of_ratio_of_means(values, divisors)
    assert found.low == pytest.approx(ratio - high * error)
    assert found.high == pytest.approx(ratio - low * error)


@pytest.mark.parametrize("n", [3, 8, 50])
def test_paired_ratios_have_the_t_interval_of_their_logarithms(n):
    random = np.random.default_rng(n)
    values, divisors = random.lognormal(0.3, 1, n), random.lognormal(0, 1, n)
    test = stats.ttest_1samp(np.log(values / divisors), 0.0)
    low, high = np.exp(test.confidence_interval(0.95))
    found = of_ratios(values, divisors)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(test.pvalue)
    assert found.value == pytest.approx(stats.gmean(values / divisors))


def test_chance_from_elsewhere_widens_in_squares():
    random = np.random.default_rng(5)
    values, divisors = random.lognormal(0, 1, 20), random.lognormal(0, 1, 20)
    half = lambda ratio: math.log(ratio.interval.high / ratio.interval.low) / 2
    plain, wide = of_ratios(values, divisors), of_ratios(values, divisors, beyond=0.1)
    assert half(wide) == pytest.approx(math.hypot(half(plain), 1.959964 * 0.1))
    assert wide.value == plain.value and wide.p > plain.p
    same = of_ratios(values, values, beyond=0.1)  # nothing but that
    assert (same.interval.low, same.interval.high) == pytest.approx(
        (math.exp(-0.1959964), math.exp(0.1959964))
    )


def test_chance_from_elsewhere_widens_ratios_of_means_too():
    values = np.array([0.0, 0.0, *[2.0, 2.0, 3.0, 2.0, 2.0, 2.0, 2.5, 1.5] * 2])
    divisors = np.array([1.0, 1.0, *[2.0, 2.0, 3.0, 2.0, 3.0, 3.0, 2.0, 2.0] * 2])
    plain, wide = of_ratios(values, divisors), of_ratios(values, divisors, beyond=0.2)
    assert plain.method == wide.method == "means" and plain.value == wide.value
    more = 1.959964 * 0.2 * plain.value
    assert wide.value - wide.interval.low == pytest.approx(math.hypot(plain.value - plain.interval.low, more))
    assert wide.interval.high - wide.value == pytest.approx(
        math.hypot(plain.interval.high - plain.value, more)
    )
    assert of_ratios(values, divisors, beyond=5.0).interval.low == 0  # never below


def test_zeros_and_what_is_not_finite_are_dropped_with_a_count():
    values = np.array([1.0] * 20 + [0.0, np.inf])
    divisors = np.array([2.0] * 20 + [0.0, 1.0])
    found = of_ratios(values, divisors)
    assert (found.value, found.pairs, found.method) == (0.5, 20, "paired")
    often = of_ratios(np.array([0.0, 1.0, 0.0, 2.0]), np.ones(4))
    assert (often.method, often.value) == ("means", 0.75)
    assert of_ratios(np.zeros(4), np.zeros(4)) is None and of_ratios(np.ones(4), np.zeros(4)) is None


def test_too_few_and_equal_values_are_said_by_name():
    assert of_mean(np.ones(2)).remark == "2 values are too few"
    assert of_mean(np.ones(5)).remark == "all 5 values are equal"
    assert of_mean(np.array([1.0, np.nan, 2.0])).remark == "not all values are finite"
    assert of_ratio_of_means(np.ones(5), np.zeros(5)).remark
    assert of_ratios(np.ones(2), np.ones(2)).interval.low is None


def test_an_interval_of_values_that_are_mostly_equal_has_no_bound_on_one_side():
    """A resample of zeros alone has no spread: what is above the mean is not known."""
    found = of_mean(np.array([0.0] * 9 + [1.0]))
    assert found.high == math.inf and 0 <= found.low <= 0.1


def test_three_values_are_enough_and_their_interval_is_wide():
    found = of_mean(np.array([1.0, 2.0, 4.0]))
    assert found.low < 1.0 and found.high > 4.0


def test_intervals_move_with_their_values():
    values = np.random.default_rng(6).exponential(size=30)
    found = of_mean(values)
    turned = of_mean(-values)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), rel=0.02)
    scaled = of_mean(1e-9 * values)
    assert (scaled.low, scaled.high) == pytest.approx((1e-9 * found.low, 1e-9 * found.high))
    assert of_mean(values) == found and of_mean(values, seed=1) != found
    assert Interval(1.0, 2.0).times(-1) == Interval(-2.0, -1.0)
    assert Interval(1.0, 2.0).widened(1.5, 2) == Interval(0.5, 2.5)


def test_a_jackknife_has_its_interval_on_the_log_scale():
    found = of_jackknife(2.0, 0.5, 10)
    half = stats.t.ppf(0.975, 9) * 0.25
    assert (found.low, found.high) == pytest.approx((2 * math.exp(-half), 2 * math.exp(half)))
    assert of_jackknife(0.0, 0.5, 10).remark and of_jackknife(1.0, None, 10).remark


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_that_of_statsmodels(seed):
    multipletests = pytest.importorskip("statsmodels.stats.multitest").multipletests
    p = np.random.default_rng(seed).random(9) ** 3
    assert holm(list(p)) == pytest.approx(list(multipletests(p, method="holm")[1]))
    assert holm([None, *p])[0] is None and holm([None, *p])[1:] == pytest.approx(holm(list(p)))


@pytest.mark.parametrize("n", [8, 16, 64, 256])
def test_under_the_null_a_verdict_is_rare(n):
    """Value and controls of an image change places at random: nothing sets the value apart."""
    random, other = np.random.default_rng(n), 0
    for _ in range(400):
        image = random.lognormal(0, 3, (n, 1))
        three = random.permuted(image * random.lognormal(0, 1, (n, 3)), axis=1)
        found = estimate(three[:, 0], {"stability": three[:, 1], "specificity": three[:, 2]})
        other += found.verdict not in ("unclear", "not stable")
    assert other / 400 <= 0.03 + 2 * math.sqrt(0.03 * 0.97 / 400)


@pytest.mark.parametrize("seed", range(4))
def test_rare_errors_over_a_mean_have_no_interval_below_0_nor_an_end_that_they_do_not_set(seed):
    """Of 12 images a few change: the bootstrap's ends were -0.04 and 240,000."""
    x = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    x *= torch.linspace(0.2, 3, 12)[:, None, None, None]
    edges = lambda x: (x[:, 0, :, 0] - x[:, 0, :, -1] - 0.2).mean(1).relu()
    rare = lambda x: torch.stack([x.mean((1, 2, 3)), edges(x)], 1)
    row = symmeter.measure(rare, x, "hflip", "relative_invariance", "logits", progress=False).rows[0]
    assert row.value > 0 and row.interval_low >= 0
    assert row.interval_high is None and "the tail is too long" in row.interval_remark
