"""Rules of the operations that combine entries: reductions, normalisations, convolutions, products, attention."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from symmeter.domains.grids.axes.axes import (
    BATCH,
    CHANNEL,
    GRID,
    UNKNOWN,
    Axes,
    Axis,
    axis,
    constant,
    grid_along,
    roles,
    settle,
    size_of,
    unify,
)
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, elementwise, rule


@rule("mean", "sum", "amax", "amin", "var", "std", "var_mean", "std_mean", "max", "min", "logsumexp", "norm",
       "linalg_vector_norm", "prod", "median", "nanmedian", "nansum", "aminmax", "any", "all")  # fmt: skip
def _reduce(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *args: Any, **kwargs: Any) -> Found:
    """Axes that are gone, or left with size 1; two tensors of one shape are compared entry by entry."""
    if args and isinstance(args[0], Tensor):
        return elementwise(axes_of, outputs, x, *args)
    dims = next((a for a in (*args, kwargs.get("dim")) if isinstance(a, list | tuple)), None)
    if dims is None:
        dims = [a for a in (*args, kwargs.get("dim")) if isinstance(a, int) and not isinstance(a, bool)][:1]
    axes, gone = axes_of(x) or (), {d % x.ndim for d in dims} or set(range(x.ndim))
    if outputs[0].ndim == x.ndim:
        return [settle(tuple(() if i in gone else a for i, a in enumerate(axes)), axes)] * len(outputs)
    return [settle(tuple(a for i, a in enumerate(axes) if i not in gone), axes)] * len(outputs)


@rule("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "cudnn_batch_norm",
       "native_layer_norm", "native_group_norm", "_fused_rms_norm", "_softmax", "_log_softmax", "native_dropout",
       "_batch_norm_impl_index", "batch_norm", "_batch_norm_with_update", "_batch_norm_no_update", "_safe_softmax",
       "fake_quantize_per_tensor_affine_cachemask", "fake_quantize_per_channel_affine_cachemask",
       "_fake_quantize_learnable_per_tensor_affine", "_fake_quantize_learnable_per_channel_affine",
       "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams", "_fused_moving_avg_obs_fq_helper")  # fmt: skip
def _as_first(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    return [axes_of(x) if output.shape == x.shape else None for output in outputs]


def _spatial(axes: Axes, outputs: list[Tensor], channels: Axis) -> Found:
    """Kernels that slide over the axes after the channels: a whole coordinate is one again, at its new length.

    An axis whose length stays keeps its positions, whatever they are, as in convolutions of windows. What grows from
    one index says nothing of a place in the image.
    """
    ours = bool(axes) and roles(axes[0]) <= {
        BATCH,
        CHANNEL,
    }  # else a coordinate may have parts among the images
    first, _, *left = settle((axes[0], channels, *axes[2:]), axes)
    found: list[Axis] = []
    for i, (factors, n) in enumerate(zip(left, outputs[0].shape[2:], strict=True), start=2):
        whole = grid_along(axes, i) if ours else None
        if whole:
            found.append(whole.resized(n))
        elif size_of(factors) == n:
            found.append(factors)
        else:
            found.append(axis(CHANNEL if roles(factors) == {CHANNEL} else UNKNOWN, n))
    return [(first, channels, *found)] * len(outputs)


def _mixed(gone: Axis, left: Sequence[Axis], size: int) -> Axis:
    """Channels made by a constant matrix from an axis: positions that it mixes must be the fine part of a grid."""
    own = roles(gone) - {CHANNEL}
    coarse = {role for factors in left for role in roles(factors)}
    return axis(CHANNEL if UNKNOWN not in own and own <= coarse else UNKNOWN, size)


@rule("convolution", "_convolution", "mkldnn_convolution", "deform_conv2d")
def _convolve(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    axes = axes_of(x)
    if axes is None:
        return [None]
    return _spatial(axes, outputs, _mixed(axes[1], (axes[0], *axes[2:]), outputs[0].shape[1]))


@rule("im2col")
def _patches(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *sizes: Sequence[int]) -> Found:
    """A convolution whose channels are the pixels under its kernel, with its positions on one axis."""
    axes = axes_of(x)
    if axes is None:
        return [None]
    lengths = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in zip(x.shape[2:], *sizes, strict=True)
    ]
    along = [grid_along(axes, i) for i in (2, 3)]
    if None in along or roles(axes[1]) - {CHANNEL} or roles(axes[0]) - {BATCH, CHANNEL}:
        return [None]
    places = [f for whole, n in zip(along, lengths, strict=True) if whole for f in whole.resized(n)]
    return [(axes[0], axis(CHANNEL, outputs[0].shape[1]), tuple(places))]


@rule("col2im")
def _from_patches(
    axes_of: AxesOf, outputs: list[Tensor], x: Tensor, size: Sequence[int], *sizes: Sequence[int]
) -> Found:
    """The reverse: patches that lie on the whole grid, in its order, overlap to a grid of the full size."""
    axes, shape = axes_of(x), outputs[0].shape
    if axes is None or x.ndim != 3 or roles(axes[0]) - {BATCH, CHANNEL} or roles(axes[1]) - {CHANNEL}:
        return [None]
    lengths = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in zip(size, *sizes, strict=True)]
    places = axes[2]
    if [f.role for f in places] != list(GRID) or [f.size for f in places] != lengths:
        return [None]
    split = (axes[0], axes[1], *((f,) for f in places))
    if any(grid_along(split, i) is None for i in (2, 3)):
        return [None]
    rows, columns = (f.resized(n) for f, n in zip(places, shape[-2:], strict=True))
    return [(axes[0], axis(CHANNEL, shape[1]), rows, columns)]


@rule("max_pool2d_with_indices", "max_pool2d", "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d",
       "adaptive_avg_pool2d", "mkldnn_max_pool2d", "fractional_max_pool2d", "max_unpool2d")  # fmt: skip
def _pool(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    """Unpooling as well: it puts values back on the grid of the map that was pooled, whose size it is told."""
    return _pooled(axes_of, outputs, x, 4)


@rule("max_pool3d_with_indices", "avg_pool3d", "_adaptive_avg_pool3d", "adaptive_max_pool3d", "fractional_max_pool3d",
       "max_unpool3d")  # fmt: skip
def _pool_of_volumes(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    return _pooled(axes_of, outputs, x, 5)


def _pooled(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, ndim: int) -> Found:
    axes = axes_of(x)
    if axes is None or len(axes) != ndim:  # without an axis of images the channels would be taken for it
        return [None] * len(outputs)
    return _spatial(axes, outputs, axes[1])


@rule("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "_upsample_bilinear2d_aa",
       "_upsample_bicubic2d_aa", "_upsample_lanczos2d_aa", "_upsample_nearest_exact2d", "upsample_nearest1d",
       "upsample_linear1d", "_upsample_nearest_exact1d", "upsample_nearest3d", "_upsample_nearest_exact3d",
       "upsample_trilinear3d")  # fmt: skip
def _upsample(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    """As a pool; what was one is the same everywhere."""
    axes = axes_of(x)
    if axes is None:
        return [None]
    found = _spatial(axes, outputs, axes[1])[0] or ()
    sized = zip(axes, found, outputs[0].shape, strict=True)
    return [tuple(f if a else constant(n) for a, f, n in sized)]


@rule("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle")
def _shuffle(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    """Of a batch of maps (N, C, H, W); more axes before them would be taken for channels."""
    axes = axes_of(x) or ()
    if len(axes) != 4:
        return [None]
    role = UNKNOWN if UNKNOWN in roles(axes[1]) else CHANNEL
    return _spatial(axes, outputs, axis(role, outputs[0].shape[1]))


def _product(a: Axes | None, b: Axes | None, shape: Sequence[int]) -> Found:
    """(..., i, k) times (..., k, j). A constant matrix that mixes positions leaves an axis that is no grid's."""
    if a is None and b is None:
        return [None]
    *left, i, k = a if a is not None else ((),) * len(shape)
    *right, l, j = b if b is not None else ((),) * len(shape)
    batch = unify(tuple(left), tuple(right), shape[:-2])
    if a is None:
        i = _mixed(l, (*batch, j), shape[-2])
    if b is None:
        vector = len(shape) == 2 and roles(i) == {BATCH}  # flattened maps into a head
        j = axis(CHANNEL, shape[-1]) if vector else _mixed(k, (*batch, i), shape[-1])
    return [settle((*batch, i, j), b if a is None and b is not None else a or ())]


