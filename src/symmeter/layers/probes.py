"""Cotangents for squared norms: exact on the most probable outputs, random signs on the rest."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Probe:
    """A cotangent z (B, ...) of the output; `random` tells whether it is one of several drawn alike."""

    cotangent: Tensor
    random: bool


def probes(y: Tensor, count: int, generator: torch.Generator) -> Iterator[Probe]:
    """`count` cotangents for an output y (B, ...), so that sum c(exact)^2 + mean c(random)^2 estimates ||c||^2.

    c is linear in the cotangent: c(z) = <z, v>. With no more entries than probes, every entry has a unit vector of
    its own and the sum is ||v||^2. Else half of the probes are unit vectors on the largest entries of each image (for
    probabilities these carry nearly all of the gradient), the others have signs +-1 on the remaining entries:
    E <z, v>^2 is the sum of their squares (Hutchinson), with a smaller variance than normal numbers have.
    """
    flat = y.flatten(1)
    entries = flat.shape[1]
    if entries <= count:
        exact = entries
    else:
        exact = count // 2 if y.ndim == 2 else 0
    order = flat.topk(exact, 1).indices if exact else flat.new_zeros(len(flat), 0, dtype=torch.long)
    for i in range(exact):
        yield Probe(torch.zeros_like(flat).scatter_(1, order[:, i : i + 1], 1.0).view_as(y), random=False)
    if exact == entries:
        return
    rest = torch.ones_like(flat).scatter_(1, order, 0.0)
    for _ in range(count - exact):
        signs = torch.randint(0, 2, flat.shape, generator=generator) * 2 - 1
        yield Probe((rest * signs.to(flat)).view_as(y), random=True)


class SquaredNorm:
    """Adds up squares of c(z): `value` is the estimate of ||c||^2, `variance` that of its random part.

    >>> norm = SquaredNorm()
    >>> for value, random in ((3.0, False), (1.0, True), (2.0, True)):
    ...     norm.add(torch.tensor(value), random)
    >>> norm.value, norm.variance
    (tensor(11.5000), tensor(2.2500))
    """

    def __init__(self) -> None:
        self._exact: Tensor | float = 0.0
        self._sum: Tensor | float = 0.0
        self._squares: Tensor | float = 0.0
        self._draws = 0

    def add(self, c: Tensor, random: bool) -> None:
        """Take in c(z) of one probe."""
        square = c.square()
        if random:
            self._sum, self._squares = self._sum + square, self._squares + square.square()
            self._draws += 1
        else:
            self._exact = self._exact + square

    @property
    def value(self) -> Tensor:
        """sum of the exact squares + mean of the random ones."""
        return torch.as_tensor(self._exact + (self._sum / self._draws if self._draws else 0.0))

    @property
    def variance(self) -> Tensor:
        """Of the mean of the random squares; NaN for a single draw, 0 when nothing was drawn."""
        if self._draws == 0:
            return torch.zeros_like(self.value)
        if self._draws == 1:
            return torch.full_like(self.value, float("nan"))
        mean = self._sum / self._draws
        spread = torch.as_tensor(self._squares / self._draws - mean * mean).clamp(min=0)
        return spread / (self._draws - 1)
