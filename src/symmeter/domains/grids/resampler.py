"""Images read at moved positions: exactly where pixels fall on pixels, by the interpolant elsewhere."""

import torch
from torch import Tensor
from torch.nn import functional

from symmeter.domains.grids.interpolants.interpolant import Interpolant

_SAME = 1e-9


class Resampler:
    """Reads images x (..., H, W) at affinely moved positions; what several maps share is computed once.

    A map is given by its source (2, 3) float64: the value at p = (px, py), in pixels from the centre, is that of the
    image at source @ (px, py, 1). There are three ways to read, each taken where it applies: by index where pixels fall
    on pixels, which is exact to the bit; by one matrix per axis where axes stay axes; and by stencils. Maps that make
    the image smaller are preceded by a low-pass filter, axis by axis.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> x = torch.arange(6.0).reshape(1, 2, 3)
    >>> half_turn = torch.tensor([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], dtype=torch.float64)
    >>> Resampler(x, Bandlimited())(half_turn)[0].flatten().tolist()
    [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
    """

    def __init__(self, x: Tensor, interpolant: Interpolant):
        self._x, self._interpolant = x, interpolant
        self._refined: dict[tuple[float, float], tuple[Tensor, int]] = {}

    def __call__(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """(values (..., H, W), mask (H, W)): the mask is 0 where the source lies outside the pixels' area."""
        source = torch.where((source - source.round()).abs() < _SAME, source.round(), source)
        x = self._x
        height, width = x.shape[-2:]
        mask = self._inside(source, height, width).to(x)
        (a, b), (c, d) = source[:, :2].tolist()
        if (
            a == 0 and d == 0 and b * c != 0
        ):  # the axes are exchanged, so x may have other sides than the values
            x, source = x.mT, source[[1, 0]]
            (a, b), (c, d) = source[:, :2].tolist()
        if b == 0 and c == 0:
            return self._along_axes(x, source, (height, width)), mask
        return self._anywhere(source, height, width), mask

    def _along_axes(self, x: Tensor, source: Tensor, out: tuple[int, int]) -> Tensor:
        """Values (..., *out) of x where axes stay axes: column positions a px + b, row positions d py + c."""
        (a, _, b), (_, d, c) = source.tolist()
        rows = d * _centred(out[0]) + c + (x.shape[-2] - 1) / 2
        columns = a * _centred(out[1]) + b + (x.shape[-1] - 1) / 2
        for axis, positions, step in ((-2, rows, d), (-1, columns, a)):
            n, whole = x.shape[axis], positions.round()
            if abs(step) == 1 and bool(((positions - whole).abs() < _SAME).all()):
                x = x.index_select(axis, self._interpolant.fold(whole.long(), n).to(x.device))
            else:
                x = self._interpolant.read(x, positions, axis, _cutoff(abs(step)))
        return x

    def _anywhere(self, source: Tensor, height: int, width: int) -> Tensor:
        """(..., H, W), each value from a stencil in the refined image: a sum over rows of (refined pixels, images)."""
        x, interpolant = self._x, self._interpolant
        across, down = (_cutoff(float(row.norm())) for row in source[:, :2])
        table, fine_width = self._table(down, across)
        px = _centred(width).expand(height, width)
        py = _centred(height)[:, None].expand(height, width)
        ones = torch.ones(height, width, dtype=torch.float64)
        columns, rows = source @ torch.stack([px, py, ones]).flatten(1)
        i = interpolant.stencil(height, rows + (height - 1) / 2, down, x.dtype)
        j = interpolant.stencil(width, columns + (width - 1) / 2, across, x.dtype)
        indices = (i.indices[:, :, None] * fine_width + j.indices[:, None, :]).flatten(1)
        weights = (i.weights[:, :, None].to(x.dtype) * j.weights[:, None, :].to(x.dtype)).flatten(1)
        values = functional.embedding_bag(
            indices.to(x.device), table, per_sample_weights=weights.to(x.device), mode="sum"
        )
        return values.mT.reshape(x.shape)

    def _table(self, down: float, across: float) -> tuple[Tensor, int]:
        """The refined image with its pixels as rows (refined pixels, images), and its width."""
        if (down, across) not in self._refined:
            x, interpolant = self._x, self._interpolant
            rows = interpolant.refinement(x.shape[-2], down, x.dtype)
            columns = interpolant.refinement(x.shape[-1], across, x.dtype)
            fine = x if rows is None else rows.to(x) @ x
            fine = fine if columns is None else fine @ columns.to(x).mT
            table = fine.flatten(-2).flatten(0, -2).mT.contiguous()
            self._refined = {(down, across): (table, fine.shape[-1])}
        return self._refined[down, across]

    @staticmethod
    def _inside(source: Tensor, height: int, width: int) -> Tensor:
        """(H, W) bool: whether each value comes from the pixels' area."""
        px, py = _centred(width), _centred(height)[:, None]
        columns, rows = (row[0] * px + row[1] * py + row[2] for row in source)
        return (columns.abs() <= width / 2 + _SAME) & (rows.abs() <= height / 2 + _SAME)


def _centred(n: int) -> Tensor:
    """Positions of n pixels from their centre, (n,) float64."""
    return torch.arange(n, dtype=torch.float64) - (n - 1) / 2


def _cutoff(step: float) -> float:
    """The share of the frequencies that positions `step` pixels apart can carry."""
    return 1.0 if step <= 1 + _SAME else 1 / step
