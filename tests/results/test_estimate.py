"""Estimates: errors, ratios and verdicts, on numbers drawn from known distributions."""

import numpy as np
import pytest

from symmeter.results.estimate import estimate


def test_standard_error_covers_the_truth_and_shrinks_by_root_two():
    rng = np.random.default_rng(0)
    hits, ratio = 0, []
    for _ in range(400):
        values = rng.exponential(2.0, size=(2, 100))
        e = estimate(values[0])
        hits += abs(e.value - 2.0) < 1.96 * e.standard_error
        ratio.append(e.standard_error / estimate(values.ravel()).standard_error)
    assert 0.9 < hits / 400 < 0.97
    assert np.mean(ratio) == pytest.approx(2**0.5, rel=0.05)


def test_selectivity_error_is_that_of_a_ratio_of_paired_means():
    rng = np.random.default_rng(1)
    ratios, errors = [], []
    for _ in range(500):
        size = rng.exponential(1.0, 200)  # images differ in scale, which the pairing removes
        e = estimate(size * rng.uniform(0.1, 0.3, 200), size * rng.uniform(0.5, 1.5, 200))
        ratios.append(e.selectivity)
        errors.append(e.selectivity_standard_error)
    assert np.mean(ratios) == pytest.approx(0.2, rel=0.02)
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.1)


@pytest.mark.parametrize(("scale", "floor", "verdict"), [
    (0.1, 0.0, "learned"), (0.7, 0.0, "partly"), (1.2, 0.0, "not learned"), (0.1, 0.05, "not resolved"), (0, 0, "not resolved"),
])  # fmt: skip
def test_verdicts(scale, floor, verdict):
    controls = np.random.default_rng(2).uniform(0.9, 1.1, 200)
    assert estimate(scale * controls, controls, floor).verdict == verdict


def test_a_wide_interval_is_unclear():
    e = estimate(np.array([0.1, 2.0, 0.3]), np.array([1.0, 1.2, 0.9]))
    assert e.selectivity - 2 * e.selectivity_standard_error < 0.5
    assert e.selectivity + 2 * e.selectivity_standard_error > 1
    assert e.verdict == "unclear"


def test_what_cannot_be_had_is_none():
    e = estimate(np.array([2.0]))
    assert (e.standard_error, e.control, e.selectivity, e.verdict) == (None, None, None, "no control")
    assert estimate(np.array([1.0, 2.0]), np.zeros(2)).selectivity is None
    with pytest.raises(ValueError, match="no values"):
        estimate(np.array([]))


def test_top_share_tells_when_a_few_images_carry_the_mean():
    assert estimate(np.array([1000.0] + [1.0] * 39)).top_share > 0.95
    assert estimate(np.ones(40)).top_share == pytest.approx(0.05)
