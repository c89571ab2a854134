"""Operations with their forward derivative written out, one pass over the tangents each.

Tangents have the shape of the input that they belong to; under vmap one axis of tangents is in front of it.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Context = Any  # what torch hands from one pass to the next: it takes any attribute


class Affine(torch.autograd.Function):
    """y = affine(x), dy = linear(dx), for x of any shape."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, affine: Callable, linear: Callable) -> Tensor:
        return affine(x)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple, output: Tensor) -> None:
        ctx.linear = inputs[2]

    @staticmethod
    def jvp(ctx: Context, dx: Tensor, *_: None) -> Tensor:
        return ctx.linear(dx)


class Pointwise(torch.autograd.Function):
    """y = f(x) and dy = slope(x) dx, entry by entry, for x of any shape.

    The slope is computed on the primal, once for all tangents.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, f: Callable, slope: Callable) -> Tensor:
        return f(x)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple, output: Tensor) -> None:
        ctx.slope = inputs[2]
        ctx.save_for_forward(inputs[0])

    @staticmethod
    def jvp(ctx: Context, dx: Tensor, *_: None) -> Tensor:
        (x,) = ctx.saved_tensors
        return dx * ctx.slope(x)


class Normalised(torch.autograd.Function):
    """dy = w rstd (dx - mean(dx) - xhat mean(xhat dx)), with xhat the normalised input, over the last `axes` of x.

    `kernel(x)` gives y, the mean and rstd (..., 1, ..., 1); `weight` broadcasts against x (...).
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        x: Tensor, kernel: Callable, axes: int, weight: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        return kernel(x)

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple, output: tuple) -> None:
        x, _, axes, weight = inputs
        _, mean, rstd = output
        ctx.axes = tuple(range(-axes, 0))
        ctx.save_for_forward(x, torch.ones_like(rstd) if weight is None else weight, mean, rstd)

    @staticmethod
    def jvp(ctx: Context, dx: Tensor, *_: object) -> tuple[Tensor, Tensor, Tensor]:
        x, weight, mean, rstd = ctx.saved_tensors
        normal = (x - mean) * rstd
        along = (dx * normal).mean(ctx.axes, keepdim=True)
        centred = dx - dx.mean(ctx.axes, keepdim=True)
        pushed = torch.addcmul(centred, normal, along, value=-1) * (rstd * weight)
        return pushed, torch.zeros_like(mean), torch.zeros_like(rstd)


class Attention(torch.autograd.Function):
    """y = A v with A = softmax(L), L = q k^T + mask, and dy = (A * dL) v - sum(A * dL) y + A dv.

    Queries are (..., n, d), keys (..., m, d), values (..., m, e), the weights A that come back (..., n, m).
    dL = dq k^T + q dk^T is one product of twice the inner length: the square matrices are what costs, so they are
    passed over as rarely as can be.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        logits = query @ key.transpose(-2, -1)
        if mask is None:
            weights = logits.softmax(-1)
        else:
            if mask.dtype == torch.bool:
                logits = logits.masked_fill(~mask, float("-inf"))
            else:
                logits = logits + mask
            nothing_left = logits.isneginf().all(-1, keepdim=True)  # as in torch: zeros for it, not NaN
            weights = logits.softmax(-1).masked_fill(nothing_left, 0)
        return weights @ value, weights

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple, output: tuple) -> None:
        query, key, value, _ = inputs
        y, weights = output
        ctx.mark_non_differentiable(weights)
        ctx.save_for_forward(query, key, value, y, weights)

    @staticmethod
    def jvp(ctx: Context, dq: Tensor, dk: Tensor, dv: Tensor, *_: object) -> tuple[Tensor, None]:
        query, key, value, y, weights = ctx.saved_tensors
        change = torch.cat([dq, query.expand_as(dq)], -1) @ torch.cat([key.expand_as(dk), dk], -1).mT
        # A column of ones beside the values gives the row sums in the same product.
        moved = (change * weights) @ torch.cat([value, torch.ones_like(value[..., :1])], -1)
        return torch.addcmul(moved[..., :-1] + weights @ dv, moved[..., -1:], y, value=-1), None
