"""What else a value on a grid might be than what it was said to be: its components turn or do not, or otherwise."""

from collections.abc import Sequence

from torch import Tensor

from symmeter.domains.grids.carried import Carried
from symmeter.domains.grids.grid import CHANNELS_FIRST, Grid
from symmeter.domains.grids.scalars import Disparity, Pseudoscalars, Scalars
from symmeter.domains.grids.vectors import Gradients, Pseudovectors, Vectors
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_STILL = "has components that do not turn with the grid, as 'equivariant'"
_SAME = "has values that do not change with the grid, as 'depth' or 'equivariant'"
_TURNS = "has components that turn with the grid, as 'vectors'"
_PAIRS: tuple[tuple[type[Vectors], dict[str, str], str], ...] = (
    (Vectors, {}, _TURNS),
    (Vectors, {"basis": "up"}, "has components that turn the other way, with y upwards, as 'vectors(up)'"),
    (Vectors, {"basis": "yx"}, "has its components in the order (y, x), as 'vectors(yx)'"),
    (
        Pseudovectors,
        {},
        "has components that turn with the grid and change sign under flips, as 'pseudovectors'",
    ),
    (Gradients, {}, "has components that change as those of gradients do, as 'gradients'"),
)
_SINGLE: tuple[tuple[type[Scalars], dict[str, str], str], ...] = (
    (Pseudoscalars, {}, "changes sign under flips, as 'pseudoscalars'"),
    (Disparity, {}, "changes as displacements along x do, as 'disparity'"),
)


def alternatives(rho: Representation, value: Tensor, grid: Grid | None = None) -> Sequence[Alternative]:
    """Other actions on a value (B, ...) on which a symmetry acts by `rho`, as far as its shape allows them.

    `grid` is that of a value which was said not to move, where it may be one.
    """
    if isinstance(rho, Carried):
        return [*_unturned(rho), *_others(rho, value)]
    if isinstance(rho, Grid) and rho.layout == CHANNELS_FIRST:
        return [*_others(Scalars(rho, rho.axes), value), *_left_behind()]
    if isinstance(rho, Trivial) and grid is not None and value.ndim == grid.axes + 2:
        moved = Alternative(grid, "moves with the grid, as 'equivariant'")
        return [moved, *_others(Scalars(grid, grid.axes), value)]
    return []


def _unturned(rho: Carried) -> list[Alternative]:
    """Values that the grid moves and does not change, and those that it leaves where they are."""
    still = Scalars(rho.grid, rho.components, rho.clock)
    words = _STILL if isinstance(rho, Vectors) else _SAME
    return [Alternative(still, words), *_left_behind()]


def _left_behind() -> list[Alternative]:
    return [Alternative(Trivial(), "stays where it is when the grid moves, as 'invariant'")]


def _others(rho: Carried, value: Tensor) -> list[Alternative]:
    """Components of every kind where channels of (B, C, ...) fit, and numbers that change by themselves."""
    fits = rho.components > 1 and value.shape[rho.channel_axis] % rho.components == 0
    kinds = [*(_PAIRS if fits else ()), *_SINGLE]
    place = (rho.grid, rho.components, rho.clock)
    return [Alternative(kind(*place, **basis), words) for kind, basis, words in kinds]
