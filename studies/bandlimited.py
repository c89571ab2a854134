"""Layers that alias little, on the circle: a blur before down-sampling, non-linearities on a finer grid."""

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional


class BlurPool(nn.Conv2d):
    """A binomial filter of 3 x 3 that is not learned, then every second sample (Zhang 2019)."""

    def __init__(self, channels: int):
        super().__init__(channels, channels, 3, 2, 1, groups=channels, bias=False, padding_mode="circular")
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.weight.data = (taps[:, None] * taps).expand(channels, 1, 3, 3).clone()
        self.weight.requires_grad_(False)


class Resized(nn.Module):
    """The same band-limited image on a square grid `factor` times as fine, or what fits a coarser one of it."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N, N) to (B, C, factor N, factor N)."""
        return resized(x, round(self.factor * x.shape[-1]))


class Filtered(nn.Module):
    """A non-linearity on a grid twice as fine, and what fits the grid of it (Karras et al. 2021, idealised)."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N, N) to the same."""
        n = x.shape[-1]
        return resized(self.inner(resized(x, 2 * n)), n)


def resized(x: Tensor, n: int) -> Tensor:
    """The band-limited image on another square grid of a torus; the Nyquist wave is left out."""
    matrix = _resampling(x.shape[-1], n).to(x)
    for _ in range(2):  # along one axis, then the other: one large product each
        x = functional.linear(x, matrix).mT
    return x


@lru_cache(maxsize=16)
def _resampling(size: int, n: int) -> Tensor:
    """(n, size): the sum of all waves that both grids carry, at the distance of a new sample from an old one."""
    distance = (
        torch.arange(n, dtype=torch.float64)[:, None] / n - torch.arange(size, dtype=torch.float64) / size
    )
    waves = torch.arange(1, (min(n, size) - 1) // 2 + 1, dtype=torch.float64)
    return (1 + 2 * torch.cos(2 * torch.pi * distance[..., None] * waves).sum(-1)) / size
