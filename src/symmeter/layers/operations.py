"""One rule an operation: the axes of its outputs from those of its inputs.

A rule is called as rule(axes_of, outputs, *arguments of the operation) and returns a list with the axes of each output,
None for those that it cannot tell. `axes_of` gives None for a tensor that does not depend on the image.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.layers.axes import (
    BATCH,
    CHANNEL,
    GRID,
    TOKENS,
    UNKNOWN,
    Axes,
    Axis,
    Factor,
    axis,
    constant,
    grid_along,
    has_grid,
    padded,
    reshape,
    roles,
    settle,
    size_of,
    unify,
)

AxesOf = Callable[[Tensor], Axes | None]
Found = list[Axes | None]
RULES: dict[str, Callable[..., Found]] = {}


def _rule(*names: str) -> Callable:
    def register(function: Callable) -> Callable:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


def elementwise(axes_of: AxesOf, outputs: list[Tensor], *args: Any, **kwargs: Any) -> Found:
    """The rule of every operation without one: outputs of the broadcast shape of the inputs have their axes."""
    found: Axes | None = None
    shape = outputs[0].shape
    tensors = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    if torch.broadcast_shapes(*(t.shape for t in tensors)) != shape:
        return [None] * len(outputs)
    for own in map(axes_of, tensors):
        if own is not None:
            found = unify(found or (), own, shape)
    return [found if output.shape == shape else None for output in outputs]


@_rule("view", "_unsafe_view", "reshape", "_reshape_alias")
def _view(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    return [reshape(axes_of(x) or (), outputs[0].shape)]


@_rule("permute")
def _permute(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, order: Sequence[int]) -> Found:
    axes = axes_of(x) or ()
    return [tuple(axes[i] for i in order)]


@_rule("transpose", "t")
def _transpose(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, a: int = 0, b: int = 1) -> Found:
    axes = list(axes_of(x) or ())
    if len(axes) > 1:
        axes[a], axes[b] = axes[b], axes[a]
    return [tuple(axes)]


@_rule("unsqueeze", "squeeze")
def _singles(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    """Axes of size 1 come and go; the others keep their order."""
    left = [factors for factors in axes_of(x) or () if factors]
    return [tuple(() if n == 1 else left.pop(0) for n in outputs[0].shape)]


@_rule("expand", "repeat")
def _expand(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    """What was one is the same at every index. Repeated channels are channels; a tiled grid is not known."""
    axes = axes_of(x) or ()
    axes = ((),) * (outputs[0].ndim - len(axes)) + axes
    return [tuple(_tiled(factors, n) for factors, n in zip(axes, outputs[0].shape, strict=True))]


def _tiled(factors: Axis, size: int) -> Axis:
    if size_of(factors) == size:
        return factors
    return axis(CHANNEL if roles(factors) == {CHANNEL} else UNKNOWN, size) if factors else constant(size)


def _cut(factors: Axis, total: int, start: int, size: int, step: int = 1) -> Axis:
    """A part of an axis: of a grid axis a grid of its own, of tokens the prefix or the grid."""
    if size == total:
        return factors
    if size <= 1 or not factors:
        return axis(CHANNEL, size)
    only = factors[0] if len(factors) == 1 else None
    if only and only.role == TOKENS:
        if step > 1:
            return axis(UNKNOWN, size)
        if start <= only.prefix and start + size == total:
            return replace_prefix(only, only.prefix - start)
        return axis(CHANNEL if start + size <= only.prefix else UNKNOWN, size)
    if only and only.role in GRID and not only.rolled:
        return axis(only.role, size)
    return axis(CHANNEL if roles(factors) == {CHANNEL} else UNKNOWN, size)


def replace_prefix(tokens: Factor, prefix: int) -> Axis:
    """A token axis with another number of prefix tokens."""
    if prefix == 0:
        return tokens.inside
    return (replace(tokens, prefix=prefix, size=prefix + size_of(tokens.inside)),)


@_rule("slice")
def _slice(
    axes_of: AxesOf,
    outputs: list[Tensor],
    x: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Found:
    axes = list(axes_of(x) or ())
    first = range(x.shape[dim])[slice(start, end, step)].start
    axes[dim] = _cut(axes[dim], x.shape[dim], first, outputs[0].shape[dim], step)
    return [settle(tuple(axes))]


@_rule("select")
def _select(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, dim: int, index: int) -> Found:
    axes = list(axes_of(x) or ())
    del axes[dim if dim >= 0 else len(axes) + dim]
    return [settle(tuple(axes))]


@_rule("split", "split_with_sizes", "chunk", "unsafe_split")
def _split(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, sizes: Any, dim: int = 0) -> Found:
    axes, found, start = axes_of(x) or (), [], 0
    for output in outputs:
        part = list(axes)
        part[dim] = _cut(part[dim], x.shape[dim], start, output.shape[dim])
        start += output.shape[dim]
        found.append(settle(tuple(part)))
    return found


@_rule("unbind")
def _unbind(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, dim: int = 0) -> Found:
    return _select(axes_of, outputs, x, dim, 0) * len(outputs)


@_rule("cat")
def _cat(axes_of: AxesOf, outputs: list[Tensor], tensors: Sequence[Tensor], dim: int = 0) -> Found:
    shape = outputs[0].shape
    dim %= len(shape)
    tensors = [t for t in tensors if t.ndim == len(shape) and t.shape[dim]]
    found: Axes = ()
    for own in map(axes_of, tensors):
        if own is not None:
            found = unify(found, (*own[:dim], (), *own[dim + 1 :]), [*shape[:dim], 1, *shape[dim + 1 :]])
    pieces = [(axes_of(t) or {dim: axis(CHANNEL, t.shape[dim])})[dim] for t in tensors]
    sizes = [t.shape[dim] for t in tensors]
    return [(*found[:dim], _joined(pieces, sizes), *found[dim + 1 :])]


def _joined(pieces: list[Axis], sizes: list[int]) -> Axis:
    """Channels beside channels; channels before a grid are its prefix tokens."""
    total = sum(sizes)
    if len(pieces) == 1:
        return pieces[0]
    if all(roles(piece) <= {CHANNEL} for piece in pieces):
        return axis(CHANNEL, total)
    before, last = pieces[:-1], pieces[-1]
    if all(roles(piece) <= {CHANNEL} for piece in before) and has_grid(last) and UNKNOWN not in roles(last):
        prefix, inside = sum(sizes[:-1]), last
        if last[0].role == TOKENS:
            prefix, inside = prefix + last[0].prefix, last[0].inside
        return (Factor(TOKENS, total, prefix=prefix, inside=inside),)
    return axis(UNKNOWN, total)


@_rule("stack")
def _stack(axes_of: AxesOf, outputs: list[Tensor], tensors: Sequence[Tensor], dim: int = 0) -> Found:
    single = elementwise(axes_of, [tensors[0]], *tensors)[0] or ()
    dim %= outputs[0].ndim
    return [(*single[:dim], axis(CHANNEL, len(tensors)), *single[dim:])]


@_rule("roll")
def _roll(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, shifts: Any, dims: Any = ()) -> Found:
    """A rolled coordinate carries how far, until it is rolled back."""
    axes = list(axes_of(x) or ())
    shifts, dims = ([v] if isinstance(v, int) else list(v) for v in (shifts, dims))
    for shift, dim in zip(shifts, dims, strict=True):
        factors = axes[dim]
        if has_grid(factors):
            (only,) = factors
            if only.role not in GRID or only.step != 1:
                return [None]
            axes[dim] = (replace(only, rolled=(only.rolled + shift) % only.size),)
        elif roles(factors) - {CHANNEL}:
            return [None]
    return [tuple(axes)]


@_rule("flip", "sort", "topk", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "index_select", "glu",
       "_fft_c2c")  # fmt: skip
def _along(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *args: Any, **kwargs: Any) -> Found:
    """What picks, orders or sums up along some axes: channels stay channels, a grid axis is known no longer."""
    name_last = not args or isinstance(args[0], bool)  # sort and glu without an axis take the last
    given = kwargs.get("dim", -1 if name_last else args[0])
    if (
        isinstance(given, int)
        and len(args) > 1
        and isinstance(args[1], int)
        and not isinstance(args[1], bool)
    ):
        given = args[1]
    axes = list(axes_of(x) or ())
    for dim in [given] if isinstance(given, int) else given:
        axes[dim] = axis(CHANNEL if roles(axes[dim]) <= {CHANNEL} else UNKNOWN, outputs[0].shape[dim])
    return [tuple(axes)] * len(outputs)


@_rule("index")
def _index(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, indices: Sequence[Tensor | None]) -> Found:
    """A list of channels; any other indexing is not followed."""
    axes, ((dim, chosen),) = list(axes_of(x) or ()), [(i, t) for i, t in enumerate(indices) if t is not None]
    plain = chosen.ndim == 1 and chosen.dtype != torch.bool and axes_of(chosen) is None
    axes[dim] = axis(CHANNEL if roles(axes[dim]) <= {CHANNEL} else UNKNOWN, outputs[0].shape[dim])
    return [tuple(axes) if plain else None]


@_rule("gather", "scatter", "scatter_add", "scatter_reduce", "index_put", "_index_put_impl", "index_copy",
       "index_add", "index_reduce", "index_fill", "masked_scatter", "take", "put", "slice_scatter", "select_scatter",
       "diagonal_scatter", "as_strided_scatter", "_fft_r2c", "_fft_c2r", "unfold", "col2im", "tril", "triu",
       "nonzero", "argmax", "argsort", "masked_select", "grid_sampler_2d", "grid_sampler_3d", "renorm", "cross",
       "linalg_cross", "linalg_inv_ex", "linalg_qr", "linalg_cholesky_ex", "linalg_matrix_exp", "linalg_lu_factor_ex",
       "linalg_solve_triangular", "_linalg_eigh", "_linalg_svd", "_linalg_solve_ex", "multinomial", "rot90",
       "_cummax_helper", "_cummin_helper", "segment_reduce", "_cdist_forward", "_euclidean_dist")  # fmt: skip
def _not_followed(axes_of: AxesOf, outputs: list[Tensor], *_: Any, **__: Any) -> Found:
    return [None] * len(outputs)


@_rule("mkldnn_rnn_layer", "_cudnn_rnn", "lstm", "gru", "_thnn_fused_lstm")
def _recurrent(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    """A sequence keeps its positions; the states at its end are not followed."""
    axes = axes_of(x) or ()
    return [(*axes[:-1], axis(CHANNEL, outputs[0].shape[-1]))] + [None] * (len(outputs) - 1)


@_rule("as_strided")
def _as_strided(
    axes_of: AxesOf, outputs: list[Tensor], x: Tensor, size: Sequence[int], stride: Sequence[int], *_: Any
) -> Found:
    """Known where nothing but the strides of axes of size 1 changes, as in global pooling."""
    dense, expected = 1, []
    for n in reversed(size):
        expected.append(dense)
        dense *= n
    plain = all(n == 1 or s == e for n, s, e in zip(size, stride, reversed(expected), strict=True))
    return [axes_of(x) if plain and tuple(size) == tuple(x.shape) else None]


@_rule("constant_pad_nd", "reflection_pad2d", "replication_pad2d")
def _pad(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, pad: Sequence[int], *_: Any) -> Found:
    """A padded grid is a grid of its own; what is put before flattened tokens are prefix tokens."""
    axes, shape = axes_of(x) or (), outputs[0].shape
    found = list(padded(axes, shape))
    for i, (front, back) in enumerate(zip(pad[::2], pad[1::2], strict=True), start=1):
        if len(roles(axes[-i]) & set(GRID)) == 2 and front > 0 and back == 0:
            found[-i] = _joined([axis(CHANNEL, front), axes[-i]], [front, shape[-i] - front])
    return [tuple(found)]


@_rule("mean", "sum", "amax", "amin", "var", "std", "var_mean", "std_mean", "max", "min", "logsumexp", "norm",
       "linalg_vector_norm", "prod", "median")  # fmt: skip
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


@_rule("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "cudnn_batch_norm",
       "native_layer_norm", "native_group_norm", "_fused_rms_norm", "_softmax", "_log_softmax", "native_dropout",
       "_batch_norm_impl_index", "batch_norm", "_batch_norm_with_update", "_batch_norm_no_update")  # fmt: skip
def _as_first(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    return [axes_of(x) if output.shape == x.shape else None for output in outputs]


def _spatial(axes: Axes, outputs: list[Tensor], channels: Axis) -> Found:
    """Kernels that slide over the axes after the channels: a whole coordinate is one again, at its new length.

    An axis whose length stays keeps its positions, whatever they are, as in convolutions of windows.
    """
    ours = bool(axes) and roles(axes[0]) <= {
        BATCH,
        CHANNEL,
    }  # else a coordinate may have parts among the images
    first, _, *left = settle((axes[0], channels, *axes[2:]), axes)
    found: list[Axis] = []
    for i, (factors, n) in enumerate(zip(left, outputs[0].shape[2:], strict=True), start=2):
        role = grid_along(axes, i) if ours else None
        if role:
            found.append(axis(role, n))
        elif size_of(factors) == n:
            found.append(factors)
        else:
            found.append(axis(CHANNEL if roles(factors) <= {CHANNEL} else UNKNOWN, n))
    return [(first, channels, *found)] * len(outputs)


def _mixed(gone: Axis, left: Sequence[Axis], size: int) -> Axis:
    """Channels made by a constant matrix from an axis: positions that it mixes must be the fine part of a grid."""
    own = roles(gone) - {CHANNEL}
    coarse = {role for factors in left for role in roles(factors)}
    return axis(CHANNEL if UNKNOWN not in own and own <= coarse else UNKNOWN, size)


@_rule("convolution", "_convolution", "mkldnn_convolution", "deform_conv2d")
def _convolve(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    axes = axes_of(x)
    if axes is None:
        return [None]
    return _spatial(axes, outputs, _mixed(axes[1], (axes[0], *axes[2:]), outputs[0].shape[1]))


@_rule("im2col")
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
    places = [f for role, n in zip(along, lengths, strict=True) for f in axis(role or UNKNOWN, n)]
    return [(axes[0], axis(CHANNEL, outputs[0].shape[1]), tuple(places))]


@_rule("max_pool2d_with_indices", "max_pool2d", "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d",
       "adaptive_avg_pool2d", "mkldnn_max_pool2d")  # fmt: skip
def _pool(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    axes = axes_of(x)
    if axes is None or len(axes) != 4:
        return [None] * len(outputs)
    return _spatial(axes, outputs, axes[1])


@_rule("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "_upsample_bilinear2d_aa",
       "_upsample_bicubic2d_aa", "_upsample_nearest_exact2d", "upsample_nearest1d", "upsample_linear1d")  # fmt: skip
def _upsample(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    """As a pool; what was one is the same everywhere."""
    axes = axes_of(x)
    if axes is None:
        return [None]
    found = _spatial(axes, outputs, axes[1])[0] or ()
    sized = zip(axes, found, outputs[0].shape, strict=True)
    return [tuple(f if a else constant(n) for a, f, n in sized)]


@_rule("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")
def _shuffle(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    return _spatial(axes_of(x) or (), outputs, axis(CHANNEL, outputs[0].shape[1]))


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


@_rule("mm", "bmm", "matmul")
def _matmul(axes_of: AxesOf, outputs: list[Tensor], a: Tensor, b: Tensor) -> Found:
    return _product(axes_of(a), axes_of(b), outputs[0].shape)


@_rule("addmm", "baddbmm", "addbmm")
def _addmm(axes_of: AxesOf, outputs: list[Tensor], bias: Tensor, a: Tensor, b: Tensor, **_: Any) -> Found:
    return _product(axes_of(a), axes_of(b), outputs[0].shape)


@_rule("linear")
def _linear(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    return _product(axes_of(x), None, outputs[0].shape)


@_rule("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention",
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
