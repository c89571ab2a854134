"""How a symmetry acts on a tensor whose axes are known, and which axes a tensor has on which it is known to act."""

import itertools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace

from symmeter.domains.grids.axes.axes import (
    BATCH,
    CHANNEL,
    TOKENS,
    Axes,
    Factor,
    axis,
    coordinates,
    factors_of,
    has_grid,
    is_whole,
    parts_of,
    roles,
    settle,
    size_of,
    tokens,
)
from symmeter.domains.grids.axes.rearranged import Rearranged
from symmeter.domains.grids.grid import CHANNELS_FIRST, CHANNELS_LAST, Grid
from symmeter.domains.grids.tokens import Tokens
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_role, _rolled, _flipped = map(operator.attrgetter, ("role", "rolled", "flipped"))


def _layouts(count: int) -> dict[str, tuple[str, ...]]:
    """The axes of a grid of so many, in either order of channels."""
    own = coordinates(count)
    return {CHANNELS_FIRST: (BATCH, CHANNEL, *own), CHANNELS_LAST: (BATCH, *own, CHANNEL)}


def axes_under(rho: Representation, shape: Sequence[int]) -> Axes | None:
    """The axes of a tensor that a grid, tokens or features without a grid are; None for other representations.

    >>> axes_under(Trivial(), (2, 8))
    ((Factor(role='batch', size=2, ...),), (Factor(role='channel', size=8, ...),))
    """
    if isinstance(rho, Tokens):
        inside = itertools.chain(*map(axis, coordinates(len(rho.grid)), rho.grid))
        return (axis(BATCH, shape[0]), tokens(rho.prefix, tuple(inside)), axis(CHANNEL, shape[2]))
    if isinstance(rho, Grid):
        own = _layouts(rho.axes)[rho.layout]
    elif isinstance(rho, Trivial):
        own = [CHANNEL] * len(shape)
        own[rho.batch_axis] = BATCH
    else:
        return None
    return tuple(axis(role, n) for role, n in zip(own, shape, strict=True))


def representation(axes: Axes, grid: Grid, sizes: Sequence[int] = ()) -> Representation | None:
    """How the symmetry acts on a tensor with these axes; None where that is not known.

    `grid` is how it acts on the input, `sizes` are those of the axes of its grid, where they are known: coordinates of
    one index have that everywhere, and what is left of a grid after strides has longer steps.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> maps = (axis("batch", 2), axis("channel", 8), axis("y", 7), axis("x", 9))
    >>> representation(maps, Grid(Bandlimited())).describe()
    'grid, channels first'
    """
    axes = settle(axes)
    flat = list(itertools.chain.from_iterable(axes))
    own = coordinates(grid.axes)
    if len(factors_of(BATCH, axes)) != 1 or roles(flat) - {BATCH, CHANNEL, *own}:
        return None
    if not has_grid(flat):
        alone = [place for place, factors in enumerate(axes) if roles(factors) == {BATCH}]
        return Trivial(*alone) if alone else None
    single = {role for role, n in zip(own, sizes, strict=False) if n == 1}
    parts = {role: factors_of(role, axes) for role in own}
    rolls = set(itertools.product(*map(_rolls, parts.values())))
    if not all(is_whole(parts[role]) for role in set(own) - single) or len(rolls) > 1:
        return None
    (rolled,) = rolls
    moved = any((*rolled, *map(_flipped, parts_of(flat))))
    grid = _spaced(grid, sizes, [size_of(parts[role]) for role in own])
    on_grid = None if moved else _on_grid(axes, grid, single)
    return on_grid or _in_pieces(axes, grid, rolled)


def _rolls(own: Iterable[Factor]) -> set[int]:
    """How far the factors of a coordinate have been rolled, no way at all where it has one index."""
    return set(map(_rolled, own)) or {0}


def _spaced(grid: Grid, before: Sequence[int], now: Sequence[int]) -> Grid:
    """A grid of features with as many positions as there are now on the length that it had before, along every axis."""
    steps = grid.spacing
    if steps is not None and before:
        longer = reversed(list(map(operator.truediv, before, now)))
        steps = tuple(map(operator.mul, steps, longer))
    return Grid(grid.interpolant, padding=grid.padding, axes=grid.axes, spacing=steps)


def _on_grid(axes: Axes, grid: Grid, single: set[str]) -> Representation | None:
    """Of maps and of tokens, whose grid is whole and in its order; None for axes in any other order."""
    for layout, own in _layouts(grid.axes).items():
        if _are(axes, own, single):
            return replace(grid, layout=layout)
    if len(axes) != 3 or not _are((axes[0], axes[2]), (BATCH, CHANNEL), single):
        return None
    prefix = sum(f.prefix for f in axes[1])
    inside = parts_of(axes[1])
    sizes = {f.role: f.size for f in inside}
    own = coordinates(grid.axes)
    if list(map(_role, inside)) != [role for role in own if role not in single]:
        return None
    whole = tuple(sizes.get(role, 1) for role in own)
    return Tokens(grid.interpolant, whole, prefix, grid.padding, grid.spacing)


def _are(axes: Axes, wanted: Sequence[str], single: set[str]) -> bool:
    """Whether each axis is one factor of its role; channels and coordinates of one index have none."""
    if len(axes) != len(wanted):
        return False
    for factors, role in zip(axes, wanted, strict=True):
        allowed = ([role], []) if role in (CHANNEL, *single) else ([role],)
        if list(map(_role, factors)) not in allowed:
            return False
    return True


def _in_pieces(axes: Axes, grid: Grid, rolled: tuple[int, ...]) -> Representation | None:
    """How the symmetry acts where the grid is cut up; None where tokens with a prefix are not one axis alone."""
    prefixed = [factors for factors in axes if TOKENS in map(_role, factors)]
    if sum(map(len, prefixed)) > 1:
        return None
    plain = tuple(tuple(map(_plain, factors)) for factors in axes)
    return Rearranged(grid, plain, rolled)


def _plain(f: Factor) -> tuple:
    """The factor as values: one that runs backwards has a negative step, and a batch may have any size."""
    inside = tuple((part.role, part.size, _signed_step(part)) for part in f.inside)
    size = -1 if f.role == BATCH else f.size
    return (f.role, size, _signed_step(f), f.prefix, inside)


def _signed_step(f: Factor) -> int:
    return -f.step if f.flipped else f.step
