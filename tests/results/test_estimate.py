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


def controlled(values, controls, **more):
    return estimate(values, {"stability": controls, **more})


def test_the_ratio_of_means_has_the_error_of_paired_means():
    rng = np.random.default_rng(1)
    ratios, errors = [], []
    for _ in range(500):
        size = rng.exponential(1.0, 200)  # images differ in scale, which the pairing removes
        e = controlled(size * rng.uniform(0.1, 0.3, 200), size * rng.uniform(0.5, 1.5, 200))
        ratios.append(e.ratio_of_means)
        errors.append(e.ratio_of_means_standard_error)
    assert np.mean(ratios) == pytest.approx(0.2, rel=0.02)
    assert np.mean(errors) == pytest.approx(np.std(ratios), rel=0.1)


@pytest.mark.parametrize(("scale", "floor", "verdict"), [
    (0.1, 0.0, "stable"), (0.9, 0.0, "stable"), (1.2, 0.0, "not stable"), (0.1, 0.05, "not resolved"), (0, 0, "not resolved"),
])  # fmt: skip
def test_verdicts(scale, floor, verdict):
    controls = np.random.default_rng(2).uniform(0.9, 1.1, 200)
    noise = np.random.default_rng(3).uniform(0.9, 1.1, 200)
    assert estimate(scale * controls * noise, {"stability": controls}, floor).verdict == verdict


def test_both_controls_make_a_verdict():
    rng = np.random.default_rng(4)
    values, noise = rng.lognormal(size=64), lambda: rng.lognormal(0, 0.1, 64)
    e = controlled(values, 5 * values * noise(), specificity=2 * values * noise())
    assert e.stability.value == pytest.approx(0.2, rel=0.05) and e.specificity.value == pytest.approx(
        0.5, rel=0.05
    )
    assert e.verdict == "specific"
    columns = e.columns()
    assert columns["selectivity"] == columns["stability"] == e.stability.value
    assert columns["stability_low"] < columns["stability"] < columns["stability_high"]
    assert columns["specificity_pairs"] == 64 and columns["interval_low"] < e.value < columns["interval_high"]


def test_a_wide_interval_is_unclear():
    values = np.array([0.1, 2.0, 0.3, 0.1, 2.0, 0.3, 0.1, 2.0])
    e = controlled(values, np.ones(8))
    assert e.stability.interval.low < 0.5 and e.stability.interval.high > 1
    assert e.verdict == "unclear"
    assert controlled(values[:7], np.ones(7)).verdict == "too few"


def test_images_without_a_control_are_left_out_of_ratios_alone():
    values, controls = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, np.nan, 6.0, 8.0])
    e = controlled(values, controls)
    assert e.value == 2.5 and e.n == 4
    assert e.stability.value == pytest.approx(0.5) and e.stability.pairs == 3
    assert e.ratio_of_means == pytest.approx(0.5) and e.control == pytest.approx(16 / 3)


def test_what_cannot_be_had_is_none():
    e = estimate(np.array([2.0]))
    assert (e.standard_error, e.control, e.stability, e.verdict) == (None, None, None, "too few")
    assert e.interval.low is None and e.interval.remark == "1 values are too few"
    assert estimate(np.arange(1.0, 9)).verdict == "no control"
    assert controlled(np.array([1.0, 2.0]), np.zeros(2)).stability is None
    with pytest.raises(ValueError, match="no values"):
        estimate(np.array([]))


def test_top_share_tells_when_a_few_images_carry_the_mean():
    assert estimate(np.array([1000.0] + [1.0] * 39)).top_share > 0.95
    assert estimate(np.ones(40)).top_share == pytest.approx(0.05)
