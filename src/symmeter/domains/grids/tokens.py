"""Token sequences whose tokens sit on a known grid, behind prefix tokens that do not."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.grid import CHANNELS_LAST, Grid
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.pairing import OfPart, Pairing
from symmeter.symmetry.representations.representation import Acted, Representation

_WORD = re.compile(r"^tokens\((?:(\d+)\+)?(\d+(?:x\d+)*)\)$")


@dataclass(frozen=True)
class Tokens(Representation):
    """(B, prefix + rows * columns, C): the grid tokens move as a grid of one to three axes, the prefix tokens stay.

    `grid` = (rows, columns) and `prefix` come from the model or its user; they are never guessed from a count.
    """

    interpolant: Interpolant
    grid: tuple[int, ...]
    prefix: int = 0
    padding: str = "reflect"
    spacing: tuple[float, ...] | None = None

    @property
    def channel_axis(self) -> int:
        return -1

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, of the shape of x each; 0 at the prefix tokens."""
        prefix, places = self._split(x)
        still = torch.zeros_like(prefix)
        return [self._joined(still, moved) for moved in self._places.differentiate_all(generators, places)]

    def pairing(self, x: Tensor) -> Pairing:
        """That of the grid tokens."""
        cut = lambda tokens: self._split(tokens)[1]
        return OfPart(self._places.pairing(cut(x)), cut)

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved tokens, of the shape of x, and the mask (prefix + rows * columns, 1), which is 1 at the prefix."""
        prefix, places = self._split(x)
        acting = self._places.acting(places)

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            valid = self._joined(torch.ones_like(prefix[0, :, :1]), mask)
            return self._joined(prefix, moved), valid

        return act

    def border(self, x: Tensor) -> Tensor:
        """(prefix + rows * columns, 1), 0 at the prefix tokens."""
        prefix, places = self._split(x)
        ring = self._places.border(places)
        return self._joined(ring.new_zeros(prefix.shape[-2], 1), ring)

    @property
    def _places(self) -> Grid:
        """How the grid tokens move, as (B, rows, columns, C)."""
        own = {"padding": self.padding, "axes": len(self.grid), "spacing": self.spacing}
        return Grid(self.interpolant, CHANNELS_LAST, **own)

    def _joined(self, prefix: Tensor, places: Tensor) -> Tensor:
        """Tokens (..., prefix, C) before a grid (..., rows, columns, C), as (..., prefix + rows * columns, C)."""
        return torch.cat([prefix, places.flatten(-1 - len(self.grid), -2)], -2)

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The prefix tokens (B, prefix, C), and the others as (B, rows, columns, C)."""
        if x.shape[-2] != self.prefix + math.prod(self.grid):
            expected = f"{self.prefix} + {self._by}"
            raise ValueError(f"{x.shape[-2]} tokens in {tuple(x.shape)} are not {expected}")
        return x[..., : self.prefix, :], x[..., self.prefix :, :].unflatten(-2, self.grid)

    @property
    def _by(self) -> str:
        return " x ".join(map(str, self.grid))

    def describe(self) -> str:
        return f"{self._by} tokens behind {self.prefix}"


def is_tokens(word: str) -> bool:
    """Whether a word says where the tokens of a sequence are on a grid.

    >>> is_tokens("tokens(1+14x14)"), is_tokens("tokens(4x4x4)"), is_tokens("tokens")
    (True, True, False)
    """
    return _WORD.match(word) is not None


def tokens_by(word: str, y: Tensor, grid: Grid) -> Tokens:
    """How tokens y (B, N, C) move by a word such as `tokens(1+4x4x4)`, on a grid of as many axes as this one.

    ValueError where y has another shape, or the grid other axes.
    """
    prefix, sizes = _WORD.match(word).groups("0")  # type: ignore[union-attr]
    own = tuple(map(int, sizes.split("x")))
    if len(own) != grid.axes or y.shape[1:-1] != (int(prefix) + math.prod(own),):
        shape = ", ".join(["B", *map(str, y.shape[1:])])
        raise ValueError(f"it has shape ({shape}), which is not {word} on a grid of {grid.axes} axes")
    return Tokens(grid.interpolant, own, int(prefix), grid.padding, grid.spacing)
