"""Predictions from what passes and what is left, against what can be worked out by hand."""

import numpy as np

from symmeter.curing.prediction import of_layers, predicted

LEE = np.random.default_rng(0).lognormal(size=32)


def test_a_layer_through_which_all_passes_leaves_what_the_remedy_leaves():
    found = predicted(LEE, [LEE], [0.3])
    assert np.isclose(found.ratio, 0.3) and np.isclose(found.low, 0.3) and np.isclose(found.high, 0.3)


def test_a_chain_of_layers_multiplies():
    layers = np.array([0.25, 0.5, 0.75, 1.0])[:, None] * LEE  # each makes a quarter of the error
    left = [0.0, 1 / 2, 2 / 3, 3 / 4]  # of the square that leaves each
    assert np.isclose(predicted(LEE, list(layers), left).ratio, 0.75 * 0.75**3)


def test_nothing_passes_nothing_changes():
    assert predicted(LEE, [0 * LEE], [0.0]).ratio == 1.0


def test_a_share_above_one_counts_as_one_and_a_negative_one_raises_the_error():
    assert predicted(LEE, [2 * LEE], [0.25]).ratio == 0.25
    assert predicted(LEE, [-0.5 * LEE], [0.0]).ratio == 1.5


def test_the_interval_is_that_over_samples_and_repeats():
    passing = LEE * np.random.default_rng(1).uniform(0, 1, 32)
    one, two = (predicted(LEE, [passing], [0.0]) for _ in range(2))
    assert one == two
    assert one.low < one.ratio < one.high
    shares = [
        1 - passing[i].sum() / LEE[i].sum() for i in np.random.default_rng(2).integers(0, 32, (2000, 32))
    ]
    assert abs(np.quantile(shares, 0.975) - one.high) < 0.03


def test_few_samples_have_no_interval_and_unknown_layers_no_prediction():
    assert predicted(LEE[:2], [LEE[:2]], [0.5]).low is None
    assert of_layers(LEE, {"a": LEE[None]}, {"a": [0.5]}, ["a", "b"], 0).ratio is None
    assert of_layers(LEE, {"a": LEE[None]}, {"a": [0.5]}, ["a"], 0).ratio == 0.5
