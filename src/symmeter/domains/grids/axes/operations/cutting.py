"""Rules of the operations that take a part of a tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor

from symmeter.domains.grids.axes.axes import (
    CHANNEL,
    FREQUENCIES,
    GRID,
    TOKENS,
    UNKNOWN,
    Axes,
    Axis,
    Factor,
    axis,
    channels_if,
    roles,
    settle,
    tokens,
)
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, rule, rule_of_one


def _cut(factors: Axis, total: int, start: int, size: int, step: int = 1) -> Axis:
    """A part of an axis: of a grid axis a grid of its own, of tokens the prefix or the grid."""
    if size == total:
        return factors
    if size <= 1 or not factors:
        return axis(CHANNEL, size)
    first = factors[0]
    alone = len(factors) == 1
    if alone and first.role == TOKENS:
        return _cut_tokens(first, total, start, size, step)
    if alone and first.role in (*GRID, *FREQUENCIES.values()) and not first.rolled:
        return first.resized(size)
    return channels_if(roles(factors) == {CHANNEL}, size)


def _cut_tokens(whole: Factor, total: int, start: int, size: int, step: int) -> Axis:
    """A part of a token axis: with the whole grid it is tokens still, from the prefix alone it is channels."""
    if step > 1:
        return axis(UNKNOWN, size)
    if start <= whole.prefix and start + size == total:
        return tokens(whole.prefix - start, whole.inside)
    return channels_if(start + size <= whole.prefix, size)


@rule_of_one("slice")
def _slice(
    axes: Axes,
    outputs: list[Tensor],
    x: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Found:
    """x (..., N, ...) to (..., n, ...), every `step`-th index from start to end."""
    found = list(axes)
    total = x.shape[dim]
    first = range(total)[slice(start, end, step)].start
    found[dim] = _cut(found[dim], total, first, outputs[0].shape[dim], step)
    return [settle(tuple(found))]


@rule_of_one("select")
def _select(axes: Axes, outputs: list[Tensor], x: Tensor, dim: int, index: int) -> Found:
    """x (..., N, ...) at one index, without that axis."""
    found = list(axes)
    found.pop(dim)
    return [settle(tuple(found))]


@rule_of_one("split split_with_sizes chunk unsafe_split unsafe_split_with_sizes")
def _split(axes: Axes, outputs: list[Tensor], x: Tensor, sizes: object, dim: int = 0) -> Found:
    """x (..., N, ...) to several (..., n, ...) that lie one behind the other."""
    found: Found = []
    start = 0
    for output in outputs:
        part = list(axes)
        part[dim] = _cut(part[dim], x.shape[dim], start, output.shape[dim])
        start += output.shape[dim]
        found.append(settle(tuple(part)))
    return found


@rule_of_one("unbind")
def _unbind(axes: Axes, outputs: list[Tensor], x: Tensor, dim: int = 0) -> Found:
    """x (..., N, ...) to N tensors without that axis."""
    return _select(axes, outputs, x, dim, 0) * len(outputs)


@rule("index")
def _index(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, indices: Sequence[Tensor | None]) -> Found:
    """x (..., N, ...) at a constant list of indices (n,) along one axis; any other indexing is not followed."""
    axes = list(axes_of(x) or ())
    ((dim, chosen),) = [(i, index) for i, index in enumerate(indices) if index is not None]
    if chosen.ndim != 1 or chosen.dtype == torch.bool or axes_of(chosen) is not None:
        return [None]
    axes[dim] = channels_if(roles(axes[dim]) <= {CHANNEL}, outputs[0].shape[dim])
    return [tuple(axes)]
