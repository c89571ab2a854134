"""Global interpolants: a cosine or a Fourier series through the values of all pixels.

Values at arbitrary positions come from the series on a grid twice as fine, divided by the transform of a short window,
and that window: the non-uniform fast Fourier transform (Greengard and Lee 2004; window of Kaiser and Bessel, Jackson
et al. 1991), here accurate to the precision of the images.
"""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.grids.interpolants.interpolant import Interpolant, Stencil
from symmeter.domains.grids.interpolants.transforms import gathered, refined
from symmeter.domains.grids.interpolants.waves import angle, cosine, pi_over, rounded, series, sine

_FINER = 2
_TAPS = {torch.float32: 8, torch.float64: 14}  # enough for the precision
_MORE_POWERS = 4  # than taps, in the polynomials that give the window to the precision of a stencil
_ROLL_OFF = (1.05, 1.15)  # of the cutoff: between these the series falls to 0, as a raised cosine


def _beta(taps: int) -> float:
    """The shape of the window, by Beatty et al. 2005."""
    return math.pi * math.sqrt((taps / _FINER) ** 2 * (_FINER - 0.5) ** 2 - 0.8)


def _window(distance: Tensor, taps: int) -> Tensor:
    """The window at distances (P, w) of at most w / 2 steps of the finer grid."""
    inside = (1 - (2 * distance / taps) ** 2).clamp(min=0)
    return torch.special.i0(_beta(taps) * inside.sqrt()) / _peak(taps)


def _transform(omega: Tensor, taps: int) -> Tensor:
    """The window's Fourier transform at frequencies (K,) in radians a step, all below the edge of its main lobe."""
    root = (_beta(taps) ** 2 - (taps * omega / 2) ** 2).sqrt()
    return taps * torch.sinh(root) / root / _peak(taps)


def _peak(taps: int) -> Tensor:
    return torch.special.i0(torch.tensor(_beta(taps), dtype=torch.float64))


@cache
def _pieces(taps: int) -> Tensor:
    """(K, w) float64: of each of w weights, the polynomial of where a position lies in its fine step, from -1 to 1.

    The window is smooth between steps, so a polynomial through values at Chebyshev's points is as good as it is.
    """
    count = taps + _MORE_POWERS
    points = torch.cos(math.pi * (_arange(count) + 0.5) / count)
    distances = (points[:, None] - 1) / 2 + taps // 2 - torch.arange(taps)
    return torch.linalg.solve(_powers(points, count), _window(distances, taps))


def _powers(points: Tensor, count: int) -> Tensor:
    """(P, K) powers from 0 on of points (P,)."""
    return torch.cat([torch.ones_like(points)[:, None], points[:, None].expand(-1, count - 1)], 1).cumprod(1)


