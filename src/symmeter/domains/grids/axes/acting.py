"""How a symmetry acts on a tensor whose axes are known, and which axes a tensor has on which it is known to act."""

from collections.abc import Sequence

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
    has_grid,
    is_whole,
    settle,
)
from symmeter.domains.grids.grid import Image
from symmeter.domains.grids.interpolants.interpolant import Definition
from symmeter.domains.grids.line import Line
from symmeter.domains.grids.rearranged import Rearranged
from symmeter.domains.grids.tokens import Tokens
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial


def axes_under(rho: Representation, shape: Sequence[int]) -> Axes | None:
    """The axes of a tensor that a map, tokens or features without a grid are; None for other representations.

    >>> axes_under(Trivial(), (2, 8))
    ((Factor(role='batch', size=2, ...),), (Factor(role='channel', size=8, ...),))
    """
    if isinstance(rho, Tokens):
        grid = tuple(Factor(role, n) for role, n in zip(GRID, rho.grid, strict=True) if n != 1)
        tokens = (Factor(TOKENS, shape[1], prefix=rho.prefix, inside=grid),) if rho.prefix else grid
        return (axis(BATCH, shape[0]), tokens, axis(CHANNEL, shape[2]))
    if isinstance(rho, Image):
        middle = (CHANNEL, Y, X) if rho.layout == "channels_first" else (Y, X, CHANNEL)
    elif isinstance(rho, Line):
        middle = (CHANNEL, X)
    elif isinstance(rho, Trivial):
        middle = (CHANNEL,) * (len(shape) - 1)
    else:
        return None
    return tuple(axis(role, n) for role, n in zip((BATCH, *middle), shape, strict=True))


def representation(axes: Axes, definition: Definition, single: Sequence[str] = ()) -> Representation | None:
    """How the symmetry acts on a tensor with these axes; None where that is not known.

    `single` are the roles of coordinates that have one index only, in the image and everywhere.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> maps = (axis("batch", 2), axis("channel", 8), axis("y", 7), axis("x", 9))
    >>> representation(maps, Bandlimited()).describe()
    'grid, channels first'
    """
    axes = settle(axes)
    flat = [f for factors in axes for f in factors]
    inner = [g for f in flat for g in (f.inside if f.role == TOKENS else (f,))]
    batches = [f for f in flat if f.role == BATCH]
    if len(batches) != 1 or any(g.role == UNKNOWN for g in inner):
        return None
    if not has_grid(flat):
        return Trivial() if axes[0] == tuple(batches) else None
    if not all(is_whole([g for g in inner if g.role == role]) for role in GRID if role not in single):
        return None
    rolled = [{g.rolled for g in inner if g.role == role} or {0} for role in GRID]
    if any(len(values) > 1 for values in rolled):
        return None
    shift = (rolled[0].pop(), rolled[1].pop())
    if any(shift) or any(g.flipped for g in inner):
        return _in_pieces(axes, definition, shift)
    if _are(axes, (BATCH, CHANNEL, Y, X), single):
        return Image(definition)
    if _are(axes, (BATCH, Y, X, CHANNEL), single):
        return Image(definition, "channels_last")
    tokens = [f for f in flat if f.role == TOKENS]
    if len(axes) == 3 and _are((axes[0], axes[2]), (BATCH, CHANNEL), single):
        prefix, grid = (tokens[0].prefix, tokens[0].inside) if tokens else (0, axes[1])
        if [f.role for f in grid] == [role for role in GRID if role not in single]:
            sizes = {f.role: f.size for f in grid}
            return Tokens(definition, (sizes.get(Y, 1), sizes.get(X, 1)), prefix)
    return _in_pieces(axes, definition, shift)


def _are(axes: Axes, wanted: Sequence[str], single: Sequence[str]) -> bool:
    """Whether each axis is one factor of its role; channels and coordinates of one index have none."""
    return len(axes) == len(wanted) and all(
        [f.role for f in factors] == [role] or (not factors and role in (CHANNEL, *single))
        for factors, role in zip(axes, wanted, strict=True)
    )


def _in_pieces(axes: Axes, definition: Definition, rolled: tuple[int, int]) -> Representation | None:
    prefixed = [factors for factors in axes if any(f.role == TOKENS for f in factors)]
    if len(prefixed) > 1 or any(len(factors) > 1 for factors in prefixed):
        return None
    return Rearranged(definition, tuple(tuple(map(_plain, factors)) for factors in axes), rolled)


def _plain(f: Factor) -> tuple:
    inside = tuple((g.role, g.size, -g.step if g.flipped else g.step) for g in f.inside)
    return (f.role, -1 if f.role == BATCH else f.size, -f.step if f.flipped else f.step, f.prefix, inside)
