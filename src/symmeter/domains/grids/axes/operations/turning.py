"""Rules of the operations that move the entries along their axes: rolls, flips and quarter turns."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from symmeter.domains.grids.axes.axes import CHANNEL, GRID, TOKENS, Axis, Factor, has_grid, roles
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, rule


@rule("roll")
def _roll(
    axes_of: AxesOf,
    outputs: list[Tensor],
    x: Tensor,
    shifts: int | Sequence[int],
    dims: int | Sequence[int] = (),
) -> Found:
    """x of any shape: a rolled coordinate carries how far, until it is rolled back."""
    axes = list(axes_of(x) or ())
    for shift, dim in zip(_as_list(shifts), _as_list(dims), strict=True):
        rolled = _rolled(axes[dim], shift)
        if rolled is None:
            return [None]
        axes[dim] = rolled
    return [tuple(axes)]


def _as_list(values: int | Sequence[int]) -> list[int]:
    return [values] if isinstance(values, int) else list(values)


def _rolled(factors: Axis, shift: int) -> Axis | None:
    """A rolled axis of channels or of one coordinate; None for any other."""
    if not has_grid(factors):
        return None if roles(factors) - {CHANNEL} else factors
    (only,) = factors
    if only.role not in GRID or only.step != 1 or only.flipped:
        return None
    return (replace(only, rolled=(only.rolled + shift) % only.size),)


@rule("flip")
def _flip(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, dims: Sequence[int]) -> Found:
    """x of any shape: a coordinate of the grid runs backwards from then on, until it is flipped back."""
    axes = list(axes_of(x) or ())
    for dim in dims:
        factors = axes[dim]
        if any(f.role == TOKENS or f.rolled for f in factors):
            return [None]
        axes[dim] = tuple(map(_flipped, factors))
    return [tuple(axes)]


def _flipped(factor: Factor) -> Factor:
    return replace(factor, flipped=not factor.flipped) if factor.role in GRID else factor


@rule("rot90")
def _rot90(
    axes_of: AxesOf, outputs: list[Tensor], x: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)
) -> Found:
    """x of any shape, k quarter turns from the first axis towards the second.

    They are flips, and axes exchanged where k is odd.
    """
    first, second = dims
    flipped = {0: [], 1: [second], 2: [first, second], 3: [first]}[k % 4]
    (turned,) = _flip(axes_of, outputs, x, flipped)
    if turned is None or k % 2 == 0:
        return [turned]
    axes = list(turned)
    axes[first], axes[second] = axes[second], axes[first]
    return [tuple(axes)]
