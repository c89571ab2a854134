"""How a group acts on inputs of several tensors: on each leaf in its own way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.trees import split_leaves


@dataclass(frozen=True)
class Packed(Representation):
    """The direct sum of leaves, packed as (B, entries): `shapes` are those of the leaves per item, in order.

    `whole` says which of them are whole numbers, such as kinds of atoms: a symmetry moves these, and nothing else may.

    >>> rho = Packed(((2, 2), (3,)), (Trivial(), Trivial()))
    >>> [tuple(part.shape) for part in rho.parts(torch.zeros(5, 7))]
    [(5, 2, 2), (5, 3)]
    """

    shapes: tuple[tuple[int, ...], ...]
    representations: tuple[Representation, ...]
    scales: tuple[float, ...] = ()  # by which the leaves were divided; none where they were not
    whole: tuple[bool, ...] = ()  # none where all are real numbers
    names: tuple[str, ...] = ()  # of the leaves, for messages

    def parts(self, x: Tensor) -> list[Tensor]:
        """The leaves (..., *shape) of x (..., entries)."""
        return split_leaves(x, self.shapes, self._scales)

    def joined(self, parts: Sequence[Tensor]) -> Tensor:
        """Leaves (B, *shape) as x (B, entries)."""
        pieces = [_flat(part) / scale for part, scale in zip(parts, self._scales, strict=True)]
        return torch.cat(pieces, 1)

    @property
    def displaceable(self) -> tuple[bool, ...]:
        """Which leaves can be changed by any amount, and are changed by a symmetry."""
        whole = self.whole or (False,) * len(self.shapes)
        leaves = zip(self.representations, whole, strict=True)
        return tuple(not isinstance(rho, Trivial) and not counted for rho, counted in leaves)

    @property
    def _scales(self) -> tuple[float, ...]:
        return self.scales or (1.0,) * len(self.shapes)

    def leaves(self, x: Tensor) -> "Packed":
        return self

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (rho(g) x, mask), both (B, entries) or what broadcasts to it."""
        leaves = self.parts(x)
        actions = [rho.action(leaf) for rho, leaf in zip(self.representations, leaves, strict=True)]

        def act(element: Element) -> Acted:
            acted = [action(element) for action in actions]
            masks = [_flat(mask.expand_as(leaf[:1])) for leaf, mask in acted]
            return self.joined([leaf for leaf, _ in acted]), torch.cat(masks, 1)

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, (B, entries) each."""
        found = [
            rho.differentiate_all(generators, leaf)
            for rho, leaf in zip(self.representations, self.parts(x), strict=True)
        ]
        return [self.joined(leaves) for leaves in zip(*found, strict=True)]

    def changes(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """Those of the leaves, (B, entries) each."""
        pairs = zip(self.representations, self.parts(x), strict=True)
        found = [rho.changes(generators, leaf) for rho, leaf in pairs]
        return [self.joined(leaves) for leaves in zip(*found, strict=True)]

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """That of the leaf that moves furthest."""
        found = [
            rho.reach(generator, leaf) for rho, leaf in zip(self.representations, self.parts(x), strict=True)
        ]
        return max(filter(None, found), default=None)

    def bound_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """That of the first leaf that binds a group."""
        leaves = zip(self.shapes, self.representations, strict=True)
        return next((leaf for leaf, rho in leaves if rho.binds), shape)

    def describe(self) -> str:
        return " + ".join(rho.describe() for rho in self.representations)


def _flat(leaf: Tensor) -> Tensor:
    """(B, ...) as (B, entries), one entry for (B,)."""
    return leaf.reshape(len(leaf), -1)