@rule("mm", "bmm", "matmul")
def _matmul(axes_of: AxesOf, outputs: list[Tensor], a: Tensor, b: Tensor) -> Found:
    return _product(axes_of(a), axes_of(b), outputs[0].shape)


@rule("addmm", "baddbmm", "addbmm")
def _addmm(axes_of: AxesOf, outputs: list[Tensor], bias: Tensor, a: Tensor, b: Tensor, **_: Any) -> Found:
    return _product(axes_of(a), axes_of(b), outputs[0].shape)


@rule("linear")
def _linear(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    return _product(axes_of(x), None, outputs[0].shape)


@rule("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention",
       "_scaled_dot_product_efficient_attention", "_scaled_dot_product_attention_math",
       "_scaled_dot_product_cudnn_attention", "scaled_dot_product_attention")  # fmt: skip
def _attention(
    axes_of: AxesOf, outputs: list[Tensor], query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any
) -> Found:
    """Where the queries are, with the values' channels; constant queries are no positions."""
    own, values = axes_of(query), axes_of(value)
    if own is None and values is not None:
        own = (*values[:-2], axis(CHANNEL, query.shape[-2]), values[-1])
    first = None if own is None or values is None else (*own[:-1], values[-1])
    return [first] + [None] * (len(outputs) - 1)
