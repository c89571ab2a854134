"""Mean and deviation of any preprocessing are found by trying it, or not at all; and chance is noticed."""

import random

import numpy as np
import pytest
import timm.data
import torch
from PIL import Image, ImageOps
from tests.helpers import check_refused
from torchvision import models, transforms
from torchvision.transforms import v2
from transformers import CLIPImageProcessor, ConvNextImageProcessor, ViTImageProcessor

from symmeter.domains.images.transform_probe import check_repeats, constants_of
from symmeter.domains.images.transforms import transform_of

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NORMALISE = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]


def letterbox(image):
    """Resized to fit, with gray beside it."""
    square = Image.new("RGB", (64, 64), (114,) * 3)
    square.paste(image.resize((64, 40)), (0, 12))
    return square


@pytest.mark.parametrize(("transform", "mean", "std"), [
    (transforms.Compose([transforms.Resize(40), transforms.CenterCrop(32), *NORMALISE]), MEAN, STD),
    (v2.Compose([v2.PILToTensor(), v2.Resize(40), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]), MEAN, STD),
    (models.ResNet18_Weights.DEFAULT.transforms(), MEAN, STD),
    (timm.data.create_transform((3, 32, 32), mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6)), (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)),
    (ViTImageProcessor(size={"height": 32, "width": 32}), (0.5,) * 3, (0.5,) * 3),
    (CLIPImageProcessor(), (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    (ConvNextImageProcessor(size={"shortest_edge": 64}, rescale_factor=1 / 127.5, do_normalize=False), (0.0,) * 3, (0.5,) * 3),
    (lambda image: torch.from_numpy(np.array(image)).permute(2, 0, 1).double(), (0.0,) * 3, (1 / 255,) * 3),
    (transforms.Compose([letterbox, *NORMALISE]), MEAN, STD),
])  # fmt: skip
def test_mean_and_std_are_those_of_any_library(transform, mean, std):
    found = constants_of(transform_of(transform))
    assert found.mean == pytest.approx(mean, abs=2e-6)
    assert found.std == pytest.approx(std, abs=2e-6)


@pytest.mark.parametrize("transform", [
    transforms.Compose([transforms.Grayscale(3), *NORMALISE]),
    transforms.Compose([ImageOps.autocontrast, *NORMALISE]),
    transforms.Compose([ImageOps.equalize, *NORMALISE]),
    transforms.Compose([ImageOps.invert, *NORMALISE]),
    transforms.Compose([*NORMALISE, lambda x: x.flip(0)]),
    transforms.Compose([*NORMALISE, lambda x: x.sigmoid()]),
    transforms.Compose([transforms.ToTensor(), lambda x: x - x.mean()]),
    transforms.Compose([transforms.ToTensor(), lambda x: x[:2]]),
    lambda image: torch.zeros(3, 4, 4),
    lambda image: 1 / 0,
])  # fmt: skip
def test_what_is_more_than_mean_and_std_has_none(transform):
    assert constants_of(transform_of(transform)) is None


def test_of_gray_images():
    steps = transforms.Compose(
        [transforms.Grayscale(), transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)]
    )
    for gray in (True, False):
        found = constants_of(transform_of(steps), gray)
        assert (found.mean, found.std) == (
            pytest.approx([0.1307], abs=2e-6),
            pytest.approx([0.3081], abs=2e-6),
        )


NUMPYS = np.random.default_rng(0)


@pytest.mark.parametrize(("step", "name"), [
    (transforms.RandomResizedCrop(16), r" \(RandomResizedCrop\)"),
    (transforms.RandomHorizontalFlip(0.5), r" \(RandomHorizontalFlip\)"),
    (timm.data.create_transform(32, is_training=True).transforms[0], "RandomResizedCropAndInterpolation"),
    (lambda image: image.rotate(random.random()), ""),
    (lambda image: image.rotate(NUMPYS.random()), ""),
])  # fmt: skip
def test_chance_is_refused_by_name(step, name):
    whole = transforms.Compose([step, transforms.ToTensor()])
    check_refused(f"is random: two calls on one image differ.*{name}", check_repeats, transform_of(whole))


def test_random_numbers_that_change_nothing_here_are_said():
    steps = transforms.Compose([transforms.RandomGrayscale(0.0), transforms.ToTensor()])
    (note,) = check_repeats(transform_of(steps))
    assert "draws random numbers (RandomGrayscale)" in note
    assert check_repeats(transform_of(transforms.ToTensor())) == ()
    assert check_repeats(transform_of(lambda image: 1 / 0)) == ()


def test_the_users_random_numbers_are_left_alone():
    torch.manual_seed(5)
    random.seed(5)
    before = torch.random.get_rng_state(), random.getstate()
    steps = transform_of(transforms.Compose([transforms.RandomGrayscale(0.0), transforms.ToTensor()]))
    check_repeats(steps)
    constants_of(steps)
    assert torch.equal(before[0], torch.random.get_rng_state()) and before[1] == random.getstate()
