"""The step of a central difference, found by looking where the quotient depends on it least."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.errors import SymmeterError

Tree = Any  # a batched tensor (B, ...), or a tuple or dict of them
TensorFunction = Callable[[Tensor], Tensor]  # of images (b, ...), each on its own

_LARGEST = 0.3  # relative: beyond it the image is another one
_FACTOR = 4.0  # between steps
_SMOOTH = 1e-4  # relative change from step to step below which the smallest step is taken
_STEEPEST = 0.5  # relative change that is still a derivative of a kind


def steadiest_step(f: TensorFunction, x: Tensor, w: Tensor, smallest: float) -> float:
    """The relative step, from `smallest` up, at which the difference quotient of f at x (b, ...) along w is steadiest.

    A smooth function takes the smallest. One that moves in steps, as quantised networks do, has quotients of 0 where
    the step is too small for its grid, and is taken where two steps agree best. SymmeterError where none do.

    >>> x, w = torch.full((1, 1), 0.4, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    >>> steadiest_step(torch.sin, x, w, 1e-5), steadiest_step(lambda x: (50 * x).round() / 50, x, w, 1e-5) > 1e-2
    (1e-05, True)
    """
    steps = [smallest]
    while steps[-1] * _FACTOR <= _LARGEST:
        steps.append(steps[-1] * _FACTOR)
    quotients = [quotient(f, x, w, step) for step in steps]
    if not any(bool(q.any()) for q in quotients):
        return smallest  # a constant: any step will do
    changes = [_change(a, b) for a, b in pairwise(quotients)]
    for step, change in zip(steps, changes, strict=False):
        if change < _SMOOTH:
            return step
    best = min(range(len(changes)), key=changes.__getitem__)
    if changes[best] > _STEEPEST:
        raise SymmeterError(
            "the model has no derivative: its outputs jump, and difference quotients agree at no step; "
            "measure a group such as C4 or shift(1) instead"
        )
    return steps[best + 1]


def root_mean_square(x: Tree) -> Tensor:
    """(B,) root mean square over all that belongs to an image; x may be a tuple or a dict of tensors."""
    leaves = [leaf.reshape(len(leaf), -1) for leaf in pytree.tree_leaves(x)]
    return torch.cat(leaves, -1).square().mean(-1).sqrt()


def along(h: Tensor, like: Tensor) -> Tensor:
    """(B,) numbers in the shape that multiplies `like` (B, ...) image by image."""
    return h.to(like).reshape(-1, *[1] * (like.ndim - 1))


def step_size(x: Tree, w: Tree, relative: float) -> Tensor:
    """(B,) h = r rms(x) / rms(w); a blank image counts as one of size 1."""
    scale, size = root_mean_square(x), root_mean_square(w)
    return relative * torch.where(scale > 0, scale, 1) / torch.where(size > 0, size, 1)


def quotient(f: TensorFunction, x: Tensor, w: Tensor, relative: float) -> Tensor:
    """(f(x + h w) - f(x - h w)) / 2h in float64, for images x (b, ...) along w (b, ...)."""
    return ends(f, x, w, relative)[0]


def ends(f: TensorFunction, x: Tensor, w: Tensor, relative: float) -> tuple[Tensor, Tensor]:
    """(quotient (b, ...), and (b,) what round-off of f alone can make of its norm)."""
    h = step_size(x, w, relative)
    moved = along(h, w) * w
    both = f(torch.cat([x + moved, x - moved]))
    ahead, behind = both.double().chunk(2)
    noise = torch.finfo(both.dtype).eps * ahead.flatten(1).norm(dim=1) / h.to(ahead)
    return (ahead - behind) / (2 * along(h, ahead)), noise


def _change(a: Tensor, b: Tensor) -> float:
    """||a - b|| / max(||a||, ||b||), of any shape, all images together; 1 where both are 0: that is no agreement."""
    size = float(torch.maximum(a.norm(), b.norm()))
    if not size:
        return 1.0
    return float((a - b).norm()) / size
