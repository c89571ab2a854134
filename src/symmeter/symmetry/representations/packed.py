"""How a group acts on inputs of several tensors: on each leaf in its own way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial


@dataclass(frozen=True)
class Packed(Representation):
    """The direct sum of leaves, packed as (B, entries): `shapes` are those of the leaves per item, in order.

    >>> rho = Packed(((2, 2), (3,)), (Trivial(), Trivial()))
    >>> [tuple(part.shape) for part in rho.parts(torch.zeros(5, 7))]
    [(5, 2, 2), (5, 3)]
    """

    shapes: tuple[tuple[int, ...], ...]
    representations: tuple[Representation, ...]

    def parts(self, x: Tensor) -> list[Tensor]:
        """The leaves (..., *shape) of x (..., entries)."""
        sizes = [torch.Size(shape).numel() for shape in self.shapes]
        pieces = x.split(sizes, -1)
        return [
            piece.reshape(*x.shape[:-1], *shape) for piece, shape in zip(pieces, self.shapes, strict=True)
        ]

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (rho(g) x, mask), both (B, entries) or what broadcasts to it."""
        leaves = self.parts(x)
        actions = [rho.action(leaf) for rho, leaf in zip(self.representations, leaves, strict=True)]

        def act(element: Element) -> Acted:
            moved, masks = [], []
            for action in actions:
                leaf, mask = action(element)
                moved.append(_flat(leaf))
                masks.append(_flat(mask.expand_as(leaf[:1])))
            return torch.cat(moved, 1), torch.cat(masks, 1)

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, (B, entries) each."""
        found = [
            rho.differentiate_all(generators, leaf)
            for rho, leaf in zip(self.representations, self.parts(x), strict=True)
        ]
        return [torch.cat([_flat(leaf) for leaf in leaves], 1) for leaves in zip(*found, strict=True)]

    def bound_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """That of the first leaf that moves."""
        moved = [leaf for leaf, moves in zip(self.shapes, self.moving, strict=True) if moves]
        return moved[0] if moved else shape

    def describe(self) -> str:
        return " + ".join(rho.describe() for rho in self.representations)

    @property
    def moving(self) -> tuple[bool, ...]:
        """Of each leaf whether the group moves it at all."""
        return tuple(not isinstance(rho, Trivial) for rho in self.representations)


def _flat(leaf: Tensor) -> Tensor:
    """(B, ...) as (B, entries), one entry for (B,)."""
    return leaf.reshape(len(leaf), -1)
