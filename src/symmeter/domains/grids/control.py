"""The insensitivity control over groups: an image moved as far as an element moves it, in a direction that is none."""

from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation

Inputs = Callable[[Element], Tensor]


def displaced(
    rho: Representation,
    x: Tensor,
    other: Tensor,
    still: Callable[[Tensor], Tensor] = lambda x: x,
    replaced: Callable[[Element, Tensor, Tensor], Tensor] = lambda g, step, displacement: step,
) -> Inputs:
    """g -> x (B, ...) changed by as much as g changes it, towards the displacement of another image per image.

    Every channel keeps its contrast, as under g: its deviation u from its mean m turns towards the deviation d of
    g other - other, m + cos(a) u + sin(a) |u| d/|d|, until it has moved as far as that of g x - x. Without that, a
    network that reacts to contrast alone would pass for symmetric. Means are displaced as far as g displaces them.

    `still` is what the identity makes of images. `replaced(g, step, displacement)` may give other displacements in the
    place of `step`, those of `other`, which may be blank; `displacement` are the images' own.
    """
    own, others, x, other = rho.action(x), rho.action(other), still(x), still(other)
    mean, u = _mean_and_deviation(x)
    contrast = _length(u)

    def inputs(g: Element) -> Tensor:
        displacement = own(g)[0] - x
        mean_moved, moved = _mean_and_deviation(displacement)
        mean_step, step = _mean_and_deviation(replaced(g, others(g)[0] - other, displacement))
        step = step - u * ((step * u).sum(_plane(x), keepdim=True) / contrast**2)
        half = (_length(moved) / (2 * contrast)).clamp(max=1)  # sin(a/2)
        turned = (1 - 2 * half**2) * u + 2 * half * (1 - half**2).sqrt() * contrast / _length(step) * step
        size = mean_moved.norm(dim=1, keepdim=True) / _safe(mean_step.norm(dim=1, keepdim=True))
        return mean + mean_step * size + turned

    return inputs


def _plane(x: Tensor) -> tuple[int, ...]:
    """The axes of one channel of images (B, C, H, W); of anything else all but the first."""
    return (2, 3) if x.ndim == 4 else tuple(range(1, x.ndim))


def _mean_and_deviation(x: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of every channel, (B, C, 1, 1) for images, and x less that."""
    mean = x.mean(_plane(x), keepdim=True)
    return mean, x - mean


def _length(u: Tensor) -> Tensor:
    """The norm of every channel, (B, C, 1, 1) for images, above 0."""
    return _safe(u.square().sum(_plane(u), keepdim=True).sqrt())


def _safe(length: Tensor) -> Tensor:
    """Lengths that can be divided by."""
    return length.clamp(min=torch.finfo(length.dtype).tiny ** 0.5)
