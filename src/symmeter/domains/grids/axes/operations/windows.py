"""Rules of windows that slide along an axis: frames of a signal, and what puts them together again."""

import math
from collections.abc import Sequence

from torch import Tensor

from symmeter.domains.grids.axes.axes import CHANNEL, Axes, Axis, axis, grid_along, reshape
from symmeter.domains.grids.axes.operations.operation import Found, rule_of_one


@rule_of_one("unfold")
def _unfold(axes: Axes, outputs: list[Tensor], x: Tensor, dim: int, size: int, step: int) -> Found:
    """x (..., N, ...) to (..., count, ..., size): which window, and where in it."""
    count = outputs[0].shape[dim]
    return [_windows(axes, x, dim % x.ndim, count, size, step)]


def _windows(axes: Axes, x: Tensor, dim: int, count: int, size: int, step: int) -> Axes | None:
    """Of x (..., N, ...), windows side by side are the coarse and the fine part of a coordinate.

    Others are what a convolution makes of it, with as many channels as a window has entries.
    """
    side_by_side = size == step and count * size == x.shape[dim]
    split = reshape((axes[dim],), (count, size)) if side_by_side else _sliding(axes, dim, count, size)
    return split and (*axes[:dim], split[0], *axes[dim + 1 :], split[1])


def _sliding(axes: Axes, dim: int, count: int, size: int) -> tuple[Axis, Axis] | None:
    along = grid_along(axes, dim)
    return along and (along.resized(count), axis(CHANNEL, size))


@rule_of_one("as_strided")
def _as_strided(
    axes: Axes, outputs: list[Tensor], x: Tensor, size: Sequence[int], stride: Sequence[int], *_: object
) -> Found:
    """x of any shape seen with other strides: what is known of the same entries, or of windows along one axis."""
    if tuple(size) == tuple(x.shape):
        return [axes if _are_in_order(size, stride) else None]
    *outer, inside = stride
    dim = list(x.stride()).index(inside)
    own = zip(size[:-1], outer, x.shape, x.stride(), strict=True)
    moved = [i for i, (n, s, before, was) in enumerate(own) if (n, s) != (before, was)]
    if moved != [dim]:
        return [None]
    return [_windows(axes, x, dim, size[dim], size[-1], outer[dim] // inside)]


def _are_in_order(size: Sequence[int], stride: Sequence[int]) -> bool:
    """Whether nothing but the strides of axes of size 1 differs from those of dense memory, as in global pooling."""
    dense = (math.prod(size[i + 1 :]) for i in range(len(size)))
    return all(n == 1 or own == expected for n, own, expected in zip(size, stride, dense, strict=True))


@rule_of_one("unfold_backward")
def _overlapped(
    axes: Axes, outputs: list[Tensor], x: Tensor, sizes: Sequence[int], dim: int, *_: object
) -> Found:
    """Windows (..., count, ..., size) added up where they overlap, to (..., N, ...): a transposed convolution."""
    before, after = axes[:dim], axes[dim + 1 : -1]
    along = grid_along((*before, axes[dim] + axes[-1], *after), dim)
    return [along and (*before, along.resized(sizes[dim]), *after)]
