"""Grids read at affinely moved positions along axes that mix, by blocks of neighbours.

Neighbours read from the same part of a grid. So each block's part is fetched once and summed along one axis after the
other: along x by a product with a matrix, which serves every y and z, then along y, then along z. A position by itself
would fetch as many entries as it has weights: 512 in space, or 2744 in double precision.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from symmeter.domains.grids.interpolants.interpolant import Stencil

_EDGE = 4  # of a block
_ENTRIES = 2**20  # that are in memory at once


@dataclass(frozen=True)
class Axis:
    """One that is read: its positions, those of its refined grid, where these are read from, and how they fold."""

    size: int
    refined: int
    stencil: Callable[[Tensor], Stencil]
    fold: Callable[[Tensor, int], Tensor]

    def part(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Of blocks at positions (N, P): the refined positions (N, w) that a block reads, and their weights (N, P, w)."""
        stencil = self.stencil(positions.flatten())
        first = stencil.first.view_as(positions)
        lowest = first.amin(1, keepdim=True)
        taps = stencil.weights.shape[1]
        width = int((first - lowest).max()) + taps
        places = (first - lowest)[..., None] + torch.arange(taps)
        weights = torch.zeros(*positions.shape, width, dtype=torch.float64)
        weights.scatter_(2, places, stencil.weights.view(*positions.shape, taps))
        return self.fold(lowest + torch.arange(width), self.refined), weights

    def width(self, positions: Tensor) -> int:
        """At most, of the part that a block at positions (P,) reads."""
        spread = float(positions.max() - positions.min()) * self.refined / self.size
        return math.ceil(spread) + self.stencil(positions[:1]).weights.shape[1] + 1


def read_in_blocks(table: Tensor, axes: Sequence[Axis], source: Tensor) -> Tensor:
    """(..., y, x, grids), as many positions as there are, from a table (refined positions, grids) along axes x, y, z.

    The value at p = (x, y, z), in positions from the centre, is that at source @ (x, y, z, 1), for a source (n, n + 1)
    float64. Blocks are read in portions, so that memory is bounded.
    """
    n = len(axes)
    counts = [math.ceil(axis.size / _EDGE) for axis in axes]
    centre = torch.tensor([(axis.size - 1) / 2 for axis in axes], dtype=torch.float64)
    linear, shift = source[:, :-1], source[:, -1]
    corners = (_EDGE * _places(counts) - centre) @ linear.mT + shift + centre
    within = _places([_EDGE] * n) @ linear.mT
    widths = [axis.width(own) for axis, own in zip(axes, within.unbind(1), strict=True)]
    entries = (len(within) + widths[0]) * math.prod(widths[1:]) * table.shape[1]
    portions = corners.split(max(1, _ENTRIES // entries))
    blocks = torch.cat([_read(table, axes, portion[:, None] + within) for portion in portions])
    apart = blocks.view(*reversed(counts), *[_EDGE] * n, -1)
    beside = apart.permute(*[k for pair in zip(range(n), range(n, 2 * n), strict=True) for k in pair], 2 * n)
    whole = beside.reshape(*[_EDGE * count for count in reversed(counts)], -1)
    return whole[tuple(slice(axis.size) for axis in reversed(axes))]


def _read(table: Tensor, axes: Sequence[Axis], positions: Tensor) -> Tensor:
    """(N, P, grids) at the positions (N, P, axes) of N blocks."""
    blocks, inner, _ = positions.shape
    parts = [axis.part(own) for axis, own in zip(axes, positions.unbind(2), strict=True)]
    rows, stride = torch.zeros(blocks, 1, dtype=torch.long), 1
    for axis, (places, _) in zip(axes, parts, strict=True):
        rows = (rows[:, :, None] + places[:, None] * stride).flatten(1)
        stride *= axis.refined
    values = table.index_select(0, rows.flatten().to(table.device))
    weights = [own.to(table) for _, own in parts]
    values = weights[0] @ values.view(blocks, weights[0].shape[2], -1)
    for own in weights[1:]:
        values = own.flatten(0, 1)[:, None] @ values.view(blocks * inner, own.shape[2], -1)
    return values.view(blocks, inner, -1)


def _places(counts: Sequence[int]) -> Tensor:
    """All (x, y, z) of so many places along x, y, z, x fastest: (places, axes) float64."""
    along = [torch.arange(count, dtype=torch.float64) for count in reversed(counts)]
    return torch.cartesian_prod(*along).flip(1)
