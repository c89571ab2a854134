"""Which layers are m = A F, a map that commutes with translations followed by sampling, and what F and A are."""

import copy
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, singledispatch

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from symmeter.domains.grids.aliasing.kinks import Kink, kinks_of

Refinement = tuple[int, ...]  # how many times finer a grid is along each of its axes
_CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_MAXIMA = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


@dataclass(frozen=True)
class Sampling:
    """A layer as m = A F. `dense` is F on a grid that is (..., ky, kx) times finer than the layer's input.

    `dense(h, (..., ky, kx))` maps the resampled input (B, C, ..., ky H, kx W) to (B, C', ..., ky H, kx W), on circular
    data; A keeps every `stride`-th sample, along all axes alike or along each. A linear F adds no frequencies: its
    input need not be refined. `before` is a linear pointwise map that comes first; `kinks` are those of a pointwise
    `dense`, where known.
    """

    dense: Callable[[Tensor, Refinement], Tensor]
    stride: int | tuple[int, ...] = 1
    linear: bool = False
    before: Callable[[Tensor], Tensor] = torch.clone
    kinks: tuple[Kink, ...] = ()

    def strides(self, h: Tensor) -> tuple[int, ...]:
        """Along each axis of the grid of h (B, C, ...)."""
        return _sizes(self.stride, h.shape[2:])


_POINTWISE_EXCLUDED = (
    nn.MultiheadAttention,
    nn.Softmax,
    nn.Softmax2d,
    nn.Softmin,
    nn.LogSoftmax,
    nn.GLU,
    nn.RReLU,
)
_CHANNEL_NORMS = {
    f"{n}2d{s}" for n in ("LayerNorm", "RmsNorm", "LayerNormAct", "RmsNormAct") for s in ("", "Fp32")
}
_BLURS = {"BlurPool1d", "BlurPool2d", "BlurPool3d"}


@singledispatch
def sampling(module: nn.Module) -> Sampling | None:
    """F and A of a module, None where unknown; `sampling.register` teaches it another type.

    Classes of timm and torchvision are known by name, so that neither need be installed.
    """
    lineage = type(module).__mro__
    forward: Callable[[Tensor], Tensor] = module.forward
    names = {cls.__name__ for cls in lineage}
    pointwise = any("activation" in str(cls.__module__).rpartition(".")[2] for cls in lineage)
    if (pointwise and not isinstance(module, _POINTWISE_EXCLUDED)) or names & _CHANNEL_NORMS:
        return Sampling(lambda h, _: forward(h), kinks=kinks_of(module))
    if names & {"LayerScale2d", "DropPath", "Dropout", "FrozenBatchNorm2d"}:
        return None if module.training else Sampling(lambda h, _: h, linear=True)
    if names & _BLURS:
        return _blur_pool(module)
    return None


@sampling.register
def _identity(module: nn.Identity) -> Sampling:
    return Sampling(lambda h, _: h, linear=True)


@sampling.register
def _batch_norm(module: _BatchNorm) -> Sampling | None:
    """In evaluation only; timm's BatchNormAct2d ends in an activation, which is all that aliases."""
    if module.training or not module.track_running_stats:
        return None
    act = getattr(module, "act", None)
    if act is None or isinstance(act, nn.Identity):
        return Sampling(lambda h, _: h, linear=True)
    inner = sampling(act)
    return inner and replace(inner, before=partial(_BatchNorm.forward, module))


