"""Which axis of a tensor is the image's: an algebra of axes that survives views.

An axis is a list of factors, row-major. A factor of role `y` (grid rows) or `x` (grid columns) with step s adds
index * s to that coordinate, so window partitions, their reverse, and flattened token grids are all followed exactly.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

BATCH, Y, X, CHANNEL, UNKNOWN, TOKENS = "batch", "y", "x", "channel", "unknown", "tokens"
GRID = (Y, X)


@dataclass(frozen=True)
class Factor:
    """A run of `size` indices of one role. `rolled`: how far the coordinate has been rolled; `flipped`: backwards.

    A channel of step 0 has the same values at every index, as after `expand`. A factor of role `tokens` is an axis with
    `prefix` tokens before the grid's factors `inside`; it cannot be split.
    """

    role: str
    size: int
    step: int = 1
    rolled: int = 0
    prefix: int = 0
    inside: tuple["Factor", ...] = ()
    flipped: bool = False

    def resized(self, size: int) -> "Axis":
        """A whole coordinate at another length, as one axis."""
        return (replace(self, size=size, step=1),) if size != 1 else ()


Axis = tuple[Factor, ...]
Axes = tuple[Axis, ...]


def axis(role: str, size: int) -> Axis:
    """A whole axis of one role; an axis of size 1 has no factors."""
    return (Factor(role, size),) if size != 1 else ()


def constant(size: int) -> Axis:
    """An axis along which all values are the same: it agrees with any other."""
    return (Factor(CHANNEL, size, step=0),) if size != 1 else ()


def channels_if(sure: bool, size: int) -> Axis:
    """An axis of channels where that is sure, else one of which nothing is known."""
    return axis(CHANNEL if sure else UNKNOWN, size)


def unknown(shape: Sequence[int]) -> Axes:
    """Axes of which nothing is known but that they depend on the image."""
    return tuple(axis(UNKNOWN, n) for n in shape)


def size_of(factors: Iterable[Factor]) -> int:
    """Number of indices."""
    return math.prod(f.size for f in factors)


def roles(factors: Iterable[Factor]) -> set[str]:
    """Roles of the factors, those behind a prefix included."""
    return {g.role for f in factors for g in (f.inside if f.role == TOKENS else (f,))}


def has_grid(factors: Iterable[Factor]) -> bool:
    """Whether a coordinate of the grid runs along these factors."""
    return bool(roles(factors) & set(GRID))


def reshape(axes: Axes, shape: Sequence[int]) -> Axes | None:
    """The axes after a view; None when it cuts across factors.

    >>> rows = (Factor("y", 6),)
    >>> reshape((rows,), (2, 3))
    ((Factor(role='y', size=2, step=3, ...),), (Factor(role='y', size=3, step=1, ...),))
    """
    left = [f for factors in axes for f in factors]
    result = []
    for n in shape:
        found: list[Factor] = []
        while n > 1:
            if not left:
                return None
            f = left.pop(0)
            if n % f.size == 0:
                found.append(f)
                n //= f.size
            elif f.size % n == 0 and f.role != TOKENS:
                inner = f.size // n
                found.append(replace(f, size=n, step=f.step * inner if f.role in GRID else f.step))
                left.insert(0, replace(f, size=inner))
                n = 1
            else:
                return None
        result.append(coalesce(found))
    return tuple(result) if not left else None


def coalesce(factors: Iterable[Factor]) -> Axis:
    """Neighbours that are the coarse and the fine part of one coordinate become one factor."""
    done: list[Factor] = []
    for f in factors:
        last = done[-1] if done else None
        if (
            last
            and last.role == f.role != TOKENS
            and last.step == f.size * f.step
            and (last.rolled, last.flipped) == (f.rolled, f.flipped)
        ):
            done[-1] = replace(last, size=last.size * f.size, step=f.step)
        elif last and last.role == f.role and f.role in (CHANNEL, UNKNOWN):
            done[-1] = Factor(f.role, last.size * f.size)
        else:
            done.append(f)
    return tuple(done)


def settle(axes: Axes, before: Iterable[Axis] = ()) -> Axes:
    """Where the fine part of a coordinate has gone into channels, the coarse one is the whole new grid.

    Where the coarse part has gone since `before`, what is left of the coordinate says no longer where it is.

    >>> windows = ((Factor("y", 4, step=2),), (Factor("y", 2),))
    >>> settle(windows[:1])
    ((Factor(role='y', size=4, step=1, ...),),)
    >>> settle(windows[1:], before=windows)
    ((Factor(role='unknown', size=2, step=1, ...),),)
    """
    hidden = any(UNKNOWN in roles(factors) for factors in axes)  # the fine part may be there
    for role in GRID:
        own, had = _of(role, axes), _of(role, before)
        if own and any(f.step >= _reach(own) for f in had):
            axes = tuple(tuple(_lost(f) if role in roles((f,)) else f for f in factors) for factors in axes)
        elif own and not hidden and (least := min(f.step for f in own)) > 1:
            axes = tuple(tuple(_scaled(f, role, least) for f in factors) for factors in axes)
    return axes


def _of(role: str, axes: Iterable[Axis]) -> list[Factor]:
    """All factors of a role, those behind a prefix included."""
    flat = (g for factors in axes for f in factors for g in (f.inside if f.role == TOKENS else (f,)))
    return [f for f in flat if f.role == role]


def _reach(factors: Iterable[Factor]) -> int:
    """How far these factors reach along their coordinate."""
    return max(f.step * f.size for f in factors)


def _lost(f: Factor) -> Factor:
    return Factor(UNKNOWN, f.size)


def _scaled(f: Factor, role: str, least: int) -> Factor:
    """The factor on a grid that is coarser by `least`: a roll by less than a step of it cannot be told."""
    if f.role == TOKENS:
        return replace(f, inside=tuple(_scaled(g, role, least) for g in f.inside))
    if f.role != role:
        return f
    return _lost(f) if f.rolled % least else replace(f, step=f.step // least, rolled=f.rolled // least)


def grid_along(axes: Axes, place: int) -> Factor | None:
    """The whole coordinate that runs along an axis in order, at most with channels beside each index, as one factor.

    Its fine part may have gone into the channels of axis 1, as after space-to-depth.
    """
    factors = axes[place]
    first = factors[0] if factors else None
    if first is None or first.role not in GRID:
        return None
    own = tuple(itertools.takewhile(lambda f: f.role == first.role, factors))
    if roles(factors[len(own) :]) - {CHANNEL} or any(f.rolled or f.flipped != first.flipped for f in own):
        return None
    elsewhere = _of(first.role, (*axes[:place], *axes[place + 1 :]))
    fine = sum(f in axes[1] for f in elsewhere) == len(elsewhere)
    ordered = all(a.step > b.step for a, b in itertools.pairwise(own))
    whole = is_whole([*own, *elsewhere]) and fine and all(f.step < own[-1].step for f in elsewhere)
    return first if ordered and whole else None


def padded(axes: Axes, shape: Sequence[int]) -> Axes:
    """The axes of a larger tensor around this one: a padded grid is a grid of its own size."""
    found: list[Axis] = []
    for factors, n in zip(axes, shape, strict=True):
        only = factors[0] if len(factors) == 1 else None
        plain = only is not None and not only.rolled and only.role in (*GRID, CHANNEL)
        larger = only.resized(n) if only and plain else axis(UNKNOWN if factors else CHANNEL, n)
        found.append(factors if size_of(factors) == n else larger)
    return tuple(found)


def unify(a: Axes, b: Axes, shape: Sequence[int]) -> Axes:
    """The axes of an elementwise result: what adds up is the same axis, known from either side."""
    padded = [((),) * (len(shape) - len(c)) + c for c in (a, b)]
    return tuple(_same(p, q, n) for p, q, n in zip(*padded, shape, strict=True))


def _same(a: Axis, b: Axis, size: int) -> Axis:
    known = [c for c in (a, b) if size_of(c) == size and UNKNOWN not in roles(c)]
    if size == 1:
        return ()
    if not known:
        return axis(UNKNOWN, size)
    varying = [c for c in known if any(f.step for f in c)] or known[:1]
    if len(varying) == 1 or varying[0] == varying[1]:
        return varying[0]
    finer = tuple(replace(f, step=min(f.step, g.step)) for f, g in zip(*varying, strict=False))
    # the same factors in the units of two grids, one of which has been settled
    alike = all(
        tuple(replace(f, step=g.step) for f, g in zip(c, finer, strict=False)) == finer for c in varying
    )
    return finer if alike and size_of(finer) == size else axis(UNKNOWN, size)


def is_whole(factors: list[Factor]) -> bool:
    """Whether these factors make up one coordinate, every index once."""
    ordered = sorted(factors, key=lambda f: -f.step)
    follows = all(a.step == b.size * b.step for a, b in itertools.pairwise(ordered))
    return bool(ordered) and follows and ordered[-1].step == 1


def shape_of(axes: Axes) -> tuple[int, ...]:
    """Sizes of the axes."""
    return tuple(size_of(factors) for factors in axes)


def grid_axes(x: Tensor, count: int = len(GRID)) -> Axes:
    """The axes of a batch of grids, (B, C, H, W) for two axes, (B, C, L) for one."""
    roles = (BATCH, CHANNEL, *GRID[len(GRID) - count :])
    return tuple(axis(role, n) for role, n in zip(roles, x.shape, strict=True))
