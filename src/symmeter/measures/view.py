"""What measures see of an orbit: one element at a time, in the two frames in which it can be compared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from symmeter.groups import Element
from symmeter.representations import Representation
from symmeter.representations.base import Acted

WIDE = 2**16  # outputs of at most so many entries are compared in float64


@dataclass
class Chunk:
    """Some images: what does not depend on the element.

    `reference` is f(x), `mean` is f averaged over the kernel of rho_out (f(x) itself where the kernel is the
    identity alone), `other` is f of another image. `count` elements are run over, `kernel_count` of them are in the
    kernel, and `sampled` says whether they were drawn at random.
    """

    reference: Tensor
    rho: Representation
    count: int
    kernel_count: int
    sampled: bool
    mean: Tensor | None = None
    other: Tensor | None = None
    labels: Tensor | None = None
    _actions: dict[str, Callable[[Element], Acted]] = field(default_factory=dict)

    def act(self, which: str, element: Element) -> Acted:
        """rho(g) of `reference` or `mean`, sharing what elements share."""
        if which not in self._actions:
            self._actions[which] = self.rho.action(getattr(self, which))
        return self._actions[which](element)


@dataclass
class View:
    """One element g on a chunk: y = f(g x), and what it should be."""

    element: Element
    y: Tensor
    chunk: Chunk

    @cached_property
    def conjugated(self) -> Acted:
        """z = rho(g)^-1 f(g x), and where it is valid: the conjugated model, in the frame of x."""
        return self.chunk.rho.act(self.element.inverse(), self.y)

    @cached_property
    def moved(self) -> Acted:
        """rho(g) f(x), and where it is valid: in the frame of g x."""
        return self.chunk.act("reference", self.element)

    @cached_property
    def expected(self) -> Acted:
        """rho(g) of the mean over the kernel, and where it is valid."""
        return self.moved if self.chunk.mean is None else self.chunk.act("mean", self.element)


def wide(y: Tensor) -> Tensor:
    """In float64, unless that were too much memory."""
    return y.double() if y[0].numel() <= WIDE else y


def masked_mean(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean over all but the batch axis, where the mask is 1: (b,) float64."""
    if mask is None or mask.ndim == 0:
        return values.flatten(1).mean(1, dtype=torch.float64)
    weights = mask.to(values).expand_as(values[:1])
    total = (values * weights).flatten(1).sum(1, dtype=torch.float64)
    return total / weights.sum(dtype=torch.float64).clamp(min=1)


def mean_square(a: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean of a^2 over all but the batch axis, where the mask is 1: (b,) float64."""
    return masked_mean(wide(a).square(), mask)
