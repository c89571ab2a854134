"""What the derivative of a sampled image means: three definitions, each an interpolant of the samples.

Each definition turns n samples into a function h of the pixel position and is used in two ways: its values
between the pixels move an image by a finite amount, its slope at the pixels is the derivative.
"""

import math
from abc import ABC, abstractmethod
from functools import lru_cache

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, nearest


class Definition(ABC):
    """An interpolant of n samples at positions 0, ..., n - 1; all matrices are float64."""

    name: str
    pixel_coordinates = True  # False: linear maps act in coordinates where the image is the square [-1, 1]^2

    @abstractmethod
    def interpolation(self, n: int, positions: Tensor) -> Tensor:
        """(P, n) matrix B with h(positions) = B @ samples."""

    @abstractmethod
    def derivative(self, n: int) -> Tensor:
        """(n, n) matrix D with dh/dposition at the samples = D @ samples."""

    def half_extent(self, n: int) -> float:
        """What a translation by 1 is, in pixels: half the image."""
        return n / 2

    def differentiate(self, x: Tensor, axis: int) -> Tensor:
        """D applied along one axis of `x`, in its dtype and on its device; a new tensor, contiguous as x is."""
        n, axis = x.shape[axis], axis % x.ndim
        matrix = _cached_derivative(self, n).to(x)
        if axis == x.ndim - 1:
            return x @ matrix.mT
        before, after = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
        return torch.bmm(matrix.expand(before, n, n), x.reshape(before, n, after)).view(x.shape)


@lru_cache(maxsize=64)
def _cached_derivative(definition: Definition, n: int) -> Tensor:
    return definition.derivative(n)


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

    def interpolation(self, n: int, positions: Tensor) -> Tensor:
        phase = math.pi * (positions.double()[:, None] + 0.5) * _arange(n) / n
        return torch.cos(phase) @ self._analysis(n)

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
    def _kernel(n: int, offset: Tensor, order: int) -> Tensor:
        """The periodic sinc (order 0) or its derivative (order 1) as a sum over wavenumbers."""
        frequency = torch.arange(1, (n + 1) // 2, dtype=torch.float64)
        omega = 2 * math.pi * frequency / n
        phase = offset[..., None] * omega
        nyquist = math.pi * offset
        if order == 0:
            total = 1 + 2 * torch.cos(phase).sum(-1)
            return (total + torch.cos(nyquist) * (n % 2 == 0)) / n
        total = -2 * (omega * torch.sin(phase)).sum(-1)
        return (total - math.pi * torch.sin(nyquist) * (n % 2 == 0)) / n

    def interpolation(self, n: int, positions: Tensor) -> Tensor:
        return self._kernel(n, positions.double()[:, None] - _arange(n), order=0)

    def derivative(self, n: int) -> Tensor:
        return self._kernel(n, _arange(n)[:, None] - _arange(n), order=1)


class Gruver2023(Definition):
    """What the public reference of Gruver et al. 2023 computes, for comparison with published numbers.

    Bilinear interpolation, forward difference everywhere, mirror at the last pixel (h[n] = h[n - 2]), and
    coordinates in which -1 and 1 are the centres of the outer pixels (`align_corners=True`).
    """

    name = "gruver2023"
    pixel_coordinates = False

    def half_extent(self, n: int) -> float:
        return (n - 1) / 2

    def interpolation(self, n: int, positions: Tensor) -> Tensor:
        if n == 1:
            return torch.ones(len(positions), 1, dtype=torch.float64)
        folded = (n - 1) - ((positions.double() % (2 * n - 2)) - (n - 1)).abs()
        return (1 - (folded[:, None] - _arange(n)).abs()).clamp(min=0)

    def derivative(self, n: int) -> Tensor:
        if n == 1:
            return torch.zeros(1, 1, dtype=torch.float64)
        matrix = torch.diag(torch.ones(n - 1, dtype=torch.float64), 1) - torch.eye(n, dtype=torch.float64)
        matrix[-1, -2] += 1
        return matrix


def _arange(n: int) -> Tensor:
    return torch.arange(n, dtype=torch.float64)


DEFINITIONS: dict[str, Definition] = {d.name: d for d in (Bandlimited(), Periodic(), Gruver2023())}


def parse_definition(name: str | Definition) -> Definition:
    """The definition of this name; SymmeterError with the choices otherwise.

    >>> parse_definition("periodic").name
    'periodic'
    """
    if isinstance(name, Definition):
        return name
    if name not in DEFINITIONS:
        raise SymmeterError(f"unknown definition {name!r}{nearest(name, DEFINITIONS)}")
    return DEFINITIONS[name]
