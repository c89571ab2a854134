"""One rule an operation: the axes of its outputs from those of its inputs.

A rule is called as rule(axes_of, outputs, *arguments of the operation) and returns a list with the axes of each output,
None for those that it cannot tell. `axes_of` gives None for a tensor that does not depend on the image.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

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
    for leaf in pytree.tree_leaves((args, kwargs)):
        own = axes_of(leaf) if isinstance(leaf, Tensor) else None
        if own is not None:
            if len(own) > len(shape):
                return [None] * len(outputs)
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
    """What is repeated is the same at every index: a channel. A grid axis that is tiled is not known."""
    axes = axes_of(x) or ()
    axes = ((),) * (outputs[0].ndim - len(axes)) + axes
    sized = zip(axes, outputs[0].shape, strict=True)
    return [tuple(a if size_of(a) == n else axis(UNKNOWN if a else CHANNEL, n) for a, n in sized)]


def _cut(factors: Axis, total: int, start: int, size: int) -> Axis:
    """A part of an axis: of a grid axis a grid of its own, of tokens the prefix or the grid."""
    if size == total or not factors:
        return factors if size == total else ()
    only = factors[0] if len(factors) == 1 else None
    if only and only.role == TOKENS:
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
    *_: Any,
    **__: Any,
) -> Found:
    axes = list(axes_of(x) or ())
    first = max(start or 0, 0) if (start or 0) >= 0 else x.shape[dim] + int(start or 0)
    axes[dim] = _cut(axes[dim], x.shape[dim], first, outputs[0].shape[dim])
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
    tensors = [t for t in tensors if t.ndim == len(shape)]
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


@_rule("flip", "sort", "topk", "gather", "cumsum", "index", "index_select", "scatter", "unfold", "im2col",
       "col2im", "tril", "triu", "nonzero", "argmax", "argsort", "masked_select")  # fmt: skip
def _not_followed(axes_of: AxesOf, outputs: list[Tensor], *_: Any, **__: Any) -> Found:
    return [None] * len(outputs)


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
def _pad(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    return [padded(axes_of(x) or (), outputs[0].shape)]


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
        return [settle(tuple(() if i in gone else a for i, a in enumerate(axes)))] * len(outputs)
    return [settle(tuple(a for i, a in enumerate(axes) if i not in gone))] * len(outputs)


@_rule("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "cudnn_batch_norm",
       "native_layer_norm", "native_group_norm", "_fused_rms_norm", "_softmax", "_log_softmax", "native_dropout",
       "_batch_norm_impl_index", "batch_norm", "_batch_norm_with_update", "_batch_norm_no_update")  # fmt: skip
def _as_first(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    return [axes_of(x) if output.shape == x.shape else None for output in outputs]


def _spatial(axes: Axes, outputs: list[Tensor], channels: Axis) -> Found:
    """Kernels that slide over the last axes: each must be one of the grid's, possibly with channels beside."""
    shape, last = outputs[0].shape, axes[2:]
    if len(axes) != 4 or len(axes[0]) != 1 or axes[0][0].role != BATCH:
        return [None] * len(outputs)
    found: list[Axis] = []
    for factors, n in zip(last, shape[2:], strict=True):
        own = roles(factors) - {CHANNEL}
        if len(own) > 1 or UNKNOWN in own or any(f.rolled for f in factors):
            return [None] * len(outputs)
        found.append(axis(own.pop() if own else CHANNEL, n))
    return [(axes[0], channels, *found)] * len(outputs)


@_rule("convolution", "_convolution", "mkldnn_convolution", "deform_conv2d", "grid_sampler_2d")
def _convolve(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    axes, shape = axes_of(x), outputs[0].shape
    if axes is None:
        return [None]
    if len(axes) == 3:  # along one axis, which it keeps when its length stays
        kept = axes[2] if size_of(axes[2]) == shape[2] and not has_grid(axes[1]) else axis(UNKNOWN, shape[2])
        return [(axes[0], axis(CHANNEL, shape[1]), kept)]
    return _spatial(axes, outputs, axis(CHANNEL, shape[1]))


@_rule("max_pool2d_with_indices", "max_pool2d", "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d",
       "adaptive_avg_pool2d", "mkldnn_max_pool2d", "upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d",
       "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "_upsample_nearest_exact2d")  # fmt: skip
def _pool(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    axes = axes_of(x)
    return [None] * len(outputs) if axes is None else _spatial(axes, outputs, axes[1])


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
    gone = roles(l if a is None else k) - {CHANNEL}
    coarse = {role for factors in (*batch, i, j) for role in roles(factors)}  # as in patch merging
    mixed = CHANNEL if UNKNOWN not in gone and gone <= coarse else UNKNOWN
    if a is None:
        i = axis(mixed, shape[-2])
    if b is None:
        vector = len(shape) == 2 and roles(i) == {BATCH}  # flattened maps into a head
        j = axis(CHANNEL if vector else mixed, shape[-1])
    return [settle((*batch, i, j))]


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
    own, channels = axes_of(query), axes_of(value)
    first = None if own is None or channels is None else (*own[:-1], channels[-1])
    return [first] + [None] * (len(outputs) - 1)
