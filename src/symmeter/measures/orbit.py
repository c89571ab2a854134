"""What measures see of an orbit: one element at a time, in the two frames in which it can be compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation

WIDE = 2**16  # outputs of at most so many entries are compared in float64


@dataclass
class Chunk:
    """What is known of b images whatever the element.

    `reference` (b, ...) is f(x). `mean` is f averaged over the kernel of rho_out, None for f(x) itself, where the
    kernel is the identity alone. `other` is f of another image per image; `labels` are (b,).

    `count` elements are run over. `sampled` says whether they were drawn at random, `block` elements in a row together,
    and `finite` whether the group is.
    `equal_pairs` is how many ordered pairs of positions count as the same element: 0 in a quadrature, where the
    diagonal is a part of the integral. `halves` are the means over every other block of elements, where `mean` had to
    be estimated from the elements that were drawn. `weights` are how much each element counts, by its position; None
    for all alike.
    """

    reference: Tensor
    rho: Representation
    count: int
    sampled: bool = False
    block: int = 1
    finite: bool = True
    equal_pairs: int = 0
    mean: Tensor | None = None
    halves: tuple[Tensor, ...] = ()
    other: Tensor | None = None
    labels: Tensor | None = None
    weights: Sequence[float] | None = None
    _actions: dict[str, Callable[[Element], Acted]] = field(default_factory=dict)

    def act(self, which: str, element: Element) -> Acted:
        """rho(g) of `reference` or `mean` (b, ...), and its mask; what elements share is computed once."""
        if which not in self._actions:
            self._actions[which] = self.rho.action(getattr(self, which))
        return self._actions[which](element)


@dataclass
class View:
    """One element g on a chunk: y = f(g x), (b, ...), and what it should be.

    `position` is the number of g among the elements. `still` says whether the inputs were moved by the identity:
    `element`, which moves the outputs, need not be what moved the inputs.
    """

    element: Element
    y: Tensor
    chunk: Chunk
    position: int = 0
    still: bool = False
    _found: dict[str, Any] = field(default_factory=dict)

    def shared(self, name: str, find: Callable[[], Any]) -> Any:
        """What several measures need of this element, found by the first of them that asks."""
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]

    @property
    def weight(self) -> float:
        """How much g counts in a mean over elements, 1 on average."""
        return 1.0 if self.chunk.weights is None else self.chunk.weights[self.position]

    @cached_property
    def conjugated(self) -> Acted:
        """z = rho(g)^-1 f(g x), and where it is valid: the conjugated model, in the frame of x."""
        return self.chunk.rho.act(self.element.inverse(), self.y)

    @cached_property
    def moved(self) -> Acted:
        """rho(g) f(x), and where it is valid: in the frame of g x."""
        return self.chunk.act("reference", self.element)

    @cached_property
    def expected(self) -> list[tuple[float, Acted]]:
        """rho(g) of the mean over the kernel, and where it is valid, with weights that add up to 1.

        A mean of M blocks that were drawn, this element's among them, is too close to y by some a / M + O(1 / M^2).
        Twice the distance to the mean of all, less that to the mean of half of the blocks, this one's among them, has
        no term in 1 / M, and for squares no other either.
        """
        if self.chunk.mean is None:
            return [(1.0, self.moved)]
        whole = self.chunk.act("mean", self.element)
        if not self.chunk.halves:
            return [(1.0, whole)]
        _, mask = whole
        half = self.chunk.halves[self.position // self.chunk.block % 2]
        return [(2.0, whole), (-1.0, (half, mask))]


def wide(y: Tensor) -> Tensor:
    """y (b, ...) in float64, unless that were too much memory."""
    return y.double() if y[0].numel() <= WIDE else y


def masked_mean(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean of (b, ...) over all but the batch axis, where the mask is 1: (b,) float64."""
    if mask is None or mask.ndim == 0:
        return values.flatten(1).mean(1, dtype=torch.float64)
    weights = mask.to(values).expand_as(values[:1])
    total = (values * weights).flatten(1).sum(1, dtype=torch.float64)
    return total / weights.sum(dtype=torch.float64).clamp(min=1)


def mean_square(a: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean of a^2, for a (b, ...), over all but the batch axis, where the mask is 1: (b,) float64."""
    return masked_mean(wide(a).square(), mask)
