"""Fourier series of long lines by fast transforms: no matrix of n x n entries is ever made."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def refined(x: Tensor, weights: Tensor, finer: int) -> Tensor:
    """The series through x (..., n) on a grid `finer` times as fine, (..., finer n) float64, pixels at half-integers.

    `weights` (n // 2 + 1,) multiply its frequencies; for even n that of Nyquist belongs to both signs.
    """
    n = x.shape[-1]
    k = torch.arange(n // 2 + 1, dtype=torch.float64, device=x.device)
    weights = weights.to(x.device) * finer
    weights[-1] *= 1 - (1 - n % 2) / 2
    first = 0.5 / finer - 0.5  # where the finer grid begins, in positions of x
    turned = torch.polar(weights, 2 * math.pi * first * k / n)
    return torch.fft.irfft(torch.fft.rfft(x.double()) * turned, n=finer * n)


def gathered(fine: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
    """(..., P) values, each a sum over w entries of a line (..., m), at indices (P, w) and with weights (P, w)."""
    table = fine.flatten(0, -2).mT.contiguous()
    values = functional.embedding_bag(
        indices.to(fine.device), table, per_sample_weights=weights.to(fine), mode="sum"
    )
    return values.mT.reshape(*fine.shape[:-1], len(indices))
