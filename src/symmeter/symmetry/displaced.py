"""The insensitivity control over groups: a sample moved as far as an element moves it, in a direction that is none."""

from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation

Inputs = Callable[[Element], Tensor]
Still = Callable[[Tensor], Tensor]
Replaced = Callable[[Element, Tensor, Tensor], Tensor]
Turn = Callable[[Tensor, Tensor, Tensor], Tensor]


def displaced(
    rho: Representation,
    x: Tensor,
    other: Tensor,
    still: Still = lambda x: x,
    replaced: Replaced = lambda g, step, displacement: step,
    turn: Turn | None = None,
) -> Inputs:
    """g -> x (B, ...) changed by as much as g changes it, towards the displacement of another sample per sample.

    Every channel keeps its contrast, as under g: its deviation u from its mean m turns towards the deviation d of
    g other - other, m + cos(a) u + sin(a) |u| d/|d|, until it has moved as far as that of g x - x. Without that, a
    network that reacts to contrast alone would pass for symmetric. Means are displaced as far as g displaces them. Of
    several inputs each is turned by itself; those that the group leaves alone, and whole numbers, are left alone.

    `still` is what the identity makes of samples. `replaced(g, step, displacement)` may give other displacements in the
    place of `step`, those of `other`, which may be blank; `displacement` are the samples' own. `turn` may take the
    place of the turning, as `as_far` does, which keeps no contrast.
    """
    turn = turn or turned
    own, others, x, other = rho.action(x), rho.action(other), still(x), still(other)

    def inputs(g: Element) -> Tensor:
        displacement = own(g)[0] - x
        step = replaced(g, others(g)[0] - other, displacement)
        if not isinstance(rho, Packed):
            return turn(x, displacement, step)
        parts = zip(rho.displaceable, *map(rho.parts, (x, displacement, step)), strict=True)
        return rho.joined([turn(part, d, s) if moves else part for moves, part, d, s in parts])

    return inputs


def turned(x: Tensor, displacement: Tensor, step: Tensor, axes: tuple[int, ...] | None = None) -> Tensor:
    """x (B, ...) moved as far as by `displacement`, towards `step`, both of its shape; channels keep their contrast.

    `axes` are those of one channel: by default the grid of images (B, C, H, W), of anything else all but the first.
    """
    axes = axes or ((2, 3) if x.ndim == 4 else tuple(range(1, x.ndim)))
    mean, u = _mean_and_deviation(x, axes)
    contrast = _length(u, axes)
    mean_moved, moved = _mean_and_deviation(displacement, axes)
    mean_step, step = _mean_and_deviation(step, axes)
    step = step - u * ((step * u).sum(axes, keepdim=True) / contrast**2)
    half = (_length(moved, axes) / (2 * contrast)).clamp(max=1)  # sin(a/2)
    rotated = (1 - 2 * half**2) * u + 2 * half * (1 - half**2).sqrt() * contrast / _length(step, axes) * step
    size = mean_moved.norm(dim=1, keepdim=True) / _safe(mean_step.norm(dim=1, keepdim=True))
    return mean + mean_step * size + rotated


def as_far(x: Tensor, displacement: Tensor, step: Tensor) -> Tensor:
    """x (B, ...) and `step`, as long as `displacement`, both of its shape; contrast is not kept."""
    length, size = (u.flatten(1).norm(dim=1) for u in (step, displacement))
    return x + step * (size / _safe(length)).reshape(-1, *[1] * (x.ndim - 1))


def _mean_and_deviation(x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The mean of every channel, (B, C, 1, 1) for images, and x less that."""
    mean = x.mean(axes, keepdim=True)
    return mean, x - mean


def _length(u: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The norm of every channel, (B, C, 1, 1) for images, above 0."""
    return _safe(u.square().sum(axes, keepdim=True).sqrt())


def _safe(length: Tensor) -> Tensor:
    """Lengths that can be divided by."""
    return length.clamp(min=torch.finfo(length.dtype).tiny ** 0.5)
