"""Corruptions act on pixels in [0, 1], before normalisation, or are refused where these are not known."""

import torch
from tests.helpers import check_refused

from symmeter.domains.images.corrupting import in_pixels
from symmeter.domains.images.domain import Images
from symmeter.domains.images.own_preprocessing import OwnPreprocessing
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.domains.images.transform_names import read_transform

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
OWN = Preprocessing(mean=MEAN, std=STD)
PIXELS = torch.rand(3, 6, 8, generator=torch.Generator().manual_seed(0))
BYTES = torch.zeros(3, 6, 8, dtype=torch.uint8)
HALVE = lambda pixels: pixels / 2


def test_what_was_pixels_is_changed_before_it_is_normalised():
    found = in_pixels(OWN.normalise(PIXELS), BYTES, HALVE, OWN, said=False)
    assert torch.allclose(found, OWN.normalise(PIXELS / 2), atol=1e-6)


def test_floating_point_needs_mean_and_std_to_be_said():
    x = OWN.normalise(PIXELS)
    check_refused("mean=0, std=1 where they were not", in_pixels, x, x, HALVE, OWN, False)
    check_refused("may be normalised", in_pixels, x, x.numpy(), HALVE, OWN, False)
    assert torch.allclose(in_pixels(x, x, HALVE, OWN, True), OWN.normalise(PIXELS / 2), atol=1e-6)


def test_the_wrong_mean_and_std_are_seen():
    x = OWN.normalise(PIXELS)
    check_refused(r"pixels of an image run from -\d.* to \d", in_pixels, x, x, HALVE, Preprocessing(), True)


def test_a_transform_whose_normalisation_is_not_seen_is_refused():
    def transform(image):
        return torch.ones(3, 4, 4)

    own = OwnPreprocessing(read_transform(transform, Images.hubs()), 3)
    check_refused("give its mean and std", in_pixels, torch.ones(3, 4, 4), BYTES, HALVE, own, False)
    known = own.override(mean=0.5, std=0.5)
    found = in_pixels(torch.ones(3, 4, 4), BYTES, HALVE, known, False)
    assert torch.allclose(found, torch.zeros(3, 4, 4), atol=1e-6)
