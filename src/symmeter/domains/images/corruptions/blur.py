"""Blur of images."""

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from symmeter.corruption import corruption
from symmeter.optional import require

_SIDE = 224  # pixels of the images that levels are for


def _scaled(x: Tensor, pixels: float) -> float:
    """A length in pixels of x (C, H, W), from that of an image of 224."""
    return pixels * min(x.shape[-2:]) / _SIDE


@corruption("gaussian_blur", "a Gaussian of this deviation, in pixels of 224", 1.0, 2.0, 3.0, 4.0, 6.0)
def gaussian_blur(x: Tensor, deviation: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) blurred by torchvision, out to 4 deviations or to as many pixels as there are."""
    own = _scaled(x, deviation)
    reach = min(math.ceil(4 * own), min(x.shape[-2:]) - 1)
    blur = require("torchvision.transforms.v2.functional", "vision").gaussian_blur
    return blur(x, [2 * reach + 1] * 2, [own] * 2).clamp(0, 1)


@corruption("defocus_blur", "a disk of this radius, in pixels of 224", 3.0, 4.0, 6.0, 8.0, 10.0)
def defocus_blur(x: Tensor, radius: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) averaged over a disk with soft edges, as a lens out of focus does."""
    own = _scaled(x, radius)
    reach = min(math.ceil(own + 0.5), min(x.shape[-2:]) - 1)
    places = torch.arange(-reach, reach + 1, dtype=x.dtype)
    distances = torch.hypot(places[:, None], places[None])
    disk = (own + 0.5 - distances).clamp(0, 1)
    disk[reach, reach] = 1.0
    wide = pad(x[:, None], (reach,) * 4, mode="reflect")
    return conv2d(wide, (disk / disk.sum())[None, None])[:, 0].clamp(0, 1)
