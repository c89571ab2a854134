"""Grids read at moved positions: exactly where positions fall on positions, by interpolants elsewhere."""

from collections.abc import Sequence
from functools import partial, reduce

import torch
from torch import Tensor

from symmeter.domains.grids.blocks import read_in_blocks
from symmeter.domains.grids.interpolants.interpolant import LONGEST_READ, Interpolant
from symmeter.domains.grids.stencils import Axis, read_by_stencils

_SAME = 1e-9
_READERS = {2: read_by_stencils, 3: read_in_blocks}  # by how many axes mix: each where it is the faster


class Resampler:
    """Reads grids x (..., D, H, W) of one to three axes at affinely moved positions; maps share what they can.

    A map is given by its source (n, n + 1) float64: the value at p = (x, y, z), in positions from the centre and with x
    along the last axis, is that of the grid at source @ (x, y, z, 1). There are three ways to read, each along the axes
    where it applies: by index where positions fall on positions, which is exact to the bit; by one matrix per axis
    where axes stay axes, or are exchanged; and by stencils among axes that mix. Maps that make what is on the grid
    smaller are preceded by a low-pass filter, axis by axis. There is one interpolant for each axis, x first.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> x = torch.arange(6.0).reshape(1, 2, 3)
    >>> half_turn = torch.tensor([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], dtype=torch.float64)
    >>> Resampler(x, [Bandlimited()] * 2)(half_turn)[0].flatten().tolist()
    [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
    """

    def __init__(self, x: Tensor, interpolants: Sequence[Interpolant]):
        self._x, self._interpolants = x, list(interpolants)
        self._refined: dict[tuple, tuple[Tensor, list[int]]] = {}

    def __call__(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """(values (..., D, H, W), inside (n, D, H, W) bool): whether each value comes from the grid along x, y, z."""
        source = torch.where((source - source.round()).abs() < _SAME, source.round(), source)
        n = len(source)
        inside = self._inside(source)
        order = _exchanged(source)
        source = source[order]
        behind = [self._x.ndim - 1 - k for k in reversed(order)]
        x = self._x.permute(*range(self._x.ndim - n), *behind)
        interpolants = [self._interpolants[k] for k in order]
        mixed = _mixed(source)
        values = self._anywhere(source, mixed) if mixed else x
        for k in reversed([k for k in range(n) if k not in mixed]):
            positions = (
                source[k, k] * _centred(self._x.shape[-1 - k]) + source[k, n] + (x.shape[-1 - k] - 1) / 2
            )
            values = _read(values, -1 - k, positions, float(source[k, k].abs()), interpolants[k])
        return values, inside

    def _inside(self, source: Tensor) -> Tensor:
        """(n, D, H, W) bool: whether each value comes from the positions' area, along x, y, z."""
        sizes = self._x.shape[-len(source) :]
        points = _points(sizes)
        found = []
        for row, size in zip(source, reversed(sizes), strict=True):
            where = reduce(torch.add, [a * p for a, p in zip(row, points, strict=False)]) + row[-1]
            found.append((where.abs() <= size / 2 + _SAME).expand(sizes))
        return torch.stack(found)

    def _anywhere(self, source: Tensor, mixed: list[int]) -> Tensor:
        """(..., D, H, W), each value from the refined grid. Along axes that do not mix nothing is read yet."""
        places = [-1 - k for k in reversed(mixed)]
        ends = list(range(-len(mixed), 0))
        x = self._x.movedim(places, ends)
        own = source[mixed][:, [*mixed, len(source)]]
        cutoffs = tuple(_cutoff(float(row.norm())) for row in own[:, :-1])
        table, fine = self._table(x, tuple(mixed), cutoffs)
        axes = [self._axis(*one) for one in zip(mixed, fine, cutoffs, strict=True)]
        values = _READERS[len(mixed)](table, axes, own)
        return values.movedim(-1, 0).reshape(x.shape).movedim(ends, places)

    def _axis(self, k: int, refined: int, cutoff: float) -> Axis:
        """How x, y or z is read along with others."""
        size, interpolant = self._x.shape[-1 - k], self._interpolants[k]
        stencil = partial(interpolant.stencil, size, cutoff=cutoff, dtype=self._x.dtype)
        return Axis(size, refined, stencil, interpolant.fold)

    def _table(
        self, x: Tensor, mixed: tuple[int, ...], cutoffs: tuple[float, ...]
    ) -> tuple[Tensor, list[int]]:
        """x (..., H, W), refined along these last axes, with its positions as rows; and their numbers along x, y, z."""
        key = (mixed, cutoffs)
        if key not in self._refined:
            for place, k in reversed(list(enumerate(mixed))):
                axis = -1 - place
                matrix = self._interpolants[k].refinement(x.shape[axis], cutoffs[place], x.dtype)
                x = x if matrix is None else _along(matrix.to(x), x, axis)
            table = x.flatten(-len(mixed)).flatten(0, -2).mT.contiguous()
            self._refined = {key: (table, list(reversed(x.shape[-len(mixed) :])))}
        return self._refined[key]


def _exchanged(source: Tensor) -> list[int]:
    """Which row of a source (n, n + 1) depends on x, which on y and z, where each depends on one; else as they are."""
    n = len(source)
    filled = source[:, :n] != 0
    one_each = bool((filled.sum(0) == 1).all()) and bool((filled.sum(1) == 1).all())
    return filled.int().argmax(0).tolist() if one_each else list(range(n))


def _mixed(source: Tensor) -> list[int]:
    """The axes of a source (n, n + 1) that depend on another one, or on which another one depends."""
    n = len(source)
    linear = source[:, :n]
    beside = (linear != 0) & ~torch.eye(n, dtype=torch.bool)
    return (beside.any(0) | beside.any(1)).nonzero().flatten().tolist()


def _read(x: Tensor, axis: int, positions: Tensor, step: float, interpolant: Interpolant) -> Tensor:
    """x (..., n, ...) at positions (P,) along one axis, `step` apart."""
    n, whole = x.shape[axis], positions.round()
    if step == 1 and bool(((positions - whole).abs() < _SAME).all()):
        return x.index_select(axis, interpolant.fold(whole.long(), n).to(x.device))
    if n > LONGEST_READ:
        return interpolant.long_values(x, positions, axis, _cutoff(step))
    return _along(interpolant.interpolation(n, positions, _cutoff(step)).to(x), x, axis)


def _along(matrix: Tensor, x: Tensor, axis: int) -> Tensor:
    """A matrix (P, n) applied along one axis, counted from the end, of x (..., n, ...)."""
    if axis == -1:
        return x @ matrix.mT
    after = x.shape[axis + 1 :]
    return (matrix @ x.flatten(axis + 1)).unflatten(-1, after)


def _points(sizes: Sequence[int]) -> list[Tensor]:
    """Positions x, y, z from the centre on a grid of sizes such as (D, H, W), each so that it broadcasts; float64."""
    return [_centred(size).reshape(-1, *[1] * k) for k, size in enumerate(reversed(sizes))]


def _centred(n: int) -> Tensor:
    """Positions of n from their centre, (n,) float64."""
    return torch.arange(n, dtype=torch.float64) - (n - 1) / 2


def _cutoff(step: float) -> float:
    """The share of the frequencies that positions `step` apart can carry."""
    return 1.0 if step <= 1 + _SAME else 1 / step
