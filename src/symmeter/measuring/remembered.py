"""Outputs that were found before: a run asks a model about a sample once, whoever else wants to know."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Outputs = list[Tensor]

FEW_SAMPLES = 2


@dataclass(frozen=True)
class Remembered:
    """What a model made of samples x (b, ...) in several ways: `outputs` (b, ...), way by way, then target by target.

    >>> x = torch.arange(3.0)[:, None]
    >>> one = Remembered(x, [[x.square()]])
    >>> one.of(x[:1]), one.of(x[1:])
    ([[tensor([[0.]])]], None)
    """

    x: Tensor
    outputs: Sequence[Outputs]

    @staticmethod
    def some(x: Tensor, outputs: Sequence[Outputs]) -> "Remembered":
        """Copies of what is known of the first few of samples x (b, ...): what is left of a batch can be freed."""
        return Remembered(x[:FEW_SAMPLES], [[y[:FEW_SAMPLES].clone() for y in one] for one in outputs])

    def of(self, x: Tensor) -> list[Outputs] | None:
        """Those of x (n, ...) where these are the first of the samples; None for others."""
        if not torch.equal(self.x[: len(x)], x):
            return None
        return [[y[: len(x)] for y in outputs] for outputs in self.outputs]
