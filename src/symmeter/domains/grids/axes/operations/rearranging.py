"""Rules of the operations that move, cut, join and repeat entries."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from symmeter.domains.grids.axes.axes import (
    CHANNEL,
    GRID,
    TOKENS,
    UNKNOWN,
    Axes,
    Axis,
    Factor,
    axis,
    constant,
    has_grid,
    padded,
    reshape,
    roles,
    settle,
    size_of,
    unify,
)
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, elementwise, rule


@rule("view", "_unsafe_view", "reshape", "_reshape_alias")
def _view(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    return [reshape(axes_of(x) or (), outputs[0].shape)]


@rule("permute")
def _permute(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, order: Sequence[int]) -> Found:
    axes = axes_of(x) or ()
    return [tuple(axes[i] for i in order)]


@rule("transpose", "t")
def _transpose(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, a: int = 0, b: int = 1) -> Found:
    axes = list(axes_of(x) or ())
    if len(axes) > 1:
        axes[a], axes[b] = axes[b], axes[a]
    return [tuple(axes)]


@rule("unsqueeze", "squeeze")
def _singles(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any) -> Found:
    """Axes of size 1 come and go; the others keep their order."""
    left = [factors for factors in axes_of(x) or () if factors]
    return [tuple(() if n == 1 else left.pop(0) for n in outputs[0].shape)]


@rule("expand", "repeat")
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
        return only.resized(size)
    return axis(CHANNEL if roles(factors) == {CHANNEL} else UNKNOWN, size)


def replace_prefix(tokens: Factor, prefix: int) -> Axis:
    """A token axis with another number of prefix tokens."""
    if prefix == 0:
        return tokens.inside
    return (replace(tokens, prefix=prefix, size=prefix + size_of(tokens.inside)),)


@rule("slice")
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


@rule("select")
def _select(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, dim: int, index: int) -> Found:
    axes = list(axes_of(x) or ())
    del axes[dim if dim >= 0 else len(axes) + dim]
    return [settle(tuple(axes))]


@rule("split", "split_with_sizes", "chunk", "unsafe_split", "unsafe_split_with_sizes")
def _split(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, sizes: Any, dim: int = 0) -> Found:
    axes, found, start = axes_of(x) or (), [], 0
    for output in outputs:
        part = list(axes)
        part[dim] = _cut(part[dim], x.shape[dim], start, output.shape[dim])
        start += output.shape[dim]
        found.append(settle(tuple(part)))
    return found


@rule("unbind")
def _unbind(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, dim: int = 0) -> Found:
    return _select(axes_of, outputs, x, dim, 0) * len(outputs)


@rule("cat")
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


@rule("stack")
def _stack(axes_of: AxesOf, outputs: list[Tensor], tensors: Sequence[Tensor], dim: int = 0) -> Found:
    single = elementwise(axes_of, [tensors[0]], *tensors)[0] or ()
    dim %= outputs[0].ndim
    return [(*single[:dim], axis(CHANNEL, len(tensors)), *single[dim:])]


@rule("roll")
def _roll(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, shifts: Any, dims: Any = ()) -> Found:
    """A rolled coordinate carries how far, until it is rolled back."""
    axes = list(axes_of(x) or ())
    shifts, dims = ([v] if isinstance(v, int) else list(v) for v in (shifts, dims))
    for shift, dim in zip(shifts, dims, strict=True):
        factors = axes[dim]
        if has_grid(factors):
            (only,) = factors
            if only.role not in GRID or only.step != 1 or only.flipped:
                return [None]
            axes[dim] = (replace(only, rolled=(only.rolled + shift) % only.size),)
        elif roles(factors) - {CHANNEL}:
            return [None]
    return [tuple(axes)]


@rule("flip")
def _flip(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, dims: Sequence[int]) -> Found:
    """A coordinate of the grid runs backwards from then on, until it is flipped back."""
    axes = list(axes_of(x) or ())
    for dim in dims:
        factors = axes[dim]
        if any(f.role == TOKENS or f.rolled for f in factors):
            return [None]
        axes[dim] = tuple(replace(f, flipped=not f.flipped) if f.role in GRID else f for f in factors)
    return [tuple(axes)]


@rule("rot90")
def _rot90(
    axes_of: AxesOf, outputs: list[Tensor], x: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)
) -> Found:
    """Quarter turns from the first axis towards the second: flips, and axes exchanged where k is odd."""
    first, second = dims
    flipped = {0: [], 1: [second], 2: [first, second], 3: [first]}[k % 4]
    (turned,) = _flip(axes_of, outputs, x, flipped)
    if turned is None or k % 2 == 0:
        return [turned]
    axes = list(turned)
    axes[first], axes[second] = axes[second], axes[first]
    return [tuple(axes)]


@rule("unfold")
def _unfold(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, dim: int, size: int, step: int) -> Found:
    """Windows side by side cut an axis into which window and where in it; windows that overlap are not followed."""
    axes = list(axes_of(x) or ())
    count = outputs[0].shape[dim]
    if size != step or count * size != x.shape[dim]:
        return [None]
    split = reshape((axes[dim],), (count, size))
    if split is None:
        return [None]
    axes[dim] = split[0]
    return [(*axes, split[1])]


@rule("view_as_complex")
def _pairs_as_complex(axes_of: AxesOf, outputs: list[Tensor], x: Tensor) -> Found:
    axes = list(axes_of(x) or ())
    return [None if roles(axes.pop()) - {CHANNEL} else tuple(axes)]


@rule("view_as_real")
def _complex_as_pairs(axes_of: AxesOf, outputs: list[Tensor], x: Tensor) -> Found:
    return [(*(axes_of(x) or ()), axis(CHANNEL, 2))]


@rule("sort", "topk", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "index_select", "glu",
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


@rule("index")
def _index(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, indices: Sequence[Tensor | None]) -> Found:
    """A list of channels; any other indexing is not followed."""
    axes, ((dim, chosen),) = list(axes_of(x) or ()), [(i, t) for i, t in enumerate(indices) if t is not None]
    plain = chosen.ndim == 1 and chosen.dtype != torch.bool and axes_of(chosen) is None
    axes[dim] = axis(CHANNEL if roles(axes[dim]) <= {CHANNEL} else UNKNOWN, outputs[0].shape[dim])
    return [tuple(axes) if plain else None]


@rule("gather", "scatter", "scatter_add", "scatter_reduce", "index_put", "_index_put_impl", "index_copy",
       "index_add", "index_reduce", "index_fill", "masked_scatter", "take", "put", "slice_scatter", "select_scatter",
       "diagonal_scatter", "as_strided_scatter", "_fft_r2c", "_fft_c2r", "tril", "triu",
       "nonzero", "argmax", "argsort", "masked_select", "grid_sampler_2d", "grid_sampler_3d", "renorm", "cross",
       "linalg_cross", "linalg_inv_ex", "linalg_qr", "linalg_cholesky_ex", "linalg_matrix_exp", "linalg_lu_factor_ex",
       "linalg_solve_triangular", "_linalg_eigh", "_linalg_svd", "_linalg_solve_ex", "multinomial",
       "_cummax_helper", "_cummin_helper", "segment_reduce", "_cdist_forward", "_euclidean_dist")  # fmt: skip
def _not_followed(axes_of: AxesOf, outputs: list[Tensor], *_: Any, **__: Any) -> Found:
    return [None] * len(outputs)


@rule("mkldnn_rnn_layer", "_cudnn_rnn", "lstm", "gru", "_thnn_fused_lstm")
def _recurrent(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *_: Any, **__: Any) -> Found:
    """A sequence keeps its positions; the states at its end are not followed."""
    axes = axes_of(x) or ()
    return [(*axes[:-1], axis(CHANNEL, outputs[0].shape[-1]))] + [None] * (len(outputs) - 1)


@rule("as_strided")
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


@rule("constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d",
       "replication_pad2d", "replication_pad3d")  # fmt: skip
def _pad(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, pad: Sequence[int], *_: Any) -> Found:
    """A padded grid is a grid of its own; what is put before flattened tokens are prefix tokens."""
    axes, shape = axes_of(x) or (), outputs[0].shape
    found = list(padded(axes, shape))
    for i, (front, back) in enumerate(zip(pad[::2], pad[1::2], strict=True), start=1):
        if len(roles(axes[-i]) & set(GRID)) == 2 and front > 0 and back == 0:
            found[-i] = _joined([axis(CHANNEL, front), axes[-i]], [front, shape[-i] - front])
    return [tuple(found)]
