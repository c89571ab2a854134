"""Grids read at affinely moved positions along axes that mix, each position by its own stencil: for planes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from symmeter.domains.grids.interpolants.interpolant import Stencil

_ENTRIES = 2**20  # of stencils that are in memory at once


@dataclass(frozen=True)
class Axis:
    """One that is read: its positions, those of its refined grid, where these are read from, and how they fold."""

    size: int
    refined: int
    stencil: Callable[[Tensor], Stencil]
    fold: Callable[[Tensor, int], Tensor]


def read_by_stencils(table: Tensor, axes: Sequence[Axis], source: Tensor) -> Tensor:
    """(..., y, x, grids), as many positions as there are, from a table (refined positions, grids) along axes x, y, z.

    The value at p = (x, y, z), in positions from the centre, is that at source @ (x, y, z, 1), for a source (n, n + 1)
    float64. Positions are taken in portions, so that memory is bounded.
    """
    sizes, centre = [axis.size for axis in axes], centre_of(axes)
    at = (places_of(sizes) - centre) @ source[:, :-1].mT + source[:, -1] + centre
    taps = math.prod(axis.stencil(at[:1, 0]).weights.shape[1] for axis in axes)
    portions = at.split(max(1, _ENTRIES // taps))
    return torch.cat([_summed(table, axes, portion) for portion in portions]).view(*reversed(sizes), -1)


def _summed(table: Tensor, axes: Sequence[Axis], at: Tensor) -> Tensor:
    """(P, grids) at positions (P, axes): a sum over rows of the table (refined positions, grids)."""
    indices = torch.zeros(len(at), 1, dtype=torch.long)
    weights = torch.ones(len(at), 1, dtype=table.dtype)
    stride = 1
    for axis, positions in zip(axes, at.unbind(1), strict=True):
        stencil = axis.stencil(positions)
        places = axis.fold(stencil.indices, axis.refined) * stride
        indices = (places[:, :, None] + indices[:, None, :]).flatten(1)
        weights = (stencil.weights[:, :, None].to(table.dtype) * weights[:, None, :]).flatten(1)
        stride *= axis.refined
    return functional.embedding_bag(
        indices.to(table.device), table, per_sample_weights=weights.to(table.device), mode="sum"
    )


def centre_of(axes: Sequence[Axis]) -> Tensor:
    """The position of the centre along x, y, z, (n,) float64 for n axes."""
    return torch.tensor([(axis.size - 1) / 2 for axis in axes], dtype=torch.float64)


def places_of(counts: Sequence[int]) -> Tensor:
    """All places of so many along x, y, z, x fastest: (P, n) float64."""
    along = [torch.arange(count, dtype=torch.float64) for count in reversed(counts)]
    return torch.cartesian_prod(*along).flip(1)
