"""<w, X x> of one value with many covectors, as backward passes ask for it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.symmetry.groups.generators import Generator


class Pairing(ABC):
    """Inner products of covectors w with the derivatives X x of one tensor x (B, ...); what these share is kept."""

    @abstractmethod
    def __call__(self, generators: Sequence[Generator], covector: Tensor) -> Tensor:
        """<w, X x> per generator and sample, (T, B) float64, for a covector w of the shape of x."""

    @property
    def bytes(self) -> int:
        """Of memory, that what is kept takes beside x."""
        return 0


@dataclass(frozen=True)
class WithTangents(Pairing):
    """The plain way, by the derivatives themselves, made anew for each covector: they are as large as x each.

    >>> double = WithTangents(lambda generators: [2 * torch.ones(3, 4) for _ in generators], samples=3)
    >>> double([Generator("scale", "1")], torch.ones(3, 4))
    tensor([[8., 8., 8.]], dtype=torch.float64)
    """

    tangents: Callable[[Sequence[Generator]], list[Tensor]]  # X x of every generator, of the shape of x each
    samples: int  # in turn along the first axis

    def __call__(self, generators: Sequence[Generator], covector: Tensor) -> Tensor:
        products = [(covector * tangent).reshape(self.samples, -1) for tangent in self.tangents(generators)]
        return torch.stack([product.sum(1, dtype=torch.float64) for product in products])


@dataclass(frozen=True)
class OfNothing(Pairing):
    """Of what no generator moves: zeros."""

    samples: int

    def __call__(self, generators: Sequence[Generator], covector: Tensor) -> Tensor:
        return torch.zeros(len(generators), self.samples, dtype=torch.float64, device=covector.device)


@dataclass(frozen=True)
class OfPart(Pairing):
    """Of a part of x, or of x taken apart in another way: covectors are cut as x was."""

    inner: Pairing
    cut: Callable[[Tensor], Tensor]

    def __call__(self, generators: Sequence[Generator], covector: Tensor) -> Tensor:
        return self.inner(generators, self.cut(covector))

    @property
    def bytes(self) -> int:
        return self.inner.bytes
