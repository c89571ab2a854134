"""Rules of the views: the same entries under other axes."""

from collections.abc import Sequence

from torch import Tensor

from symmeter.domains.grids.axes.axes import (
    CHANNEL,
    Axes,
    Axis,
    axis,
    channels_if,
    constant,
    reshape,
    roles,
    size_of,
)
from symmeter.domains.grids.axes.operations.operation import Found, rule_of_one


@rule_of_one("view _unsafe_view reshape _reshape_alias")
def _view(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object) -> Found:
    """x of any shape to any shape of as many entries."""
    return [reshape(axes, outputs[0].shape)]


@rule_of_one("permute")
def _permute(axes: Axes, outputs: list[Tensor], x: Tensor, order: Sequence[int]) -> Found:
    """x of any shape, its axes in another order."""
    return [tuple(axes[i] for i in order)]


@rule_of_one("transpose t")
def _transpose(axes: Axes, outputs: list[Tensor], x: Tensor, a: int = 0, b: int = 1) -> Found:
    """x of any shape, two of its axes exchanged; one of a single axis is left as it is."""
    found = list(axes)
    if len(found) > 1:
        found[a], found[b] = found[b], found[a]
    return [tuple(found)]


@rule_of_one("unsqueeze squeeze")
def _singles(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object) -> Found:
    """x of any shape: axes of size 1 come and go, the others keep their order."""
    left = [factors for factors in axes if factors]
    found: list[Axis] = []
    for size in outputs[0].shape:
        found.append(() if size == 1 else left.pop(0))
    return [tuple(found)]


@rule_of_one("expand repeat")
def _expand(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object) -> Found:
    """x of any shape: what was one is the same at every index, repeated channels are channels.

    A tiled grid is not known.
    """
    new = outputs[0].ndim - len(axes)
    axes = ((),) * new + axes
    sized = zip(axes, outputs[0].shape, strict=True)
    return [tuple(_tiled(factors, size) for factors, size in sized)]


def _tiled(factors: Axis, size: int) -> Axis:
    if size_of(factors) == size:
        return factors
    if not factors:
        return constant(size)
    return channels_if(roles(factors) == {CHANNEL}, size)


@rule_of_one("view_as_complex")
def _pairs_as_complex(axes: Axes, outputs: list[Tensor], x: Tensor) -> Found:
    """x (..., 2) to (...), where the pairs are channels."""
    found = list(axes)
    pairs = found.pop()
    if roles(pairs) - {CHANNEL}:
        return [None]
    return [tuple(found)]


@rule_of_one("view_as_real")
def _complex_as_pairs(axes: Axes, outputs: list[Tensor], x: Tensor) -> Found:
    """x (...) to (..., 2)."""
    return [(*axes, axis(CHANNEL, 2))]
