"""Tensors whose axes hold the grid in pieces: windows, heads, channels before tokens."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from symmeter.domains.grids.axes.axes import BATCH, GRID, TOKENS, coordinates
from symmeter.domains.grids.grid import Grid
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.pairing import OfPart, Pairing
from symmeter.symmetry.representations.representation import Acted, Representation

# (role, size, step, prefix, inside): role `batch` has size -1, whatever the batch is; role `tokens` has `prefix`
# tokens before the grid factors (role, size, step) in `inside`. A factor of negative step counts backwards.
AxisFactor = tuple[str, int, int, int, tuple]


_RANKS = {role: rank for rank, role in enumerate((BATCH, "", *GRID))}


class _Piece(NamedTuple):
    """One factor of an axis of the tensor, behind its prefix tokens where it has any."""

    role: str
    size: int
    step: int
    axis: int

    @property
    def rank(self) -> int:
        """Its place among the batch, channels, and the coordinates of the grid."""
        return _RANKS.get(self.role, 1)


@dataclass(frozen=True)
class Rearranged(Representation):
    """Acts as `grid` does, after the axes have been taken apart into factors and put together, such as (B, C, H, W).

    `axes` holds, for every axis of the tensor, its factors in row-major order. Planes, rows and columns are the factors
    of roles `z`, `y` and `x`, ordered by step; all others are channels. `rolled` is how far each axis of the grid has
    been rolled, as in shifted windows.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> windows = ((("batch", -1, 1, 0, ()), ("y", 2, 2, 0, ())), (("y", 2, 1, 0, ()), ("x", 4, 1, 0, ())))
    >>> rho = Rearranged(Grid(Bandlimited()), windows)
    >>> rho.to_grid(torch.zeros(3 * 2, 8)).shape
    torch.Size([3, 1, 4, 4])
    """

    grid: Grid
    axes: tuple[tuple[AxisFactor, ...], ...]
    rolled: tuple[int, ...] = ()

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, of the shape of x each; 0 at prefix tokens."""
        tangents = self.grid.differentiate_all(generators, self.to_grid(x))
        still = torch.zeros_like(x)
        return [self._from_grid(tangent, still) for tangent in tangents]

    def pairing(self, x: Tensor) -> Pairing:
        """That of the grid, whichever axis has the images."""
        return OfPart(self.grid.pairing(self.to_grid(x)), self.to_grid)

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved value and its mask, both of the shape of x; prefix tokens stay as they are."""
        acting = self.grid.acting(self.to_grid(x))

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            valid = self._from_grid(mask.expand_as(moved).to(x), torch.ones_like(x))
            return self._from_grid(moved, x.clone()), valid

        return act

    def to_grid(self, x: Tensor) -> Tensor:
        """(B, C, ...) of the grid, such as (B, C, H, W); prefix tokens are left out."""
        _, tokens = self._split(x)
        pieces, order = self._pieces(), self._order()
        parts = tokens.reshape(self._sizes(tokens)).permute(order).flip(self._backwards())
        batch = parts.shape[0] if pieces[order[0]].role == BATCH else 1
        return self._roll(parts.reshape(batch, -1, *self._extents), -1)

    def _roll(self, whole: Tensor, direction: int) -> Tensor:
        """The grid (B, C, ...) rolled as the tensor is (1), or back (-1)."""
        shifts = [direction * shift for shift in self.rolled]
        return whole.roll(shifts, tuple(range(2, 2 + len(shifts)))) if any(shifts) else whole

    def _from_grid(self, whole: Tensor, like: Tensor) -> Tensor:
        """(B, C, ...) back into the axes of the tensor `like`, which gives the prefix tokens."""
        place, _ = self._prefix()
        prefix, tokens = self._split(like)
        sizes, order = self._sizes(tokens), self._order()
        parts = self._roll(whole, 1).reshape([sizes[i] for i in order]).flip(self._backwards())
        inverse = [order.index(i) for i in range(len(order))]
        back = parts.permute(inverse).reshape(tokens.shape)
        return back if prefix is None else torch.cat([prefix, back], place)

    def _split(self, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """The prefix tokens of x along their axis, None where there are none, and the rest."""
        place, length = self._prefix()
        if length is None:
            return None, x
        return x.narrow(place, 0, length), x.narrow(place, length, x.shape[place] - length)

    def _prefix(self) -> tuple[int, int | None]:
        """Which axis has a prefix, and how long that is: None where no axis has one."""
        for i, factors in enumerate(self.axes):
            for role, _, _, length, _ in factors:
                if role == TOKENS:
                    return i, length
        return 0, None

    def _pieces(self) -> list[_Piece]:
        """All factors in the order of the axes, those inside of tokens in the place of the tokens."""
        pieces = []
        for axis, factors in enumerate(self.axes):
            for role, size, step, _, inside in factors:
                if role != TOKENS:
                    pieces.append(_Piece(role, size, step, axis))
                for inner_role, inner_size, inner_step in inside:
                    pieces.append(_Piece(inner_role, inner_size, inner_step, axis))
        return pieces

    def _sizes(self, x: Tensor) -> list[int]:
        """Sizes of all factors for this tensor: that of the batch is what the others leave of its axis."""
        pieces = self._pieces()
        left = list(x.shape)  # of each axis, when the factors of known size are taken out
        for piece in pieces:
            if piece.size > 0:
                left[piece.axis] //= piece.size
        return [left[piece.axis] if piece.size < 0 else piece.size for piece in pieces]

    def _order(self) -> list[int]:
        """Positions of the factors as batch, channels, planes, rows, columns; coordinates from the largest step on."""
        pieces = self._pieces()

        def place(i: int) -> tuple[int, int]:
            piece = pieces[i]
            return piece.rank, (-abs(piece.step) if piece.role in GRID else i)

        return sorted(range(len(pieces)), key=place)

    def _backwards(self) -> list[int]:
        """Which of the ordered factors count backwards."""
        pieces = self._pieces()
        return [place for place, i in enumerate(self._order()) if pieces[i].step < 0]

    @property
    def _extents(self) -> list[int]:
        """Positions along each axis of the whole grid."""
        pieces = self._pieces()
        own = coordinates(self.grid.axes)
        return [math.prod(piece.size for piece in pieces if piece.role == role) for role in own]

    def describe(self) -> str:
        return f"grid {' x '.join(map(str, self._extents))}, in pieces"
