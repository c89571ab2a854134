"""Blur of images."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from symmeter.corruption import corruption

_SIDE = 224  # pixels of the images that levels are for
_LEAST = 0.3  # pixels: what the smallest images are blurred by at least, for less would not show


def _scaled(x: Tensor, pixels: float) -> float:
    """A length in pixels of x (C, H, W), from that of an image of 224; on CIFAR's 32 it is much as in CIFAR-10-C."""
    share = min(x.shape[-2:]) / _SIDE
    return pixels * share + _LEAST * max(0.0, 1 - share)


def _averaged(x: Tensor, weights: Callable[[Tensor], Tensor], reach: float) -> Tensor:
    """x (C, H, W), mirrored at its edges, averaged by weights (n, n) of distances (n, n) up to a reach in pixels."""
    most = min(math.ceil(reach), min(x.shape[-2:]) - 1)
    places = torch.arange(-most, most + 1, dtype=x.dtype)
    kernel = weights(torch.hypot(places[:, None], places[None]))
    wide = pad(x[:, None], (most,) * 4, mode="reflect")
    return conv2d(wide, (kernel / kernel.sum())[None, None])[:, 0].clamp(0, 1)


@corruption("gaussian_blur", "a Gaussian of this deviation, in pixels of 224", 1.0, 2.0, 3.0, 4.0, 6.0)
def gaussian_blur(x: Tensor, deviation: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) averaged with the weights of a Gaussian, out to 4 deviations."""
    own = _scaled(x, deviation)
    return _averaged(x, lambda distances: (-((distances / own) ** 2) / 2).exp(), 4 * own)


@corruption("defocus_blur", "a disk of this radius, in pixels of 224", 3.0, 4.0, 6.0, 8.0, 10.0)
def defocus_blur(x: Tensor, radius: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) averaged over a disk with an edge of one pixel, as a lens out of focus does."""
    own = _scaled(x, radius)
    return _averaged(x, lambda distances: (own + 0.5 - distances).clamp(0, 1), own + 0.5)
