"""What a measure knows of an output, and which outputs each measure refuses."""

import pytest
import torch
from tests.helpers import check_refused

from symmeter.domains.grids.planar import Cyclic
from symmeter.measures import known_measures, parse_measures
from symmeter.measures.distances import by_channel
from symmeter.measures.measure import OrbitMeasure
from symmeter.measures.normalised_variance import jackknife_error
from symmeter.measures.quantity import PROBABILITY, Quantity, are_probabilities
from symmeter.symmetry.groups.group import choose_elements

QUARTERS = choose_elements(Cyclic(4))
CLASSES = torch.tensor([[0.25, 0.75]])


def check(name, quantity, elements=QUARTERS):
    (measure,) = parse_measures(name)
    assert isinstance(measure, OrbitMeasure)
    measure.fitted(quantity).check(quantity, elements)


def test_an_output_is_known_by_its_shape_and_by_what_its_entries_are():
    found = Quantity.of("softmax", CLASSES, PROBABILITY)
    assert found == Quantity("softmax", (2,), PROBABILITY, distribution=True)
    assert str(found) == "softmax" and found.shown_shape == "(B, 2)"
    assert Quantity.of("energy", torch.ones(3)).shown_shape == "(B, )"


@pytest.mark.parametrize(("y", "expected"), [
    (CLASSES, True), (2 * CLASSES, False), (torch.tensor([[1.5, -0.5]]), False), (torch.ones(4), False),
    (CLASSES[..., None].expand(1, 2, 5), True), (torch.zeros(1, 3), False),
])  # fmt: skip
def test_probabilities_are_nowhere_negative_and_add_up_to_one_over_axis_1(y, expected):
    assert are_probabilities(y) is expected


@pytest.mark.parametrize(("shape", "unit", "fits"), [
    ((1,), "output", "euclidean"), ((1,), PROBABILITY, "euclidean"), ((10,), PROBABILITY, "kl"),
    ((3, 8, 8), PROBABILITY, "kl"), ((10,), "output", "cosine"), ((3, 8, 8), "output", "channelwise"),
    ((3, 1, 1), "output", "cosine"), ((), "output", "euclidean"),
])  # fmt: skip
def test_geed_takes_a_distance_that_fits(shape, unit, fits):
    (geed,) = parse_measures("geed")
    assert geed.fitted(Quantity("y", shape, unit)).name == f"geed({fits})"
    (own,) = parse_measures("geed(l2)")
    assert own.fitted(Quantity("y", shape, unit)) is own


@pytest.mark.parametrize(("measure", "shape", "words"), [
    ("consistency", (3, 4, 4), r"needs scores \(B, K\) with K > 1; output 'y' is \(B, 3, 4, 4\)"),
    ("same_prediction", (1,), r"needs scores \(B, K\) with K > 1; output 'y' is \(B, 1\)"),
    ("kl_consistency", (5,), "output 'y' does not sum to 1; use --output softmax"),
    ("geed(js)", (1,), "output 'y' has one entry, always 1"),
    ("geed(cosine)", (1,), r"its sign; output 'y' is \(B, 1\): use geed\(euclidean\)"),
    ("geed(channelwise)", (5,), r"compares the maps of channels; output 'y' is \(B, 5\): use geed\(cosine\)"),
    ("eq_r", (5,), r"eq_r compares maps \(B, C, H, W\); output 'y' is \(B, 5\)"),
    ("eq_t", (5, 4, 4), "eq_t is about shifts by whole pixels, such as .*; C4 has 'rotate 90'"),
])  # fmt: skip
def test_outputs_that_a_measure_cannot_compare_are_refused(measure, shape, words):
    check_refused(words, check, measure, Quantity("y", shape))


def test_every_measure_has_a_unit_for_classes():
    quantity = Quantity("softmax", (5,), PROBABILITY, distribution=True)
    units = {
        name: m.fitted(quantity).unit(quantity)
        for name, m in known_measures().items()
        if isinstance(m, OrbitMeasure)
    }
    assert all(units.values())
    assert units["twirled_variance"] == "probability^2" and units["geed"] == "nat"


@pytest.mark.parametrize(("axis", "shape", "expected"), [
    (1, (2, 3, 4, 5), (2, 3, 20)), (-3, (2, 3, 4, 5), (2, 3, 20)), (-1, (2, 4, 5, 3), (2, 3, 20)),
    (None, (2, 7, 3), (2, 3, 7)), (None, (2, 3, 4, 5), (2, 3, 20)),
])  # fmt: skip
def test_channels_are_told_apart_by_their_axis(axis, shape, expected):
    assert by_channel(torch.zeros(shape), axis).shape == expected


def test_the_jackknife_is_exact_for_means():
    values = torch.randn(10, dtype=torch.float64)
    left_out = [float((values.sum() - value) / 9) for value in values]
    assert jackknife_error(left_out) == pytest.approx(float(values.std()) / 10**0.5)
