"""Rules of the operations that put tensors together: beside one another, or into a larger one."""

import itertools
from collections.abc import Sequence

from torch import Tensor

from symmeter.domains.grids.axes.axes import (
    CHANNEL,
    GRID,
    UNKNOWN,
    Axes,
    Axis,
    axis,
    has_grid,
    padded,
    parts_of,
    roles,
    tokens,
    unify,
)
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, elementwise, rule, rule_of_one


@rule("cat")
def _cat(axes_of: AxesOf, outputs: list[Tensor], tensors: Sequence[Tensor], dim: int = 0) -> Found:
    """Several (..., n, ...) to (..., N, ...), N the sum of the n."""
    shape = outputs[0].shape
    dim %= len(shape)
    others: Axes = ()
    other_sizes = [*shape[:dim], 1, *shape[dim + 1 :]]
    pieces, sizes = [], []
    for tensor in tensors:
        size = tensor.shape[dim] if tensor.ndim == len(shape) else 0
        if not size:
            continue  # an empty tensor, which torch leaves out
        own = axes_of(tensor)
        if own is not None:
            others = unify(others, (*own[:dim], (), *own[dim + 1 :]), other_sizes)
        pieces.append(own[dim] if own else axis(CHANNEL, size))
        sizes.append(size)
    return [(*others[:dim], _joined(pieces, sizes), *others[dim + 1 :])]


def _joined(pieces: list[Axis], sizes: list[int]) -> Axis:
    """Channels beside channels; channels before a grid are its prefix tokens."""
    *before, last = pieces
    total = sum(sizes)
    if not before:
        return last
    if roles(itertools.chain.from_iterable(before)) - {CHANNEL}:
        return axis(UNKNOWN, total)
    if roles(last) <= {CHANNEL}:
        return axis(CHANNEL, total)
    if not has_grid(last) or UNKNOWN in roles(last):
        return axis(UNKNOWN, total)
    prefix = sum(sizes[:-1]) + sum(f.prefix for f in last)
    return tokens(prefix, tuple(parts_of(last)))


@rule("stack")
def _stack(axes_of: AxesOf, outputs: list[Tensor], tensors: Sequence[Tensor], dim: int = 0) -> Found:
    """N tensors of one shape (...) to (..., N, ...): the new axis is one of channels."""
    single = elementwise(axes_of, [tensors[0]], *tensors)[0] or ()
    dim %= outputs[0].ndim
    return [(*single[:dim], axis(CHANNEL, len(tensors)), *single[dim:])]


@rule_of_one(
    "constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d "
    "replication_pad1d replication_pad2d replication_pad3d"
)
def _pad(axes: Axes, outputs: list[Tensor], x: Tensor, pad: Sequence[int], *_: object) -> Found:
    """x of any shape in a larger one: a padded grid is a grid of its own.

    What is put before flattened tokens are prefix tokens.
    """
    shape = outputs[0].shape
    found = list(padded(axes, shape))
    pairs = zip(pad[::2], pad[1::2], strict=True)
    for i, (front, back) in enumerate(pairs, start=1):
        flattened = len(roles(axes[-i]) & set(GRID)) > 1
        if flattened and front > 0 and back == 0:
            found[-i] = _joined([axis(CHANNEL, front), axes[-i]], [front, shape[-i] - front])
    return [tuple(found)]
