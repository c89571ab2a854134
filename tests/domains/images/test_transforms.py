"""Preprocessing of the user's own: what is taken, and one line for what makes no input."""

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import check_refused
from torchvision import transforms
from torchvision.transforms import v2

from symmeter.domains.images.transforms import transform_of

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8))
EXPECTED = torch.from_numpy(np.array(PICTURE)).movedim(-1, 0) / 255


class Processor:
    """What transformers' processors of several kinds of data look like."""

    def __init__(self, inner):
        self.image_processor = inner

    def __call__(self, text):
        raise AssertionError("only its image processor is asked")


@pytest.mark.parametrize("transform", [
    transforms.ToTensor(),
    transforms.Compose([transforms.ToTensor()]),
    v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]),
    lambda image: np.asarray(image, np.float32).transpose(2, 0, 1) / 255,
    lambda image: transforms.ToTensor()(image)[None],
    lambda image: {"pixel_values": [transforms.ToTensor()(image)]},
    Processor(transforms.ToTensor()),
])  # fmt: skip
def test_any_form_of_an_input_is_a_tensor(transform):
    found = transform_of(transform)(PICTURE)
    assert type(found) is torch.Tensor and not found.requires_grad
    torch.testing.assert_close(found, EXPECTED)


@pytest.mark.parametrize(("transform", "words"), [
    (lambda image: image, "gives an Image, and no tensor: end it with ToTensor()"),
    (transforms.PILToTensor(), r"PILToTensor\(\) leaves uint8; end it with ToTensor"),
    (lambda image: torch.zeros(3), r"gives shape \(3,\); it must give one image"),
    (transforms.Compose([transforms.FiveCrop(4), lambda crops: torch.stack([transforms.ToTensor()(c) for c in crops])]),
     r"gives shape \(5, 3, 4, 4\)"),
])  # fmt: skip
def test_what_is_no_input_is_one_line(transform, words):
    check_refused(words, transform_of(transform), PICTURE)


@pytest.mark.parametrize("given", [3, None, transforms.Compose, {"img_size": 3}])
def test_what_is_no_transform_is_one_line(given):
    check_refused("give a callable from a PIL image", transform_of, given)


def test_an_image_that_gives_no_numbers_is_its_own_fault():
    with pytest.raises(ValueError, match="NaN or infinity"):
        transform_of(lambda image: torch.full((3, 2, 2), torch.nan))(PICTURE)


def test_names_are_short_and_without_addresses():
    assert transform_of(transforms.CenterCrop(4)).name == "CenterCrop(size=(4, 4))"
    assert transform_of(lambda image: image).name.endswith("<lambda>")
    assert transform_of(Processor(transforms.ToTensor())).name == "Processor"
    assert len(transform_of(transforms.Compose([transforms.CenterCrop(4)] * 50)).name) < 210
    steps = transforms.Compose([transforms.RandomApply([transforms.ColorJitter(0.5)]), transforms.ToTensor()])
    assert transform_of(steps).steps_of_chance() == ["RandomApply", "ColorJitter"]
