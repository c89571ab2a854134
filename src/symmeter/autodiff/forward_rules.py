"""Forward-mode rules for the operations that networks spend their time in.

torch derives forward mode for each operation on its own, and under vmap recomputes per tangent what depends on
the primal alone: batch norm costs ten passes over every tangent, attention kernels have no derivative, and a
recurrent kernel has none either. While `ForwardRules` is active, functional calls are replaced by equivalents
whose derivative is written out: a linear map of the tangent, or a slope (computed once) times the tangent.
"""

import importlib
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._ops import OpOverload, OpOverloadPacket
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from symmeter.autodiff.functions import (
    Ruled,
    added_,
    affine,
    attention,
    attention_weights,
    depends_on_input,
    is_pushing,
    pointwise,
    pointwise_,
)
from symmeter.autodiff.norm_rules import (
    batch_norm,
    batch_norm_twice,
    group_norm,
    instance_norm,
    instance_norm_twice,
    layer_norm,
    layer_norm_twice,
)

aten = torch.ops.aten


def _convolution(kernel: Callable) -> Callable:
    def rule(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, *args: object, **kwargs: object
    ) -> Ruled:
        if depends_on_input(weight, bias):
            return NotImplemented
        return affine(
            input,
            lambda u: kernel(u, weight, bias, *args, **kwargs),
            lambda du: kernel(du, weight, None, *args, **kwargs),
        )

    return rule


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Ruled:
    """x W^T + b, of x (..., in) and W (out, in)."""
    if depends_on_input(weight, bias):
        return NotImplemented
    return affine(input, lambda u: F.linear(u, weight, bias), lambda du: F.linear(du, weight))


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Ruled:
    """softmax(Q K^T scale + mask) V written out: the fused kernels have no forward derivative.

    Queries are (..., n, d), keys (..., m, d), values (..., m, e), a mask is (..., n, m) or broadcasts to that.
    """
    if dropout_p > 0 or enable_gqa:
        return NotImplemented
    query = query * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
    same = query.shape[:-2] == key.shape[:-2] == value.shape[:-2]
    if same and is_pushing() and not depends_on_input(attn_mask):
        return attention(query, key, value, attn_mask)
    return attention_weights(query @ key.mT, attn_mask) @ value


def _activation(f: Callable, backward: Callable) -> Callable:
    """A pointwise rule whose slope is the backward kernel applied to ones."""

    def rule(input: Tensor, *args: object, inplace: bool = False, **kwargs: object) -> Tensor:
        if args and isinstance(args[-1], bool):  # a positional `inplace`
            args, inplace = args[:-1], args[-1]
        value = lambda u: f(u, *args, **kwargs)
        slope = lambda u: backward(torch.ones_like(u), u, *args, **kwargs)
        return (pointwise_ if inplace else pointwise)(input, value, slope)

    return rule


def _sum_in_place(input: Tensor, other: object, alpha: float = 1) -> Ruled:
    """x += other for an other of the same shape (B, ...), whose tangents torch would go over twice."""
    if not isinstance(other, Tensor) or alpha != 1:
        return NotImplemented
    same = other.shape == input.shape and other.dtype == input.dtype
    return added_(input, other) if same and all(map(_has_tangent, (input, other))) else NotImplemented


def _has_tangent(tensor: object) -> bool:
    return isinstance(tensor, Tensor) and forward_ad.unpack_dual(tensor).tangent is not None


def _relu_backward(ones: Tensor, u: Tensor) -> Tensor:
    return (u > 0).to(u.dtype)


def _relu6_backward(ones: Tensor, u: Tensor) -> Tensor:
    return ((u > 0) & (u < 6)).to(u.dtype)


def _recurrent(kernel: Callable) -> Callable:
    """The native recurrent path, which has a derivative where the fused kernels of oneDNN and cuDNN have none."""

    def rule(*args: object, **kwargs: object) -> Ruled:
        onednn, cudnn = torch._C._get_mkldnn_enabled(), torch._C._get_cudnn_enabled()
        try:  # not torch.backends.mkldnn.flags, which also sets TF32 and warns about it
            torch._C._set_mkldnn_enabled(False)
            torch._C._set_cudnn_enabled(False)
            return kernel(*args, **kwargs)
        finally:
            torch._C._set_mkldnn_enabled(onednn)
            torch._C._set_cudnn_enabled(cudnn)

    return rule


def _cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    """Distances (..., n, m) of x1 (..., n, d) to x2 (..., m, d), written out: the kernel has no forward derivative."""
    return torch.linalg.vector_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


def _hard_sigmoid(input: Tensor, inplace: bool = False) -> Ruled:
    """min(max(x + 3, 0), 6) / 6, of x of any shape."""
    value = (input + 3).clamp(0, 6) / 6
    return input.copy_(value) if inplace else value


