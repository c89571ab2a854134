"""Small networks and images for cases: what is between them and the error is one layer."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Energies(nn.Module):
    """Means of squares (B, C) over maps (B, C, H, W): what is band-limited and moves keeps them exactly."""

    def forward(self, x: Tensor) -> Tensor:
        return x.square().mean((-2, -1))


def before_energies(*layers: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """What makes a network of some layers whose outputs are the energies of the last."""
    return lambda: nn.Sequential(*(make() for make in layers), Energies())


def noise(size: int = 16, channels: int = 2, samples: int = 6) -> Tensor:
    """Images (N, C, H, W) of independent pixels, in double precision."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(samples, channels, size, size, generator=generator, dtype=torch.float64)


def smooth(size: int = 16, channels: int = 2, samples: int = 6) -> Tensor:
    """Images (N, C, H, W) whose frequencies, of a periodic map, reach to a quarter of the pixels."""
    spectrum = torch.fft.fft2(noise(size, channels, samples) - 0.5)
    low = (torch.fft.fftfreq(size).abs() < 0.13).double()
    return torch.fft.ifft2(spectrum * low[:, None] * low).real * 16


PERIODIC = {"definition": "periodic"}
