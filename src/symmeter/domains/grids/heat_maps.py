"""Heat maps, one channel for each keypoint: the grid moves, and left and right change places under flips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.swap import Pairs, check_swap, mirrors, swapped
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class HeatMaps(Representation):
    """(B, K, H, W): (g h)_k(p) = h_s(k)(g^-1 p), where s exchanges the pairs of `swap` if g mirrors the plane.

    >>> import torch
    >>> from symmeter.domains.grids.affine_map import FLIP_X, AffineMap
    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> maps = torch.tensor([[[[1.0, 0.0]], [[5.0, 7.0]]]])
    >>> HeatMaps(Grid(Bandlimited()), ((0, 1),)).act(AffineMap(FLIP_X), maps)[0].tolist()
    [[[[7.0, 5.0]], [[0.0, 1.0]]]]
    """

    grid: Grid
    swap: Pairs = ()

    @property
    def channel_axis(self) -> int:
        return self.grid.channel_axis

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved maps, of the shape of x, and the mask of the grid."""
        check_swap(self.swap, x.shape[self.channel_axis], "channels")
        acting = self.grid.acting(x)

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            return (swapped(moved, self.swap, self.channel_axis) if mirrors(element) else moved), mask

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X h for every generator, of the shape of x each: along generators nothing is mirrored."""
        return self.grid.differentiate_all(generators, x)

    def border(self, x: Tensor) -> Tensor:
        return self.grid.border(x)

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.reach(generator, x)

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.step(generator, x)

    def describe(self) -> str:
        return f"heat maps, {self.grid.describe()}"
