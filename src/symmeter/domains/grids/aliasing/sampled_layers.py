"""Which layers are m = A F, a map that commutes with translations followed by sampling, and what F and A are."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, singledispatch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from symmeter.domains.grids.aliasing.kinks import Kink, kinks_of

ROWS, COLUMNS = -2, -1


@dataclass(frozen=True)
class Sampling:
    """A layer as m = A F. `dense` is F on a grid that is (ky, kx) times finer than the layer's input.

    `dense(h, (ky, kx))` maps the resampled input (B, C, ky H, kx W) to (B, C', ky H, kx W), on circular data;
    A keeps every `stride`-th row and column. A linear F adds no frequencies: its input need not be refined.
    `before` is a linear pointwise map that comes first; `kinks` are those of a pointwise `dense`, where known.
    """

    dense: Callable[[Tensor, tuple[int, int]], Tensor]
    stride: tuple[int, int] = (1, 1)
    linear: bool = False
    before: Callable[[Tensor], Tensor] = torch.clone
    kinks: tuple[Kink, ...] = ()


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
    if "BlurPool2d" in names:
        return _blur_pool(module)
    return None


@sampling.register
def _identity(module: nn.Identity) -> Sampling:
    return Sampling(lambda h, _: h, linear=True)


@sampling.register
def _batch_norm(module: nn.BatchNorm2d) -> Sampling | None:
    """In evaluation only; timm's BatchNormAct2d ends in an activation, which is all that aliases."""
    if module.training or not module.track_running_stats:
        return None
    act = getattr(module, "act", None)
    if act is None or isinstance(act, nn.Identity):
        return Sampling(lambda h, _: h, linear=True)
    inner = sampling(act)
    return inner and replace(inner, before=partial(nn.BatchNorm2d.forward, module))


@sampling.register
def _convolution(module: nn.Conv2d) -> Sampling:
    kernel, dilation, stride = module.kernel_size, module.dilation, module.stride
    # a copy runs the code of any subclass, weight standardisation included, on data that is wrapped already
    dense = copy.copy(module)
    dense.stride, dense.padding, dense.padding_mode = (1, 1), (0, 0), "zeros"

    def run(h: Tensor, _: tuple[int, int]) -> Tensor:
        out = dense.forward(_wrap(h, kernel, dilation, _left(module, h.shape[-2:])))
        # "same" subclasses pad once more: cut that off
        for axis, k, d in zip((ROWS, COLUMNS), kernel, dilation, strict=True):
            if out.shape[axis] > h.shape[axis]:
                out = out.narrow(axis, (k - 1) * d // 2, h.shape[axis])
        return out

    return Sampling(run, (stride[0], stride[1]), linear=True)


@sampling.register
def _average_pool(module: nn.AvgPool2d) -> Sampling:
    kernel = _pair(module.kernel_size)

    def run(h: Tensor, _: tuple[int, int]) -> Tensor:
        wrapped = _wrap(h, kernel, (1, 1), _left(module, h.shape[-2:]))
        return F.avg_pool2d(wrapped, kernel, 1, divisor_override=module.divisor_override)

    return Sampling(run, _pair(module.stride), linear=True)


@sampling.register
def _max_pool(module: nn.MaxPool2d) -> Sampling | None:
    """F(p) = max_k h(p + k) on the continuum: both the maximum's own frequencies and the decimation alias."""
    kernel, dilation = _pair(module.kernel_size), _pair(module.dilation)

    def run(h: Tensor, refinement: tuple[int, int]) -> Tensor:
        ky, kx = refinement
        top, left = _left(module, (h.shape[-2] // ky, h.shape[-1] // kx))
        spread = (dilation[0] * ky, dilation[1] * kx)
        return F.max_pool2d(_wrap(h, kernel, spread, (top * ky, left * kx)), kernel, 1, dilation=spread)

    return None if module.return_indices else Sampling(run, _pair(module.stride))


def _blur_pool(module: nn.Module) -> Sampling:
    filt, stride, padding = (getattr(module, name) for name in ("filt", "stride", "padding"))
    kernel = (filt.shape[-2], filt.shape[-1])

    def run(h: Tensor, _: tuple[int, int]) -> Tensor:
        weight = filt.expand(h.shape[1], 1, *kernel)
        return F.conv2d(_wrap(h, kernel, (1, 1), (padding[2], padding[0])), weight, groups=h.shape[1])

    return Sampling(run, _pair(stride), linear=True)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _left(module: nn.Module, size: Sequence[int]) -> tuple[int, int]:
    """Rows and columns of padding before the first sample."""
    geometry = [_pair(getattr(module, name, 1)) for name in ("kernel_size", "stride", "dilation")]
    same = any("Same" in c.__name__ for c in type(module).__mro__) and getattr(module, "same_pad", True)
    if not same and not isinstance(module.padding, str):
        return _pair(module.padding)  # pyright: ignore[reportArgumentType]
    if module.padding == "valid":
        return (0, 0)
    total = (
        (math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n for n, k, s, d in zip(size, *geometry, strict=True)
    )
    top, left = (max(t, 0) // 2 for t in total)
    return top, left


def _wrap(h: Tensor, kernel: Sequence[int], dilation: Sequence[int], left: Sequence[int]) -> Tensor:
    """h (B, C, H, W) continued periodically so that a window without padding gives as many samples as h has."""
    for axis, k, d, before in zip((ROWS, COLUMNS), kernel, dilation, left, strict=True):
        n = h.shape[axis]
        h = h.index_select(axis, (torch.arange(n + (k - 1) * d, device=h.device) - before) % n)
    return h
