"""Intervals of shares: Wilson's against scipy's, and bounds that no choice of samples can pass."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

import symmeter
from symmeter.results.intervals import Interval, of_mean, of_ratio_of_means, with_tail
from symmeter.results.shares import effective_size, of_mean_share, wilson

AGREE = "same_prediction,consistency,geed(01)"


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (12, 12), (0, 50), (209, 256), (1, 1000)])
def test_wilsons_interval_is_that_of_scipy(hits, count):
    expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    assert wilson(hits / count, count) == pytest.approx((expected.low, expected.high), rel=1e-12, abs=1e-15)


def test_ends_that_are_known_stay_and_others_are_wilsons():
    assert of_mean_share(Interval(0.1, 0.3), 0.2, 40) == Interval(0.1, 0.3)
    for far in (0.9, 1.4, math.inf):
        assert of_mean_share(Interval(-0.1, far), 0.2, 40) == Interval(0.0, wilson(0.2, 40)[1])
    few = Interval(remark="2 values are too few")
    assert of_mean_share(few, 0.5, 2) is few


@pytest.mark.parametrize("draw", ["of all or nothing", "of parts"])
def test_it_holds_the_mean_of_rare_shares(draw):
    """Of 40 values, 5 % of which are not 0: the bootstrap alone often has no upper end, and with this one holds."""
    random = np.random.default_rng(0)
    mean, held, was_open = 0.05 if draw == "of all or nothing" else 0.025, 0, 0
    for _ in range(300):
        values = (random.random(40) < 0.05) * (1.0 if draw == "of all or nothing" else random.random(40))
        known = of_mean(values)
        low, high = of_mean_share(known, float(values.mean()), 40).ends
        was_open += known.high is None or math.isinf(known.high)
        assert 0 <= low <= high < 0.5
        held += low <= mean <= high
    assert was_open > 100 and held > 0.93 * 300


def test_it_holds_a_share_of_things_of_which_samples_have_few_or_many():
    """Things of a sample are lost together: of 30 samples with 1 to 12 things each, 4 % lose all."""
    random = np.random.default_rng(0)
    held, was_open = 0, 0
    for _ in range(300):
        things = random.integers(1, 13, 30).astype(float)
        lost = things * (random.random(30) < 0.04)
        known = with_tail(of_ratio_of_means(lost, things), lost)
        low, high = of_mean_share(known, lost.sum() / things.sum(), effective_size(things)).ends
        was_open += known.high is None or math.isinf(known.high)
        assert 0 <= low <= high < 0.6
        held += low <= 0.04 <= high
    assert was_open > 100 and held > 0.93 * 300


@pytest.mark.parametrize(
    ("weights", "size"), [([2.0] * 8, 8), ([0.0, 3.0, 3.0], 2), ([100.0, 1.0], 1.02), ([0.0], 0)]
)
def test_samples_with_many_things_count_for_more(weights, size):
    assert effective_size(np.array(weights)) == pytest.approx(size, rel=1e-3)


class Thresholded(torch.nn.Module):
    """Class 1 where the left edge is the brighter one by `margin`: a flip changes it for few images or for none."""

    def __init__(self, margin):
        super().__init__()
        self.margin = margin

    def forward(self, x):
        excess = x[:, 0, :, 0].mean(1) - x[:, 0, :, -1].mean(1) - self.margin
        return torch.stack([torch.zeros_like(excess), excess], 1)


@pytest.mark.parametrize("margin", [0.2, 2.0])
def test_values_of_agreement_never_leave_the_range_of_a_share(margin):
    x = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    found = symmeter.measure(
        Thresholded(margin).eval(), x, "hflip", AGREE, "logits", control=False, progress=False
    )
    for row in found.rows:
        assert 0 <= row.interval_low <= row.value <= row.interval_high <= 1
        assert row.interval_high - row.interval_low < 0.25 and not row.interval_remark
    same, pairs, distance = (row.value for row in found.rows)
    assert same == pairs == pytest.approx(1 - 2 * distance)
    assert (same == 1) == (margin > 1)
