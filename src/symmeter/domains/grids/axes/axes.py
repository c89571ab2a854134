"""Which axis of a tensor is the image's: an algebra of axes that survives views.

An axis is a list of factors, row-major. A factor whose role is a coordinate of the grid, `z`, `y` or `x` (the last axis
of the input), with step s adds index * s to that coordinate, so window partitions, their reverse, and flattened token
grids are all followed exactly.
"""

import itertools
import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

BATCH, Z, Y, X = "batch", "z", "y", "x"
CHANNEL, UNKNOWN, TOKENS = "channel", "unknown", "tokens"
GRID = (Z, Y, X)  # in the order of the axes of an input; one of fewer axes has the last of them
FREQUENCIES = {role: f"frequency along {role}" for role in GRID}
_role, _size, _step = map(operator.attrgetter, ("role", "size", "step"))


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

    @property
    def parts(self) -> "Axis":
        """The factor itself; of tokens the factors of their grid."""
        return self.inside if self.role == TOKENS else (self,)

    def resized(self, size: int) -> "Axis":
        """A whole coordinate at another length, as one axis."""
        return _alone(replace(self, size=size, step=1))


Axis = tuple[Factor, ...]
Axes = tuple[Axis, ...]


def _alone(factor: Factor) -> Axis:
    """An axis of one factor; an axis of size 1 has none."""
    return (factor,) if factor.size != 1 else ()


def axis(role: str, size: int) -> Axis:
    """A whole axis of one role; an axis of size 1 has no factors."""
    return _alone(Factor(role, size))


def constant(size: int) -> Axis:
    """An axis along which all values are the same: it agrees with any other."""
    return _alone(Factor(CHANNEL, size, step=0))


def tokens(prefix: int, inside: Axis) -> Axis:
    """The grid's factors `inside` behind so many tokens, which may be none."""
    return (Factor(TOKENS, prefix + size_of(inside), prefix=prefix, inside=inside),) if prefix else inside


def channels_if(sure: bool, size: int) -> Axis:
    """An axis of channels where that is sure, else one of which nothing is known."""
    return axis(CHANNEL if sure else UNKNOWN, size)


def unknown(shape: Sequence[int]) -> Axes:
    """Axes of which nothing is known but that they depend on the image."""
    return tuple(map(partial(axis, UNKNOWN), shape))


def size_of(factors: Iterable[Factor]) -> int:
    """Number of indices."""
    return math.prod(map(_size, factors))


def roles(factors: Iterable[Factor]) -> set[str]:
    """Roles of the factors, those behind a prefix included."""
    return set(map(_role, parts_of(factors)))


def parts_of(factors: Iterable[Factor]) -> list[Factor]:
    """The factors, with those behind a prefix in the place of tokens."""
    return list(itertools.chain.from_iterable(factor.parts for factor in factors))


def has_grid(factors: Iterable[Factor]) -> bool:
    """Whether a coordinate of the grid runs along these factors."""
    return bool(roles(factors) & set(GRID))


def reshape(axes: Axes, shape: Sequence[int]) -> Axes | None:
    """The axes after a view; None when it cuts across factors.

    >>> rows = (Factor("y", 6),)
    >>> reshape((rows,), (2, 3))
    ((Factor(role='y', size=2, step=3, ...),), (Factor(role='y', size=3, step=1, ...),))
    """
    left = list(itertools.chain.from_iterable(axes))
    result = []
    for size in shape:
        found = _taken(left, size)
        if found is None:
            return None
        result.append(coalesce(found))
    return None if left else tuple(result)


