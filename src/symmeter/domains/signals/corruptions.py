"""Corruptions of signals (C, L); amplitudes are in units of the root mean square of the signal itself."""

import torch
from torch import Tensor

from symmeter.corruption import corruption

_GAP = 0.02  # of the length: one part that is lost


def _size(x: Tensor) -> Tensor:
    """The root mean square of x (C, L) about its mean, a number without axes: ()."""
    return (x - x.mean(-1, keepdim=True)).square().mean().sqrt()


@corruption("noise", "white noise at 20, 15, 10, 5, 0 dB below the signal", 20.0, 15.0, 10.0, 5.0, 0.0)
def noise(x: Tensor, decibels: float, random: torch.Generator) -> Tensor:
    """x (C, L) with white noise of this ratio of signal to noise."""
    return x + 10 ** (-decibels / 20) * _size(x) * torch.randn(x.shape, generator=random, dtype=x.dtype)


@corruption("gain", "amplitude down by 6, 12, 18, 24, 30 dB", 6.0, 12.0, 18.0, 24.0, 30.0)
def gain(x: Tensor, decibels: float, random: torch.Generator) -> Tensor:
    """x (C, L), less loud."""
    return 10 ** (-decibels / 20) * x


@corruption("clipping", "cut off beyond so many root mean squares", 2.0, 1.5, 1.0, 0.7, 0.4)
def clipping(x: Tensor, most: float, random: torch.Generator) -> Tensor:
    """x (C, L) with its largest deviations from the mean cut off."""
    mean, limit = x.mean(-1, keepdim=True), most * _size(x)
    return mean + (x - mean).clamp(-limit, limit)


@corruption("dropouts", "this share of the time lost, in parts of 2 %", 0.02, 0.06, 0.1, 0.2, 0.4)
def dropouts(x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """x (C, L) with parts of it at the mean, in all channels at once; parts may overlap."""
    length = x.shape[-1]
    width = max(1, round(_GAP * length))
    starts = torch.randint(length, (max(1, round(share / _GAP)),), generator=random)
    lost = torch.zeros(length, dtype=torch.bool)
    lost[((starts[:, None] + torch.arange(width)) % length).flatten()] = True
    return torch.where(lost, x.mean(-1, keepdim=True), x)
