"""Global interpolants: a cosine or a Fourier series through all samples.

Values at arbitrary positions come from the series on a grid twice as fine, divided by the transform of a short window,
and that window: the non-uniform fast Fourier transform (Greengard and Lee 2004; window of Kaiser and Bessel, Jackson
et al. 1991), here accurate to the precision of the images.
"""

import math

import torch
from torch import Tensor

from symmeter.definitions.base import Definition, Stencil

_FINER = 2
_TAPS = {torch.float32: 8, torch.float64: 14}  # enough for the precision
_ROLL_OFF = (1.05, 1.15)  # of the cutoff: between these the series falls to 0, as a raised cosine


def _beta(taps: int) -> float:
    """The shape of the window, by Beatty et al. 2005."""
    return math.pi * math.sqrt((taps / _FINER) ** 2 * (_FINER - 0.5) ** 2 - 0.8)


def _window(distance: Tensor, taps: int) -> Tensor:
    """The window at a distance in steps of the finer grid."""
    inside = (1 - (2 * distance / taps) ** 2).clamp(min=0)
    return torch.where(inside > 0, torch.special.i0(_beta(taps) * inside.sqrt()), 0.0) / _peak(taps)


def _transform(omega: Tensor, taps: int) -> Tensor:
    """The window's Fourier transform at frequencies in radians a step, all below the edge of its main lobe."""
    root = (_beta(taps) ** 2 - (taps * omega / 2) ** 2).sqrt()
    return taps * torch.sinh(root) / root / _peak(taps)


def _peak(taps: int) -> Tensor:
    return torch.special.i0(torch.tensor(_beta(taps), dtype=torch.float64))


def _taps(positions: Tensor, taps: int) -> tuple[Tensor, Tensor]:
    """(P, w) indices of the finer grid around positions in samples, not yet folded into it, and their weights."""
    fine = _FINER * (positions.double() + 0.5) - 0.5
    first = torch.floor(fine).long() - taps // 2 + 1
    indices = first[:, None] + torch.arange(taps)
    return indices, _window(fine[:, None] - indices, taps)


def _low_pass(frequency: Tensor, highest: float, cutoff: float) -> Tensor:
    """1 up to the cutoff and a little above, then down to 0; a cutoff near 1 keeps everything, so flows are smooth."""
    if cutoff >= 1:
        return torch.ones_like(frequency)
    start, end = (edge * cutoff * highest for edge in _ROLL_OFF)
    across = ((frequency - start) / (end - start)).clamp(0, 1)
    return (1 + torch.cos(math.pi * across)) / 2


class Bandlimited(Definition):
    """Cosine series of the even (mirror) extension, pixels at half-integers: the default.

    h(t) = sum_k c_k cos(pi (t + 1/2) k / n), with c the DCT-II of the samples. An ideal strided layer commutes
    with the translations of this grid exactly.

    >>> n, k = 8, 3
    >>> position = torch.arange(n, dtype=torch.float64) + 0.5
    >>> slope = Bandlimited().derivative(n) @ torch.cos(math.pi * position * k / n)
    >>> exact = -math.pi * k / n * torch.sin(math.pi * position * k / n)
    >>> torch.allclose(slope, exact, atol=1e-13)
    True
    """

    name = "bandlimited"

    @staticmethod
    def _analysis(n: int) -> Tensor:
        """(n, n) matrix that maps samples to the coefficients c."""
        frequency, position = _arange(n), _arange(n) + 0.5
        weight = torch.full((n, 1), 2 / n, dtype=torch.float64)
        weight[0] = 1 / n
        return weight * torch.cos(math.pi * frequency[:, None] * position / n)

    def interpolation(self, n: int, positions: Tensor, cutoff: float = 1.0) -> Tensor:
        phase = math.pi * (positions.double()[:, None] + 0.5) * _arange(n) / n
        return (torch.cos(phase) * _low_pass(_arange(n), n, cutoff)) @ self._analysis(n)

    def refinement(self, n: int, cutoff: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
        omega = math.pi * _arange(n) / (_FINER * n)
        phase = (_arange(_FINER * n) + 0.5)[:, None] * omega
        return (
            torch.cos(phase) * _low_pass(_arange(n), n, cutoff) / _transform(omega, _TAPS[dtype])
        ) @ self._analysis(n)

    def stencil(
        self, n: int, positions: Tensor, cutoff: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Stencil:
        indices, weights = _taps(positions, _TAPS[dtype])
        return Stencil(self.fold(indices, _FINER * n), weights)

    def derivative(self, n: int) -> Tensor:
        wavenumber = math.pi * _arange(n) / n
        phase = (_arange(n)[:, None] + 0.5) * wavenumber
        return -(torch.sin(phase) * wavenumber) @ self._analysis(n)


class Periodic(Definition):
    """Fourier series of the periodic extension: for circular data, and to check the aliasing theorem.

    The wavenumbers run from -n/2 to n/2; for even n the coefficient at the Nyquist frequency is shared by both
    signs, so its derivative is 0 at the samples.
    """

    name = "periodic"

    @staticmethod
    def _sum(n: int, offset: Tensor, order: int = 0, weight: Tensor | None = None) -> Tensor:
        """The periodic sinc (order 0) or its derivative (order 1) as a sum over wavenumbers, each with a weight."""
        wavenumber = _arange(n // 2 + 1)
        share = torch.full_like(wavenumber, 2.0)  # both signs
        share[0] = 1.0
        if n % 2 == 0:
            share[-1] = 1.0
        share = share if weight is None else share * weight
        omega = 2 * math.pi * wavenumber / n
        phase = offset[..., None] * omega
        waves = torch.cos(phase) @ share if order == 0 else -torch.sin(phase) @ (share * omega)
        return waves / n

    def interpolation(self, n: int, positions: Tensor, cutoff: float = 1.0) -> Tensor:
        weight = _low_pass(_arange(n // 2 + 1), n / 2, cutoff)
        return self._sum(n, positions.double()[:, None] - _arange(n), weight=weight)

    def derivative(self, n: int) -> Tensor:
        return self._sum(n, _arange(n)[:, None] - _arange(n), order=1)

    def refinement(self, n: int, cutoff: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
        wavenumber = _arange(n // 2 + 1)
        weight = _low_pass(wavenumber, n / 2, cutoff) / _transform(
            2 * math.pi * wavenumber / (_FINER * n), _TAPS[dtype]
        )
        fine = (_arange(_FINER * n) + 0.5) / _FINER - 0.5
        return self._sum(n, fine[:, None] - _arange(n), weight=weight)

    def stencil(
        self, n: int, positions: Tensor, cutoff: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Stencil:
        indices, weights = _taps(positions, _TAPS[dtype])
        return Stencil(self.fold(indices, _FINER * n), weights)

    def fold(self, indices: Tensor, n: int) -> Tensor:
        return indices % n


def _arange(n: int) -> Tensor:
    return torch.arange(n, dtype=torch.float64)
