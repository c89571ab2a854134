"""Token sequences whose tokens sit on a known grid, behind prefix tokens that do not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Tokens(Representation):
    """(B, prefix + rows * columns, C): the grid tokens move as an image, the prefix tokens stay.

    `grid` = (rows, columns) and `prefix` come from the model or its user; they are never guessed from a count.
    """

    interpolant: Interpolant
    grid: tuple[int, int]
    prefix: int = 0
    padding: str = "reflect"

    @property
    def channel_axis(self) -> int:
        return -1

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, of the shape of x each; 0 at the prefix tokens."""
        prefix, image = self._split(x)
        still = torch.zeros_like(prefix)
        moved = Grid(self.interpolant, "channels_last").differentiate_all(generators, image)
        return [torch.cat([still, m.flatten(-3, -2)], -2) for m in moved]

    def pair_all(self, generators: Sequence[Generator], covector: Tensor, x: Tensor) -> Tensor:
        """<w, X x> for a covector w of the shape of x, (T, B) float64."""
        _, weights = self._split(covector)
        _, image = self._split(x)
        return Grid(self.interpolant, "channels_last").pair_all(generators, weights, image)

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved tokens, of the shape of x, and the mask (prefix + rows * columns, 1), which is 1 at the prefix."""
        prefix, image = self._split(x)
        acting = Grid(self.interpolant, "channels_last", padding=self.padding).acting(image)

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            valid = torch.cat([torch.ones_like(prefix[0, :, :1]), mask.flatten(0, 1)], 0)
            return torch.cat([prefix, moved.flatten(-3, -2)], -2), valid

        return act

    def border(self, x: Tensor) -> Tensor:
        """(prefix + rows * columns, 1), 0 at the prefix tokens."""
        prefix, image = self._split(x)
        ring = Grid(self.interpolant, "channels_last").border(image).flatten(0, 1)
        return torch.cat([ring.new_zeros(prefix.shape[-2], 1), ring], 0)

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The prefix tokens (B, prefix, C), and the others as (B, rows, columns, C)."""
        rows, columns = self.grid
        if x.shape[-2] != self.prefix + rows * columns:
            expected = f"{self.prefix} + {rows} x {columns}"
            raise ValueError(f"{x.shape[-2]} tokens in {tuple(x.shape)} are not {expected}")
        return x[..., : self.prefix, :], x[..., self.prefix :, :].unflatten(-2, self.grid)

    def describe(self) -> str:
        return f"{self.grid[0]} x {self.grid[1]} tokens behind {self.prefix}"
