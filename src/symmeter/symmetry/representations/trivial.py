"""The trivial representation: nothing changes. With it as rho_out, equivariance is invariance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.pairing import OfNothing, Pairing
from symmeter.symmetry.representations.representation import Acted, Representation, Value


@dataclass(frozen=True)
class Trivial(Representation):
    """rho(g) x = x and X x = 0, for tensors of any shape, or tuples and dicts of them.

    `batch_axis` numbers the samples; it is 0 but inside of networks, as in the states of a recurrent one.

    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> Trivial().differentiate(GENERATORS["rotation"], torch.ones(2, 3)).sum()
    tensor(0.)
    """

    batch_axis: int = 0

    @property
    def binds(self) -> bool:
        return False

    @property
    def channel_axis(self) -> None:
        return None

    def acting(self, x: Value) -> Callable[[Element], Acted]:
        """x itself for every element, and one mask () of 1, per tensor of x."""
        mask = pytree.tree_map(lambda leaf: torch.ones((), dtype=leaf.dtype, device=leaf.device), x)
        return lambda element: (x, mask)

    def differentiate_all(self, generators: Sequence[Generator], x: Value) -> list[Value]:
        """Zeros of the shape of x: one number, expanded, so that they cost no memory per generator."""
        zero = pytree.tree_map(lambda leaf: leaf.new_zeros(()).expand(leaf.shape), x)
        return [zero for _ in generators]

    def pairing(self, x: Tensor) -> Pairing:
        """Zeros, for x (B, ...) or with B in its place."""
        return OfNothing(x.shape[self.batch_axis])

    def describe(self) -> str:
        return "invariant"
