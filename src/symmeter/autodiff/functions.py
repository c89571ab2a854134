"""Operations with their forward derivative written out, one pass over the tangents each.

They take dual tensors of forward mode apart and put them together again, without torch.autograd.Function, which costs
more than small operations themselves. Tangents have the shape of the input that they belong to; under vmap one axis of
tangents is in front of it, which a rule does not see.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import (  # type: ignore[attr-defined]
    TransformType,
    get_interpreter_stack,
    is_functorch_wrapped_tensor,
)
from torch.autograd.forward_ad import make_dual, unpack_dual

aten = torch.ops.aten
Map = Callable[[Tensor], Tensor]
Ruled = Any  # what an operation returns, or NotImplemented where its rule does not apply


def depends_on_input(*parameters: object) -> bool:
    """Whether a weight is itself a function of the input (dynamic convolutions): the rules below do not apply."""
    return any(isinstance(p, Tensor) and is_functorch_wrapped_tensor(p) for p in parameters)


def is_pushing() -> bool:
    """Whether the tensors of this moment are those of one pass of forward mode, and of no transform inside of it."""
    levels = [level.key() for level in get_interpreter_stack() or ()]
    return levels in ([TransformType.Jvp], [TransformType.Vmap, TransformType.Jvp])


def affine(x: Tensor, f: Map, linear: Map) -> Tensor:
    """y = f(x), dy = linear(dx), for x of any shape."""
    x, dx = unpack_dual(x)
    y = f(x)
    return y if dx is None else make_dual(y, linear(dx))


def pointwise(x: Tensor, f: Map, slope: Map) -> Tensor:
    """y = f(x) and dy = slope(x) dx, entry by entry, for x of any shape.

    The slope is computed on the primal, once for all tangents.
    """
    x, dx = unpack_dual(x)
    y = f(x)
    return y if dx is None else make_dual(y, dx * slope(x))


def pointwise_(x: Tensor, f: Map, slope: Map) -> Tensor:
    """The same in place of x, of any shape."""
    value, dx = unpack_dual(x)
    y = f(value)
    if dx is not None:
        dx.mul_(slope(value))
    value.copy_(y)
    return x


def added_(x: Tensor, other: Tensor) -> Tensor:
    """x + other in place of x, both (b, ...), and the tangent of x where there is one of other."""
    (value, dx), (more, d_more) = unpack_dual(x), unpack_dual(other)
    value.add_(more)
    if dx is not None and d_more is not None:
        dx.add_(d_more)
    return x


def normalised(
    x: Tensor, kernel: Callable[[Tensor], tuple[Tensor, Tensor, Tensor]], axes: int, weight: Tensor | None
) -> Tensor:
    """dy = w rstd (dx - mean(dx) - xhat mean(xhat dx)), with xhat the normalised input, over the last `axes` of x.

    What w multiplies is a symmetric map of dx, so the kernel of torch's backward pass computes it.
    `kernel(x)` gives y, the mean and rstd (..., 1, ..., 1); `weight` broadcasts against x (...).
    """
    x, dx = unpack_dual(x)
    y, mean, rstd = kernel(x)
    if dx is None:
        return y
    shape = x.shape[-axes:]
    pushed, _, _ = aten.native_layer_norm_backward(dx, x, shape, mean, rstd, None, None, [True, False, False])
    return make_dual(y, pushed if weight is None else pushed.mul_(weight))


def normalised_again(
    kernel: Callable[..., Tensor],
    arguments: tuple[Tensor, Tensor | None, Tensor | None],
    axes: tuple[int, ...],
    shape: tuple[int, ...],
    eps: float,
) -> Tensor:
    """y = kernel(x, w, b) = w xhat + b, and dy in operations that can be differentiated again.

    xhat = (x - mean) / sqrt(var + eps) over some axes of x (...); w and b broadcast against it in this shape. With
    c = x - mean and r = 1 / sqrt(var + eps), dxhat = r (dx - mean(dx) - c r^2 mean(c dx)).
    """
    x, dx = unpack_dual(arguments[0])
    (w, dw), (b, db) = ((None, None) if t is None else unpack_dual(t) for t in arguments[1:])
    y = kernel(x, w, b)
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    centred, rstd = x - mean, (variance + eps).rsqrt()
    slope = rstd if w is None else rstd * w.reshape(shape)
    terms = []
    if dx is not None:  # centred has mean 0, so that of dx need not be taken out of their product
        aside = torch.addcmul(dx, centred, (centred * dx).mean(axes, keepdim=True) * rstd.square(), value=-1)
        terms.append(slope * (aside - dx.mean(axes, keepdim=True)))
    if dw is not None:
        terms.append(centred * rstd * dw.reshape(shape))
    if db is not None:
        terms.append(db.reshape(shape).expand_as(centred))
    return make_dual(y, sum(terms[1:], terms[0]).to(y)) if terms else y


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """y = A v with A = softmax(L), L = q k^T + mask, and dy = (A * dL) v - sum(A * dL) y + A dv.

    Queries are (..., n, d), keys (..., m, d), values (..., m, e).
    dL = dq k^T + q dk^T is one product of twice the inner length: the square matrices are what costs, so they are
    passed over as rarely as can be.
    """
    (query, dq), (key, dk), (value, dv) = map(unpack_dual, (query, key, value))
    weights = attention_weights(query @ key.mT, mask)
    y = weights @ value
    terms = []
    if dq is not None and dk is not None:
        change = torch.cat([dq, query.expand_as(dq)], -1) @ torch.cat([key.expand_as(dk), dk], -1).mT
    elif dq is not None:
        change = dq @ key.mT
    else:
        change = None if dk is None else query @ dk.mT
    if change is not None:
        moved = change.mul_(weights)
        terms.append(torch.addcmul(moved @ value, moved.sum(-1, keepdim=True), y, value=-1))
    if dv is not None:
        terms.append(weights @ dv)
    return make_dual(y, sum(terms[1:], terms[0])) if terms else y


def attention_weights(logits: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(logits + mask) (..., n, m); zeros, as in torch and not NaN, for a query that no key is left to."""
    if mask is None:
        return logits.softmax(-1)
    logits = logits.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else logits + mask
    return logits.softmax(-1).masked_fill(logits.isneginf().all(-1, keepdim=True), 0)