@sampling.register(nn.Conv1d)
@sampling.register(nn.Conv2d)
@sampling.register(nn.Conv3d)
def _convolution(module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> Sampling:
    kernel, dilation = module.kernel_size, module.dilation
    # a copy runs the code of any subclass, weight standardisation included, on data that is wrapped already
    dense = copy.copy(module)
    ones = (1,) * len(kernel)
    dense.stride, dense.padding, dense.padding_mode = ones, (0,) * len(kernel), "zeros"  # type: ignore[assignment]

    def run(h: Tensor, _: Refinement) -> Tensor:
        size = h.shape[2:]
        out = dense.forward(_wrap(h, kernel, dilation, _left(module, size)))
        # "same" subclasses pad once more: cut that off
        for axis, (n, k, d) in enumerate(zip(size, kernel, dilation, strict=True), start=2):
            if out.shape[axis] > n:
                out = out.narrow(axis, (k - 1) * d // 2, n)
        return out

    return Sampling(run, tuple(module.stride), linear=True)


@sampling.register(nn.AvgPool1d)
@sampling.register(nn.AvgPool2d)
@sampling.register(nn.AvgPool3d)
def _average_pool(module: nn.AvgPool1d | nn.AvgPool2d | nn.AvgPool3d) -> Sampling:
    def run(h: Tensor, _: Refinement) -> Tensor:
        size = h.shape[2:]
        kernel, ones = _sizes(module.kernel_size, size), _sizes(1, size)
        wrapped = _wrap(h, kernel, ones, _left(module, size))
        total = getattr(module, "divisor_override", None) or math.prod(kernel)
        weight = wrapped.new_full((h.shape[1], 1, *kernel), 1 / total)
        return _CONVOLUTIONS[len(size)](wrapped, weight, groups=h.shape[1])

    return Sampling(run, module.stride, linear=True)


@sampling.register(nn.MaxPool1d)
@sampling.register(nn.MaxPool2d)
@sampling.register(nn.MaxPool3d)
def _max_pool(module: nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d) -> Sampling | None:
    """F(p) = max_k h(p + k) on the continuum: both the maximum's own frequencies and the decimation alias."""

    def run(h: Tensor, refinement: Refinement) -> Tensor:
        size = h.shape[2:]
        kernel, dilation = _sizes(module.kernel_size, size), _sizes(module.dilation, size)
        coarse = [n // factor for n, factor in zip(size, refinement, strict=True)]
        left = _times(_left(module, coarse), refinement)
        spread = _times(dilation, refinement)
        wrapped = _wrap(h, kernel, spread, left)
        return _MAXIMA[len(size)](wrapped, kernel, 1, dilation=spread)

    return None if module.return_indices else Sampling(run, module.stride)


def _times(sizes: Sequence[int], refinement: Refinement) -> tuple[int, ...]:
    return tuple(map(operator.mul, sizes, refinement))


def _blur_pool(module: nn.Module) -> Sampling:
    """Of timm and those built alike: a filter (1, 1, ...), a stride, and the padding on both sides, last axis first."""
    filt, stride, padding = (getattr(module, name) for name in ("filt", "stride", "padding"))
    kernel = filt.shape[2:]

    def run(h: Tensor, _: Refinement) -> Tensor:
        weight = filt.expand(h.shape[1], 1, *kernel)
        wrapped = _wrap(h, kernel, _sizes(1, kernel), padding[-2::-2])
        return _CONVOLUTIONS[len(kernel)](wrapped, weight, groups=h.shape[1])

    return Sampling(run, stride, linear=True)


def _sizes(value: int | Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """One number for each axis, given for all of them or one by one."""
    return tuple(torch.tensor(value).expand(len(axes)).tolist())


def _left(module: nn.Module, size: Sequence[int]) -> tuple[int, ...]:
    """Samples of padding before the first one, along each axis."""
    geometry = [_sizes(getattr(module, name, 1), size) for name in ("kernel_size", "stride", "dilation")]
    same = any("Same" in c.__name__ for c in type(module).__mro__) and getattr(module, "same_pad", True)
    if not same and not isinstance(module.padding, str):
        return _sizes(module.padding, size)  # pyright: ignore[reportArgumentType]
    if module.padding == "valid":
        return _sizes(0, size)
    total = (
        (math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n for n, k, s, d in zip(size, *geometry, strict=True)
    )
    return tuple(max(t, 0) // 2 for t in total)


def _wrap(h: Tensor, kernel: Sequence[int], dilation: Sequence[int], left: Sequence[int]) -> Tensor:
    """h (B, C, ...) continued periodically so that a window without padding gives as many samples as h has."""
    for axis, (k, d, before) in enumerate(zip(kernel, dilation, left, strict=True), start=2):
        n = h.shape[axis]
        h = h.index_select(axis, (torch.arange(n + (k - 1) * d, device=h.device) - before) % n)
    return h