def _of_kernel(rule: Callable) -> Callable:
    """A rule of the functional form of a norm for the kernel below it, which has another order of arguments."""
    return lambda x, w, b, mean, var, own, momentum, eps, *_: rule(x, mean, var, w, b, own, momentum, eps)


def _mean_pool(input: Tensor, *args: Any, **kwargs: Any) -> Ruled:
    """Means over windows of x (B, C, H, W)."""
    if not is_pushing():
        return NotImplemented
    pool = lambda u: F.avg_pool2d(u, *args, **kwargs)
    return affine(input, pool, pool)


def _gated(input: Tensor, dim: int = -1) -> Tensor:
    """a sigmoid(b) for the halves a and b of x, of any shape, along one of its axes."""
    value, gate = input.chunk(2, dim)
    return value * gate.sigmoid()


# Written in operations that have a derivative under every transform, those of the network's own code too.
REPLACED: dict[Callable, Callable] = {
    **{kernel: _recurrent(kernel) for kernel in (torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu)},
    F.scaled_dot_product_attention: _attention,
    torch.cdist: _cdist,
}
# What torch differentiates once: the derivative of the derivative is missing, or wrong as that of norms.
TWICE: dict[Callable, Callable] = {
    F.batch_norm: batch_norm_twice,
    F.instance_norm: instance_norm_twice,
    F.layer_norm: layer_norm_twice,
    torch.batch_norm: _of_kernel(batch_norm_twice),
    torch.instance_norm: _of_kernel(instance_norm_twice),
    torch.layer_norm: lambda x, shape, w=None, b=None, eps=1e-5, *_: layer_norm_twice(x, shape, w, b, eps),
    F.hardsigmoid: _hard_sigmoid,
    F.glu: _gated,
    F.avg_pool2d: _mean_pool,
}
# Linear in the input: one pass over the primal and one over the tangent, where torch takes three.
LINEAR: dict[Callable, Callable] = {
    **{kernel: _convolution(kernel) for kernel in (F.conv1d, F.conv2d, F.conv3d)},
    F.linear: _linear,
}
RULES: dict[Callable, Callable] = LINEAR | {
    torch.Tensor.add_: _sum_in_place,
    F.batch_norm: batch_norm,
    F.layer_norm: layer_norm,
    F.group_norm: group_norm,
    F.instance_norm: instance_norm,
    F.gelu: _activation(F.gelu, aten.gelu_backward),
    F.silu: _activation(F.silu, aten.silu_backward),
    F.hardswish: _activation(F.hardswish, aten.hardswish_backward),
    F.hardsigmoid: _activation(F.hardsigmoid, aten.hardsigmoid_backward),
    F.relu: _activation(F.relu, _relu_backward),
    F.relu6: _activation(F.relu6, _relu6_backward),
}


@cache
def load_tables() -> None:
    """torch's tables of forward mode, which it else scripts at their first use, with a warning of its own torch.jit.

    Once a process. No user's code runs meanwhile; warnings of other threads are not heard either, for that moment.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("torch._decomp.decompositions_for_jvp")


def _loses_tangent(inputs: object, outputs: object) -> bool:
    """Whether a tangent goes in and none comes out of some output."""
    return any(_carry_tangents(inputs)) and not all(_carry_tangents(outputs))


def _carry_tangents(values: object) -> list[bool]:
    """Of every floating point tensor among them, whether it has a tangent."""
    tensors = [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]
    return [_has_tangent(tensor) for tensor in tensors if tensor.is_floating_point()]


class DifferentiableRules(TorchFunctionMode):
    """While active, functional calls without a derivative are replaced by equivalents with one; no others are changed.

    The derivative that forward mode makes of them can be differentiated again, as a step of training does. Attention
    inside torch's own modules, which no rule can reach, takes the path that has a derivative. An operation of an
    extension (torchvision's deformable convolution, `torch.library.custom_op`) that drops tangents raises RuntimeError:
    torch takes its derivative for zero without a word.
    """

    def __enter__(self) -> Self:
        load_tables()
        self._attention = sdpa_kernel(SDPBackend.MATH)
        self._attention.__enter__()
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self._attention.__exit__(*raised)

    def _rule(self, func: Callable) -> Callable | None:
        """What is called in the place of a function; None where that is called itself."""
        return REPLACED.get(func) or TWICE.get(func) or (LINEAR.get(func) if is_pushing() else None)

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> Ruled:
        kwargs = kwargs or {}
        rule = self._rule(func)
        if rule is not None:
            result = rule(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        registered = isinstance(func, OpOverload | OpOverloadPacket) and not str(func).startswith("aten.")
        if registered and _loses_tangent((args, kwargs), result):
            raise RuntimeError(f"{func} has no forward derivative")
        return result


class ForwardRules(DifferentiableRules):
    """While active, functional calls with a rule use it too: faster, and their derivative is for use as it is."""

    def _rule(self, func: Callable) -> Callable | None:
        return REPLACED.get(func) or (RULES.get(func) if is_pushing() else None)
