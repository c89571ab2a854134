"""How a symmetry acts on a tensor whose axes are known, and which axes a tensor has on which it is known to act."""

import itertools
import operator
from collections.abc import Collection, Iterable, Sequence

from symmeter.domains.grids.axes.axes import (
    BATCH,
    CHANNEL,
    GRID,
    TOKENS,
    UNKNOWN,
    Axes,
    Factor,
    X,
    Y,
    axis,
    factors_of,
    has_grid,
    is_whole,
    parts_of,
    roles,
    settle,
    tokens,
)
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.domains.grids.rearranged import Rearranged
from symmeter.domains.grids.tokens import Tokens
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_role, _rolled, _flipped = map(operator.attrgetter, ("role", "rolled", "flipped"))


def axes_under(rho: Representation, shape: Sequence[int]) -> Axes | None:
    """The axes of a tensor that a map, tokens or features without a grid are; None for other representations.

    >>> axes_under(Trivial(), (2, 8))
    ((Factor(role='batch', size=2, ...),), (Factor(role='channel', size=8, ...),))
    """
    if isinstance(rho, Tokens):
        rows, columns = rho.grid
        places = tokens(rho.prefix, axis(Y, rows) + axis(X, columns))
        return (axis(BATCH, shape[0]), places, axis(CHANNEL, shape[2]))
    if isinstance(rho, Grid):
        own = (Y, X)[-rho.axes :]
        middle = {"channels_first": (CHANNEL, *own), "channels_last": (*own, CHANNEL)}[rho.layout]
    elif isinstance(rho, Trivial):
        middle = (CHANNEL,) * (len(shape) - 1)
    else:
        return None
    return tuple(axis(role, n) for role, n in zip((BATCH, *middle), shape, strict=True))


def representation(
    axes: Axes, interpolant: Interpolant, single: Collection[str] = ()
) -> Representation | None:
    """How the symmetry acts on a tensor with these axes; None where that is not known.

    `single` are the roles of coordinates that have one index only, in the image and everywhere.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> maps = (axis("batch", 2), axis("channel", 8), axis("y", 7), axis("x", 9))
    >>> representation(maps, Bandlimited()).describe()
    'grid, channels first'
    """
    axes = settle(axes)
    flat = list(itertools.chain.from_iterable(axes))
    if len(factors_of(BATCH, axes)) != 1 or UNKNOWN in roles(flat):
        return None
    if not has_grid(flat):
        return Trivial() if roles(axes[0]) == {BATCH} else None
    own = {role: factors_of(role, axes) for role in GRID}
    whole = all(is_whole(own[role]) for role in set(GRID).difference(single))
    rolls = set(itertools.product(_rolls(own[Y]), _rolls(own[X])))
    if not whole or len(rolls) > 1:
        return None
    (rolled,) = rolls
    moved = any((*rolled, *map(_flipped, parts_of(flat))))
    on_grid = None if moved else _on_grid(axes, interpolant, single)
    return on_grid or _in_pieces(axes, interpolant, rolled)


def _rolls(own: Iterable[Factor]) -> set[int]:
    """How far the factors of a coordinate have been rolled, no way at all where it has one index."""
    return set(map(_rolled, own)) or {0}


def _on_grid(axes: Axes, interpolant: Interpolant, single: Collection[str]) -> Representation | None:
    """Of maps and of tokens, whose grid is whole and in its order; None for axes in any other order."""
    if _are(axes, (BATCH, CHANNEL, Y, X), single):
        return Grid(interpolant)
    if _are(axes, (BATCH, Y, X, CHANNEL), single):
        return Grid(interpolant, "channels_last")
    if len(axes) != 3 or not _are((axes[0], axes[2]), (BATCH, CHANNEL), single):
        return None
    prefix = sum(f.prefix for f in axes[1])
    grid = parts_of(axes[1])
    sizes = {f.role: f.size for f in grid}
    if list(map(_role, grid)) != [role for role in GRID if role not in single]:
        return None
    return Tokens(interpolant, (sizes.get(Y, 1), sizes.get(X, 1)), prefix)


def _are(axes: Axes, wanted: Sequence[str], single: Collection[str]) -> bool:
    """Whether each axis is one factor of its role; channels and coordinates of one index have none."""
    if len(axes) != len(wanted):
        return False
    for factors, role in zip(axes, wanted, strict=True):
        allowed = ([role], []) if role in (CHANNEL, *single) else ([role],)
        if list(map(_role, factors)) not in allowed:
            return False
    return True


def _in_pieces(axes: Axes, interpolant: Interpolant, rolled: tuple[int, int]) -> Representation | None:
    """How the symmetry acts where the grid is cut up; None where tokens with a prefix are not one axis alone."""
    prefixed = [factors for factors in axes if TOKENS in map(_role, factors)]
    if sum(map(len, prefixed)) > 1:
        return None
    plain = tuple(tuple(map(_plain, factors)) for factors in axes)
    return Rearranged(interpolant, plain, rolled)


def _plain(f: Factor) -> tuple:
    """The factor as values: one that runs backwards has a negative step, and a batch may have any size."""
    inside = tuple((part.role, part.size, _signed_step(part)) for part in f.inside)
    size = -1 if f.role == BATCH else f.size
    return (f.role, size, _signed_step(f), f.prefix, inside)


def _signed_step(f: Factor) -> int:
    return -f.step if f.flipped else f.step
