"""How a group acts on inputs that do not all have the same shape."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Forms(Representation):
    """Direct sums of several forms, all (B, entries), told apart by how many entries they have.

    >>> from symmeter.symmetry.representations.trivial import Trivial
    >>> rho = Forms({7: Packed(((2, 2), (3,)), (Trivial(), Trivial())), 3: Packed(((3,),), (Trivial(),))})
    >>> rho.bound_shape((3,)), rho.describe()
    ((3,), 'invariant + invariant')
    """

    by_entries: Mapping[int, Packed]

    def fitted(self, x: Tensor) -> Packed:
        return self.by_entries[x.shape[1]]

    def leaves(self, x: Tensor) -> Packed:
        return self.fitted(x)

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (rho(g) x, mask), both (B, entries) or what broadcasts to it."""
        return self.fitted(x).acting(x)

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, (B, entries) each."""
        return self.fitted(x).differentiate_all(generators, x)

    def changes(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """Those of the shape of x."""
        return self.fitted(x).changes(generators, x)

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        return self.fitted(x).reach(generator, x)

    def bound_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.by_entries[shape[0]].bound_shape(shape)

    def describe(self) -> str:
        return next(iter(self.by_entries.values())).describe()