def _taken(left: list[Factor], size: int) -> list[Factor] | None:
    """The first of the factors that are left, as many as make up `size`; they are taken away, the last may be cut."""
    found: list[Factor] = []
    while size > 1:
        if not left:
            return None
        first = left.pop(0)
        if size % first.size == 0:
            found.append(first)
            size //= first.size
        elif first.size % size == 0 and first.role != TOKENS:
            fine = replace(first, size=first.size // size)
            step = first.step * fine.size if first.role in GRID else first.step
            found.append(replace(first, size=size, step=step))
            left.insert(0, fine)
            size = 1
        else:
            return None
    return found


def coalesce(factors: Iterable[Factor]) -> Axis:
    """Neighbours that are the coarse and the fine part of one coordinate become one factor."""
    others = iter(factors)
    done = list(itertools.islice(others, 1))
    for factor in others:
        done[-1:] = _merged(done[-1], factor)
    return tuple(done)


def _merged(coarse: Factor, fine: Factor) -> Axis:
    """Two neighbours as one factor, or both where they are not parts of one coordinate."""
    size = coarse.size * fine.size
    if coarse == replace(fine, size=coarse.size, step=fine.size * fine.step):
        return (replace(fine, size=size),)
    if coarse.role == fine.role in (CHANNEL, UNKNOWN):
        return (Factor(fine.role, size),)
    return (coarse, fine)


def settle(axes: Axes, before: Iterable[Axis] = ()) -> Axes:
    """Where the fine part of a coordinate has gone into channels, the coarse one is the whole new grid.

    Where the coarse part has gone since `before`, what is left of the coordinate says no longer where it is.

    >>> windows = ((Factor("y", 4, step=2),), (Factor("y", 2),))
    >>> settle(windows[:1])
    ((Factor(role='y', size=4, step=1, ...),),)
    >>> settle(windows[1:], before=windows)
    ((Factor(role='unknown', size=2, step=1, ...),),)
    """
    hidden = factors_of(UNKNOWN, axes)  # of step 1: the fine part may be there
    for role in GRID:
        own = factors_of(role, axes)
        reach = max((f.step * f.size for f in own), default=0)
        least = min(map(_step, own + hidden), default=1)
        coarsest = max(map(_step, factors_of(role, before)), default=0)
        change = _lost if coarsest >= reach else partial(_scaled, least=least)
        axes = tuple(tuple(map(partial(change, role=role), factors)) for factors in axes)
    return axes


def factors_of(role: str, axes: Iterable[Axis]) -> list[Factor]:
    """All factors of a role, those behind a prefix included."""
    parts = parts_of(itertools.chain.from_iterable(axes))
    return [part for part in parts if part.role == role]


def _lost(f: Factor, role: str) -> Factor:
    """The factor, or an unknown one where the coordinate of this role runs along it."""
    return Factor(UNKNOWN, f.size) if role in roles((f,)) else f


def _scaled(f: Factor, role: str, least: int) -> Factor:
    """The factor on a grid that is coarser by `least`: a roll by less than a step of it cannot be told."""
    if f.role != role:
        return replace(f, inside=tuple(map(partial(_scaled, role=role, least=least), f.inside)))
    if f.rolled % least:
        return _lost(f, role)
    return replace(f, step=f.step // least, rolled=f.rolled // least)


def grid_along(axes: Axes, place: int) -> Factor | None:
    """The whole coordinate that runs along an axis in order, at most with channels beside each index, as one factor.

    Its fine part may have gone into the channels of axis 1, as after space-to-depth.
    """
    factors = axes[place]
    role, run = next(itertools.groupby(factors, _role), (UNKNOWN, iter(())))
    if role not in GRID:
        return None
    own = list(run)
    first = own[0]
    elsewhere = factors_of(role, (*axes[:place], *axes[place + 1 :]))
    from_coarse = sorted([*own, *elsewhere], key=_step, reverse=True)
    conditions = (
        roles(factors[len(own) :]) <= {CHANNEL},
        {(f.rolled, f.flipped) for f in own} == {(0, first.flipped)},
        set(elsewhere) <= set(axes[1]),
        from_coarse[: len(own)] == own,
        is_whole(from_coarse),
    )
    return first if all(conditions) else None


def padded(axes: Axes, shape: Sequence[int]) -> Axes:
    """The axes of a larger tensor around this one: a padded grid is a grid of its own size."""
    return tuple(map(_grown, axes, shape))


def _grown(factors: Axis, size: int) -> Axis:
    """An axis at another length; nothing is known of one that was no plain grid's and no channels'."""
    if size_of(factors) == size:
        return factors
    only, *others = factors or (Factor(CHANNEL, 1),)
    if others or only.rolled or only.role not in (*GRID, *FREQUENCIES.values(), CHANNEL):
        return axis(UNKNOWN, size)
    return only.resized(size)


def unify(a: Axes, b: Axes, shape: Sequence[int]) -> Axes:
    """The axes of an elementwise result: what adds up is the same axis, known from either side."""
    padded = [((),) * (len(shape) - len(c)) + c for c in (a, b)]
    return tuple(_same(p, q, n) for p, q, n in zip(*padded, shape, strict=True))


def _same(a: Axis, b: Axis, size: int) -> Axis:
    """Two axes of one size as one: constants agree with all, others are the same or unknown."""
    nothing = axis(UNKNOWN, size)
    known = [c for c in (a, b) if size_of(c) == size and UNKNOWN not in roles(c)]
    varying = [c for c in known if any(map(_step, c))]
    first, *others = dict.fromkeys(varying or [*known, nothing][:1])
    if not others:
        return first
    # the same factors in the units of two grids, one of which has been settled
    (other,) = others
    in_its_steps = tuple(replace(f, step=g.step) for f, g in zip(first, other, strict=False))
    if in_its_steps != other:
        return nothing
    return tuple(replace(f, step=min(f.step, g.step)) for f, g in zip(first, other, strict=True))


def is_whole(factors: Iterable[Factor]) -> bool:
    """Whether these factors make up one coordinate, every index once."""
    from_fine = sorted(factors, key=_step)
    *steps, reach = itertools.accumulate(map(_size, from_fine), operator.mul, initial=1)
    return steps == list(map(_step, from_fine)) and reach > 1


def shape_of(axes: Axes) -> tuple[int, ...]:
    """Sizes of the axes."""
    return tuple(map(size_of, axes))


def coordinates(count: int) -> tuple[str, ...]:
    """The roles of a grid of so many axes: `x` of one, `y` and `x` of two."""
    return GRID[len(GRID) - count :]


def grid_axes(x: Tensor, count: int) -> Axes:
    """The axes of a batch of grids: (B, C, L) of one axis, (B, C, H, W) of two, (B, C, D, H, W) of three."""
    return tuple(map(axis, (BATCH, CHANNEL, *coordinates(count)), x.shape))
