"""Rules of the operations that combine entries: reductions, normalisations, convolutions, products, attention."""

import itertools
from collections.abc import Sequence

from torch import Tensor

from symmeter.domains.grids.axes.axes import (
    BATCH,
    CHANNEL,
    UNKNOWN,
    Axes,
    Axis,
    axis,
    channels_if,
    constant,
    coordinates,
    grid_along,
    roles,
    settle,
    size_of,
    unify,
)
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, elementwise, rule, rule_of_one


@rule(
    "mean sum amax amin var std var_mean std_mean max min logsumexp norm linalg_vector_norm prod median "
    "nanmedian nansum aminmax any all"
)
def _reduce(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *args: object, **kwargs: object) -> Found:
    """x of any shape: axes that are gone, or left with size 1; two tensors are compared entry by entry."""
    if args and isinstance(args[0], Tensor):
        return elementwise(axes_of, outputs, x, *args)
    gone = _reduced(x.ndim, *args, kwargs.get("dim"))
    axes = axes_of(x) or ()
    left: list[Axis] = []
    for i, factors in enumerate(axes):
        if i not in gone:
            left.append(factors)
        elif outputs[0].ndim == x.ndim:
            left.append(())
    return [settle(tuple(left), axes)] * len(outputs)


def _reduced(ndim: int, *told: object) -> set[int]:
    """Which axes are reduced: those of the first list among what was told, else the first number, else all."""
    lists = [one for one in told if isinstance(one, list | tuple)]
    numbers = [one for one in told if type(one) is int]
    dims = next(iter(lists), numbers[:1])
    return {dim % ndim for dim in dims} or set(range(ndim))


@rule_of_one(
    "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm "
    "native_layer_norm native_group_norm _fused_rms_norm _softmax _log_softmax native_dropout "
    "_batch_norm_impl_index batch_norm _batch_norm_with_update _batch_norm_no_update _safe_softmax "
    "fake_quantize_per_tensor_affine_cachemask fake_quantize_per_channel_affine_cachemask "
    "_fake_quantize_learnable_per_tensor_affine _fake_quantize_learnable_per_channel_affine "
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams _fused_moving_avg_obs_fq_helper"
)
def _as_first(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object, **__: object) -> Found:
    """x of any shape: outputs of the same shape have its axes."""
    return [axes if output.shape == x.shape else None for output in outputs]


def _spatial(axes: Axes, outputs: list[Tensor], channels: Axis) -> Found:
    """Kernels that slide over the axes after the channels of (N, C, ...): whole coordinates are whole again.

    They have their new lengths. An axis whose length stays keeps its positions, whatever they are, as in convolutions
    of windows. What grows from one index says nothing of a place in the image.
    """
    return [_slid(axes, channels, outputs[0].shape[2:])] * len(outputs)


def _slid(axes: Axes, channels: Axis, sizes: Sequence[int]) -> Axes:
    """Of (N, C, ...), the axes after the channels having their new sizes."""
    # else a coordinate may have parts among the images
    ours = bool(axes) and roles(axes[0]) <= {BATCH, CHANNEL}
    first, _, *left = settle((axes[0], channels, *axes[2:]), axes)
    found: list[Axis] = []
    for i, (factors, n) in enumerate(zip(left, sizes, strict=True), start=2):
        whole = grid_along(axes, i) if ours else None
        if whole:
            found.append(whole.resized(n))
        elif size_of(factors) == n:
            found.append(factors)
        else:
            found.append(channels_if(roles(factors) == {CHANNEL}, n))
    return first, channels, *found


def _mixed(gone: Axis, left: Sequence[Axis], size: int) -> Axis:
    """Channels made by a constant matrix from an axis: positions that it mixes must be the fine part of a grid."""
    own = roles(gone) - {CHANNEL}
    coarse = {role for factors in left for role in roles(factors)}
    return channels_if(UNKNOWN not in own and own <= coarse, size)


@rule_of_one("convolution _convolution mkldnn_convolution deform_conv2d")
def _convolve(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object, **__: object) -> Found:
    """x (N, C, ...) to (N, C', ...)."""
    channels = _mixed(axes[1], (axes[0], *axes[2:]), outputs[0].shape[1])
    return _spatial(axes, outputs, channels)


@rule_of_one("im2col")
def _patches(axes: Axes, outputs: list[Tensor], x: Tensor, *sizes: Sequence[int]) -> Found:
    """x (N, C, H, W) to (N, C', L), a convolution whose channels are the pixels under its kernel.

    Its positions are on one axis.
    """
    if not _are_images(axes[0], axes[1]):
        return [None]
    slid = _slid(axes, axis(CHANNEL, outputs[0].shape[1]), _counts(x.shape[2:], *sizes))
    return [(*slid[:2], tuple(itertools.chain(*slid[2:])))]


def _are_images(first: Axis, second: Axis) -> bool:
    """Whether the first axis has the images and the second nothing but channels."""
    return roles(first) <= {BATCH, CHANNEL} and roles(second) <= {CHANNEL}


