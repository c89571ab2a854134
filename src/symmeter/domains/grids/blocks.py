"""Grids read at affinely moved positions along axes that mix, by blocks of neighbours: for grids in space.

Neighbours read from the same part of a grid. So each block's part is fetched once and summed along one axis after the
other: along x by a product with a matrix, which serves every y and z, then along y, then along z. A position by itself
would fetch as many entries as it has weights: 512 in space, or 2744 in double precision.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from symmeter.domains.grids.stencils import Axis, centre_of, places_of

_EDGE = 4  # of a block
_ENTRIES = 2**20  # that are in memory at once


def read_in_blocks(table: Tensor, axes: Sequence[Axis], source: Tensor) -> Tensor:
    """(..., y, x, grids), as many positions as there are, from a table (refined positions, grids) along axes x, y, z.

    The value at p = (x, y, z), in positions from the centre, is that at source @ (x, y, z, 1), for a source (n, n + 1)
    float64. Blocks are read in portions, so that memory is bounded.
    """
    n = len(axes)
    counts = [math.ceil(axis.size / _EDGE) for axis in axes]
    centre = centre_of(axes)
    linear, shift = source[:, :-1], source[:, -1]
    corners = (_EDGE * places_of(counts) - centre) @ linear.mT + shift + centre
    within = places_of([_EDGE] * n) @ linear.mT
    widths = [_width(axis, own) for axis, own in zip(axes, within.unbind(1), strict=True)]
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
    parts = [_part(axis, own) for axis, own in zip(axes, positions.unbind(2), strict=True)]
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


def _part(axis: Axis, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Of N blocks at positions (N, P): the refined positions (N, w) that each reads, and their weights (N, P, w)."""
    stencil = axis.stencil(positions.flatten())
    first = stencil.first.view_as(positions)
    lowest = first.amin(1, keepdim=True)
    taps = stencil.weights.shape[1]
    width = int((first - lowest).max()) + taps
    places = (first - lowest)[..., None] + torch.arange(taps)
    weights = torch.zeros(*positions.shape, width, dtype=torch.float64)
    weights.scatter_(2, places, stencil.weights.view(*positions.shape, taps))
    return axis.fold(lowest + torch.arange(width), axis.refined), weights


def _width(axis: Axis, positions: Tensor) -> int:
    """At most, of the part that a block at positions (P,) reads."""
    spread = float(positions.max() - positions.min()) * axis.refined / axis.size
    return math.ceil(spread) + axis.stencil(positions[:1]).weights.shape[1] + 1