def _stencil(positions: Tensor, taps: int) -> Stencil:
    """The places of the finer grid around positions (P,) in pixels, weighed by the window."""
    fine = _FINER * (positions.double() + 0.5) - 0.5
    below = torch.floor(fine)
    pieces = _pieces(taps)
    weights = _powers(2 * (fine - below) - 1, len(pieces)) @ pieces
    return Stencil(below.long() - (taps // 2 - 1), weights)


def _low_pass(frequency: Tensor, highest: float, cutoff: float) -> Tensor:
    """Weights of frequencies (K,): 1 up to a little above the cutoff, then down to 0.

    A cutoff near 1 keeps everything, so flows are smooth.
    """
    if cutoff >= 1:
        return torch.ones_like(frequency)
    start, end = (edge * cutoff * highest for edge in _ROLL_OFF)
    across = ((frequency - start) / (end - start)).clamp(0, 1)
    return (1 + torch.cos(math.pi * across)) / 2


class Bandlimited(Interpolant):
    """Cosine series of the even (mirror) extension, pixels at half-integers: the default.

    h(t) = sum_k c_k cos(pi (t + 1/2) k / n), with c the DCT-II of the pixels' values. An ideal strided layer commutes
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
        """(n, n) matrix that maps the pixels' values to the coefficients c."""
        k, j = np.arange(n)[:, None], np.arange(n)
        return rounded(np.where(k == 0, 1, 2) * cosine(k * (2 * j + 1), n) / n)

    def interpolation(self, n: int, positions: Tensor, cutoff: float = 1.0) -> Tensor:
        phase = angle(2 * positions.double()[:, None] + 1, _arange(n), 2 * n)
        return (torch.cos(phase) * _low_pass(_arange(n), n, cutoff)) @ self._analysis(n)

    def refinement(self, n: int, cutoff: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
        """The product of two cosines is half of those of the sum and of the difference of their angles."""
        omega = math.pi * _arange(n) / (_FINER * n)
        weight = _low_pass(_arange(n), n, cutoff) / _transform(omega, _TAPS[dtype]) / n
        weight[0] = weight[0] / 2
        fine = 2 * torch.arange(_FINER * n)[:, None] + 1
        pixel = _FINER * (2 * torch.arange(n) + 1)
        period = 4 * _FINER * n
        return series(weight, period, fine - pixel) + series(weight, period, fine + pixel)

    def stencil(
        self, n: int, positions: Tensor, cutoff: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Stencil:
        return _stencil(positions, _TAPS[dtype])

    def derivative(self, n: int) -> Tensor:
        """The sum over k in closed form: (pi / 2n) (-1)^(i - j) (cot(pi (i - j) / 2n) - cot(pi (i + j + 1) / 2n)).

        The first cotangent is 0 for i = j. The two are subtracted by the addition theorem, so nothing cancels.
        """
        i, j = np.arange(n)[:, None], np.arange(n)
        own = i == j
        among = sine(2 * j + 1, n) / sine(np.where(own, 1, i - j), n)
        factor = np.where(own, -cosine(2 * i + 1, n), _alternating(i - j) * among)
        return rounded(pi_over(2 * n) * factor / sine(i + j + 1, n))

    def long_values(self, x: Tensor, positions: Tensor, axis: int, cutoff: float = 1.0) -> Tensor:
        """Those of the periodic series through x and its mirror image."""
        return Periodic().long_values(torch.cat([x, x.flip(axis)], axis), positions, axis, cutoff)

    def long_slopes(self, x: Tensor, axis: int) -> Tensor:
        """Those of the periodic series through x (..., n, ...) and its mirror image."""
        n = x.shape[axis]
        mirrored = torch.cat([x, x.flip(axis)], axis)
        return slopes_around(mirrored, axis).narrow(axis, 0, n).contiguous()


class Periodic(Interpolant):
    """Fourier series of the periodic extension: for circular data, and to check the aliasing theorem.

    The wavenumbers run from -n/2 to n/2; for even n the coefficient at the Nyquist frequency is shared by both
    signs, so its derivative is 0 at the pixels.
    """

    name = "periodic"

    @staticmethod
    def _weights(n: int) -> Tensor:
        """Of the n // 2 + 1 wavenumbers from 0: two signs each, but for 0 and the Nyquist frequency."""
        weight = torch.full((n // 2 + 1,), 2 / n, dtype=torch.float64)
        weight[0] = 1 / n
        if n % 2 == 0:
            weight[-1] = 1 / n
        return weight

    def interpolation(self, n: int, positions: Tensor, cutoff: float = 1.0) -> Tensor:
        k = _arange(n // 2 + 1)
        phase = angle(2 * (positions.double()[:, None, None] - _arange(n)[:, None]), k, n)
        return torch.cos(phase) @ (self._weights(n) * _low_pass(k, n / 2, cutoff))

    def derivative(self, n: int) -> Tensor:
        """In closed form: (pi / n) (-1)^m cot(pi m / n) with m = i - j for even n, 1 / sin in place of cot for odd n.

        Circulant and antisymmetric to the bit, so that it commutes with every circular convolution.
        """
        m = np.arange(1, (n + 1) // 2)
        half = _alternating(m) / sine(2 * m, n) * (cosine(2 * m, n) if n % 2 == 0 else 1)
        table = np.zeros(n, np.longdouble)
        table[m], table[n - m] = half, -half
        return rounded(pi_over(n) * table[(np.arange(n)[:, None] - np.arange(n)) % n])

    def long_values(self, x: Tensor, positions: Tensor, axis: int, cutoff: float = 1.0) -> Tensor:
        """By a transform of x, a finer grid and the window: as by `stencil`, without the matrix of `refinement`."""
        n, taps = x.shape[axis], _TAPS[torch.float64]
        k = _arange(n // 2 + 1)
        weights = _low_pass(k, n / 2, cutoff) / _transform(2 * math.pi * k / (_FINER * n), taps)
        fine = refined(x.movedim(axis, -1), weights, _FINER)
        stencil = _stencil(positions, taps)
        values = gathered(fine, self.fold(stencil.indices, _FINER * n), stencil.weights)
        return values.to(x).movedim(-1, axis)

    def long_slopes(self, x: Tensor, axis: int) -> Tensor:
        """By a transform of x (..., n, ...)."""
        return slopes_around(x, axis)

    def refinement(self, n: int, cutoff: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
        k = _arange(n // 2 + 1)
        window = _transform(2 * math.pi * k / (_FINER * n), _TAPS[dtype])
        weight = self._weights(n) * _low_pass(k, n / 2, cutoff) / window
        fine = 2 * torch.arange(_FINER * n)[:, None] + 1 - _FINER  # in halves of a fine step
        return series(weight, 2 * _FINER * n, fine - 2 * _FINER * torch.arange(n))

    def stencil(
        self, n: int, positions: Tensor, cutoff: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Stencil:
        return _stencil(positions, _TAPS[dtype])

    def fold(self, indices: Tensor, n: int) -> Tensor:
        return indices % n


def slopes_around(x: Tensor, axis: int) -> Tensor:
    """The derivative of the Fourier series through x (..., n, ...) along one axis, by transforms; 0 at Nyquist.

    >>> wave = torch.sin(torch.arange(8) * math.pi / 4)
    >>> [round(float(v), 3) for v in slopes_around(wave, 0)[:2]]
    [0.785, 0.555]
    """
    n = x.shape[axis]
    precise = x.to(torch.promote_types(x.dtype, torch.float32))
    frequencies = 2 * math.pi / n * torch.arange(n // 2 + 1, dtype=precise.dtype, device=x.device)
    frequencies[n // 2 + n % 2 :] = 0
    waves = torch.fft.rfft(precise.movedim(axis, -1)) * (1j * frequencies)
    return torch.fft.irfft(waves, n).movedim(-1, axis).to(x.dtype).contiguous()


def _arange(n: int) -> Tensor:
    return torch.arange(n, dtype=torch.float64)


def _alternating(m: np.ndarray) -> np.ndarray:
    """(-1)^m for whole m."""
    return 1 - 2 * (m % 2)
