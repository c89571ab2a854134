"""Noise of images: of the sensor, of the light itself, and pixels that are lost."""

import torch
from torch import Tensor

from symmeter.corruption import corruption


@corruption("gaussian_noise", "Gaussian noise of this standard deviation", 0.08, 0.12, 0.18, 0.26, 0.38)
def gaussian_noise(x: Tensor, deviation: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) + N(0, deviation^2) in every channel."""
    return (x + deviation * torch.randn(x.shape, generator=random)).clamp(0, 1)


@corruption("shot_noise", "Poisson noise of so many photons for white", 60.0, 25.0, 12.0, 5.0, 3.0)
def shot_noise(x: Tensor, photons: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) as counted by a sensor that white gives so many photons a channel: darker parts have less noise."""
    return (torch.poisson(x.clamp(0, 1) * photons, generator=random) / photons).clamp(0, 1)


@corruption("impulse_noise", "salt and pepper in this share of values", 0.03, 0.06, 0.09, 0.17, 0.27)
def impulse_noise(x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) with a share of its values 0 or 1, one as often as the other."""
    drawn = torch.rand(x.shape, generator=random)
    return torch.where(drawn < share, (drawn < share / 2).to(x.dtype), x)


@corruption("speckle_noise", "noise of this share of each value", 0.15, 0.2, 0.35, 0.45, 0.6)
def speckle_noise(x: Tensor, deviation: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) times 1 + N(0, deviation^2)."""
    return (x * (1 + deviation * torch.randn(x.shape, generator=random))).clamp(0, 1)
