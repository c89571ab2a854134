"""Predictions from what passes and what is left, against what can be worked out by hand."""

import numpy as np

from symmeter.curing.prediction import of_layers, predicted

LEE = np.random.default_rng(0).lognormal(size=32)


def test_a_layer_through_which_all_passes_leaves_what_the_remedy_leaves():
    found = predicted(LEE, [LEE], [0.3 * LEE])
    assert np.isclose(found.ratio, 0.3) and np.isclose(found.low, 0.3) and np.isclose(found.high, 0.3)


def test_a_chain_of_layers_multiplies():
    layers = np.array([0.25, 0.5, 0.75, 1.0])[:, None] * LEE  # each makes a quarter of the error
    left = np.array([0.0, 1 / 2, 2 / 3, 3 / 4])[:, None]  # of what passes through each
    assert np.isclose(predicted(LEE, list(layers), list(left * layers)).ratio, 0.75 * 0.75**3)


def test_nothing_passes_nothing_changes():
    assert predicted(LEE, [0 * LEE], [0 * LEE]).ratio == 1.0


def test_more_than_all_counts_as_all_and_less_than_nothing_raises_the_error():
    assert np.isclose(predicted(LEE, [2 * LEE], [0.5 * LEE]).ratio, 0.25)
    assert predicted(LEE, [-0.5 * LEE], [0 * LEE]).ratio == 1.5
    assert predicted(LEE, [LEE], [-0.2 * LEE]).ratio == 0  # a square


def test_a_remedy_that_lets_more_through_raises_the_error():
    assert np.isclose(predicted(LEE, [0.5 * LEE], [0.75 * LEE]).ratio, 1.25)


def test_the_interval_is_that_over_samples_and_repeats():
    random = np.random.default_rng(1)
    passing, kept = LEE * random.uniform(0, 1, 32), LEE * random.uniform(0, 0.5, 32)
    one, two = (predicted(LEE, [passing], [kept]) for _ in range(2))
    assert one == two
    assert one.low < one.ratio < one.high
    drawn = np.random.default_rng(2).integers(0, 32, (2000, 32))
    ratios = [1 - (passing[i] - kept[i]).sum() / LEE[i].sum() for i in drawn]
    assert abs(np.quantile(ratios, 0.975) - one.high) < 0.03
    assert (
        one.high - one.low
        > predicted(LEE, [passing], [kept.mean() / passing.mean() * passing]).high - one.low
    )


def test_few_samples_have_no_interval_and_unknown_layers_no_prediction():
    assert predicted(LEE[:2], [LEE[:2]], [LEE[:2]]).low is None
    a = {"a": LEE[None]}
    assert of_layers(LEE, a, a, ["a", "b"], 0).ratio is None
    assert of_layers(LEE, a, {"a": LEE[None] / 2}, ["a"], 0).ratio == 0.5
