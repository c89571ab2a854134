"""Rules of the operations that move the entries along their axes: rolls, flips and quarter turns."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from symmeter.domains.grids.axes.axes import CHANNEL, GRID, TOKENS, Axes, Axis, Factor, has_grid, roles
from symmeter.domains.grids.axes.operations.operation import Found, rule_of_one


@rule_of_one("roll")
def _roll(
    axes: Axes,
    outputs: list[Tensor],
    x: Tensor,
    shifts: int | Sequence[int],
    dims: int | Sequence[int] = (),
) -> Found:
    """x of any shape: a rolled coordinate carries how far, until it is rolled back."""
    found = list(axes)
    for shift, dim in zip(_as_list(shifts), _as_list(dims), strict=True):
        rolled = _rolled(found[dim], shift)
        if rolled is None:
            return [None]
        found[dim] = rolled
    return [tuple(found)]


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


@rule_of_one("flip")
def _flip(axes: Axes, outputs: list[Tensor], x: Tensor, dims: Sequence[int]) -> Found:
    """x of any shape: a coordinate of the grid runs backwards from then on, until it is flipped back."""
    found = list(axes)
    for dim in dims:
        factors = found[dim]
        if any(f.role == TOKENS or f.rolled for f in factors):
            return [None]
        found[dim] = tuple(map(_flipped, factors))
    return [tuple(found)]


def _flipped(factor: Factor) -> Factor:
    return replace(factor, flipped=not factor.flipped) if factor.role in GRID else factor


@rule_of_one("rot90")
def _rot90(axes: Axes, outputs: list[Tensor], x: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Found:
    """x of any shape, k quarter turns from the first axis towards the second.

    They are flips, and axes exchanged where k is odd.
    """
    first, second = dims
    flipped = {0: [], 1: [second], 2: [first, second], 3: [first]}[k % 4]
    (turned,) = _flip(axes, outputs, x, flipped)
    if turned is None or k % 2 == 0:
        return [turned]
    found = list(turned)
    found[first], found[second] = found[second], found[first]
    return [tuple(found)]
