"""Images read at moved positions: exactly where pixels fall on pixels, by the definition's interpolant elsewhere."""

import torch
from torch import Tensor
from torch.nn import functional

from symmeter.domains.grids.interpolants.interpolant import Definition

_SAME = 1e-9


class Sampler:
    """Reads images x (..., H, W) at affinely moved positions; what several motions share is computed once.

    A motion is given by its source (2, 3): the value at p = (px, py), in pixels from the centre, is that of the image
    at source @ (px, py, 1). Three ways, each taken where it applies: by index where pixels fall on pixels (exact to
    the bit), by one matrix an axis where axes stay axes, and by stencils. Scaling down filters first, axis by axis.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> x = torch.arange(6.0).reshape(1, 2, 3)
    >>> half_turn = torch.tensor([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], dtype=torch.float64)
    >>> Sampler(x, Bandlimited())(half_turn)[0].flatten().tolist()
    [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
    """

    def __init__(self, x: Tensor, definition: Definition):
        self._x, self._definition = x, definition
        self._refined: dict[tuple[float, float], tuple[Tensor, int]] = {}

    def __call__(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """(values (..., H, W), mask (H, W)): the mask is 0 where the source lies outside the pixels' area."""
        source = torch.where((source - source.round()).abs() < _SAME, source.round(), source)
        x = self._x
        height, width = x.shape[-2:]
        mask = self._inside(source, height, width).to(x)
        (a, b), (c, d) = source[:, :2].tolist()
        if (
            a == d == 0 and b * c != 0
        ):  # axes exchanged: as many rows and columns on both sides only if square
            x, source = x.mT, source[[1, 0]]
            (a, b), (c, d) = source[:, :2].tolist()
        if b == c == 0:
            return self._along_axes(x, a, d, source[:, 2].tolist(), (height, width)), mask
        return self._anywhere(source, height, width), mask

    def _along_axes(self, x: Tensor, a: float, d: float, shift: list[float], out: tuple[int, int]) -> Tensor:
        """Axes stay axes: column positions a px + shift, row positions d py + shift."""
        rows = d * _centred(out[0]) + shift[1] + (x.shape[-2] - 1) / 2
        columns = a * _centred(out[1]) + shift[0] + (x.shape[-1] - 1) / 2
        for axis, positions, step in ((-2, rows, d), (-1, columns, a)):
            n, whole = x.shape[axis], positions.round()
            if abs(step) == 1 and bool(((positions - whole).abs() < _SAME).all()):
                x = x.index_select(axis, self._definition.fold(whole.long(), n).to(x.device))
            else:
                matrix = self._definition.interpolation(n, positions, _cutoff(abs(step))).to(x)
                x = x @ matrix.mT if axis == -1 else matrix @ x
        return x

    def _anywhere(self, source: Tensor, height: int, width: int) -> Tensor:
        """Each value from a stencil in the refined image: one sum of a few rows of (refined pixels, images)."""
        x, definition = self._x, self._definition
        across, down = (_cutoff(float(row.norm())) for row in source[:, :2])
        table, fine_width = self._table(down, across)
        points = torch.stack([
            _centred(width).expand(height, width), _centred(height)[:, None].expand(height, width),
            torch.ones(height, width, dtype=torch.float64),
        ]).flatten(1)  # fmt: skip
        columns, rows = source @ points
        i = definition.stencil(height, rows + (height - 1) / 2, down, x.dtype)
        j = definition.stencil(width, columns + (width - 1) / 2, across, x.dtype)
        indices = (i.indices[:, :, None] * fine_width + j.indices[:, None, :]).flatten(1)
        weights = (i.weights[:, :, None].to(x.dtype) * j.weights[:, None, :].to(x.dtype)).flatten(1)
        values = functional.embedding_bag(
            indices.to(x.device), table, per_sample_weights=weights.to(x.device), mode="sum"
        )
        return values.mT.reshape(x.shape)

    def _table(self, down: float, across: float) -> tuple[Tensor, int]:
        """The refined image with its pixels as rows (pixels, images), and its width."""
        if (down, across) not in self._refined:
            x, definition = self._x, self._definition
            rows, columns = (
                definition.refinement(x.shape[-2], down, x.dtype),
                definition.refinement(x.shape[-1], across, x.dtype),
            )
            fine = x if rows is None else rows.to(x) @ x
            fine = fine if columns is None else fine @ columns.to(x).mT
            self._refined = {
                (down, across): (fine.flatten(-2).flatten(0, -2).mT.contiguous(), fine.shape[-1])
            }
        return self._refined[down, across]

    @staticmethod
    def _inside(source: Tensor, height: int, width: int) -> Tensor:
        px, py = _centred(width), _centred(height)[:, None]
        columns, rows = (row[0] * px + row[1] * py + row[2] for row in source)
        return (columns.abs() <= width / 2 + _SAME) & (rows.abs() <= height / 2 + _SAME)


def _centred(n: int) -> Tensor:
    return torch.arange(n, dtype=torch.float64) - (n - 1) / 2


def _cutoff(step: float) -> float:
    """The share of the frequencies that positions `step` samples apart can carry."""
    return 1.0 if step <= 1 + _SAME else 1 / step