def _counts(size: Sequence[int], *sizes: Sequence[int]) -> list[int]:
    """How many places a kernel takes along each axis, from (kernel, dilation, padding, stride)."""
    counts = []
    for n, kernel, dilation, padding, stride in zip(size, *sizes, strict=True):
        reach = dilation * (kernel - 1) + 1
        counts.append((n + 2 * padding - reach) // stride + 1)
    return counts


@rule_of_one("col2im")
def _from_patches(
    axes: Axes, outputs: list[Tensor], x: Tensor, size: Sequence[int], *sizes: Sequence[int]
) -> Found:
    """The reverse, x (N, C', L) to (N, C, H, W).

    Patches that lie on the whole grid, in its order, overlap to a grid of the full size.
    """
    if x.ndim != 3 or not _are_images(axes[0], axes[1]):
        return [None]
    in_order = list(zip(coordinates(len(size)), _counts(size, *sizes), strict=True))
    if [(f.role, f.size) for f in axes[2]] != in_order:
        return [None]
    row, column = axes[2]
    split = (axes[0], axes[1], (row,), (column,))
    if None in (grid_along(split, 2), grid_along(split, 3)):
        return [None]
    channels, height, width = outputs[0].shape[-3:]
    return [(axes[0], axis(CHANNEL, channels), row.resized(height), column.resized(width))]


@rule_of_one("max_pool1d avg_pool1d adaptive_avg_pool1d adaptive_max_pool1d max_pool1d_with_indices")
def _pool_of_lines(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object, **__: object) -> Found:
    """x (N, C, L) to (N, C, L'); torch mostly pools lines as maps of one row."""
    return _pooled(axes, outputs, 3)


@rule_of_one(
    "max_pool2d_with_indices max_pool2d avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d "
    "adaptive_avg_pool2d mkldnn_max_pool2d fractional_max_pool2d max_unpool2d"
)
def _pool(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object, **__: object) -> Found:
    """x (N, C, H, W) to (N, C, H', W').

    Unpooling as well: it puts values back on the grid of the map that was pooled, whose size it is told.
    """
    return _pooled(axes, outputs, 4)


@rule_of_one(
    "max_pool3d_with_indices avg_pool3d _adaptive_avg_pool3d adaptive_max_pool3d fractional_max_pool3d "
    "max_unpool3d"
)
def _pool_of_volumes(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object, **__: object) -> Found:
    """x (N, C, D, H, W) to (N, C, D', H', W')."""
    return _pooled(axes, outputs, 5)


def _pooled(axes: Axes, outputs: list[Tensor], ndim: int) -> Found:
    """x (N, C, ...) of `ndim` axes."""
    if len(axes) != ndim:  # without an axis of images the channels would be taken for it
        return [None] * len(outputs)
    return _spatial(axes, outputs, axes[1])


@rule_of_one(
    "upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa "
    "_upsample_bicubic2d_aa _upsample_lanczos2d_aa _upsample_nearest_exact2d upsample_nearest1d "
    "upsample_linear1d _upsample_nearest_exact1d upsample_nearest3d _upsample_nearest_exact3d "
    "upsample_trilinear3d"
)
def _upsample(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object, **__: object) -> Found:
    """x (N, C, ...) as a pool; what was one is the same everywhere."""
    found = _spatial(axes, outputs, axes[1])[0] or ()
    before = zip(axes, found, outputs[0].shape, strict=True)
    return [tuple(new if old else constant(n) for old, new, n in before)]


@rule_of_one("pixel_shuffle pixel_unshuffle channel_shuffle native_channel_shuffle")
def _shuffle(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object) -> Found:
    """Of a batch of maps (N, C, H, W); more axes before them would be taken for channels."""
    if len(axes) != 4:
        return [None]
    channels = channels_if(UNKNOWN not in roles(axes[1]), outputs[0].shape[1])
    return _spatial(axes, outputs, channels)


def _product(a: Axes | None, b: Axes | None, shape: Sequence[int]) -> Found:
    """(..., i, k) times (..., k, j). A constant matrix that mixes positions leaves an axis that is no grid's."""
    if a is None and b is None:
        return [None]
    without: Axes = ((),) * len(shape)
    *left, i, k = a or without
    *right, l, j = b or without
    batch = unify(tuple(left), tuple(right), shape[:-2])
    if a is None:
        i = _mixed(l, (*batch, j), shape[-2])
    if b is None:
        vector = len(shape) == 2 and roles(i) == {BATCH}  # flattened maps into a head
        j = axis(CHANNEL, shape[-1]) if vector else _mixed(k, (*batch, i), shape[-1])
    return [settle((*batch, i, j), a or b or ())]


@rule("mm bmm matmul")
def _matmul(axes_of: AxesOf, outputs: list[Tensor], a: Tensor, b: Tensor) -> Found:
    """(..., i, k) times (..., k, j)."""
    return _product(axes_of(a), axes_of(b), outputs[0].shape)


@rule("addmm baddbmm addbmm")
def _addmm(axes_of: AxesOf, outputs: list[Tensor], bias: Tensor, a: Tensor, b: Tensor, **_: object) -> Found:
    """A bias and (..., i, k) times (..., k, j)."""
    return _product(axes_of(a), axes_of(b), outputs[0].shape)


@rule_of_one("linear")
def _linear(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object) -> Found:
    """x (..., i, k) times a constant (k, j)."""
    return _product(axes, None, outputs[0].shape)


@rule(
    "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
    "_scaled_dot_product_efficient_attention _scaled_dot_product_attention_math "
    "_scaled_dot_product_cudnn_attention scaled_dot_product_attention"
)
def _attention(
    axes_of: AxesOf,
    outputs: list[Tensor],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *_: object,
    **__: object,
) -> Found:
    """Queries (..., Q, K) and values (..., N, C) to (..., Q, C): where the queries are, with the values' channels.

    Constant queries are no positions.
    """
    own, values = axes_of(query), axes_of(value)
    others: Found = [None] * (len(outputs) - 1)
    if values is None:
        return [None, *others]
    if own is None:
        own = (*values[:-2], axis(CHANNEL, query.shape[-2]), values[-1])
    return [(*own[:-1], values[-1]), *others]
