"""Local interpolants: every value comes from a few pixels around it."""

import math
from abc import abstractmethod

import torch
from torch import Tensor

from symmeter.domains.grids.interpolants.interpolant import Interpolant, Stencil


class _Local(Interpolant):
    """An interpolant whose dense matrix is its stencil, written out."""

    def interpolation(self, n: int, positions: Tensor, cutoff: float = 1.0) -> Tensor:
        return self._dense(n, self.stencil(n, positions, cutoff))

    def _dense(self, n: int, stencil: Stencil) -> Tensor:
        """A stencil of P positions in n pixels as a (P, n) matrix."""
        matrix = torch.zeros(len(stencil.first), n, dtype=torch.float64)
        return matrix.scatter_add_(1, self.fold(stencil.indices, n), stencil.weights)


class _Kernel(_Local):
    """A symmetric kernel of some radius on pixels at half-integers, mirrored beyond the edge."""

    radius: int
    filters = True  # whether it widens where an image is scaled down

    @abstractmethod
    def weight(self, distance: Tensor) -> Tensor:
        """The kernel at distances (P, w) in pixels, 0 beyond the radius."""

    @abstractmethod
    def slope(self, distance: Tensor) -> Tensor:
        """The derivative of the kernel at distances (w,) in pixels."""

    def stencil(
        self, n: int, positions: Tensor, cutoff: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Stencil:
        cutoff = min(cutoff, 1.0) if self.filters else 1.0
        taps = 2 * math.ceil(self.radius / cutoff)
        first = torch.floor(positions.double()).long() - taps // 2 + 1
        indices = first[:, None] + torch.arange(taps)
        weights = self.weight((positions.double()[:, None] - indices) * cutoff)
        return Stencil(first, weights / weights.sum(1, keepdim=True))

    def derivative(self, n: int) -> Tensor:
        around = torch.arange(-self.radius, self.radius + 1)
        slopes = self.slope(-around.double()).expand(n, -1)
        return self._dense(n, Stencil(torch.arange(n) - self.radius, slopes))


class Sinc(_Kernel):
    """The sinc under a Kaiser window of 4 pixels either way: local, and nearly band-limited."""

    name = "sinc"
    radius = 4
    _shape = 7.0  # of the window: stop band near 70 dB

    def _window(self, distance: Tensor) -> Tensor:
        """The Kaiser window at distances (P, w) in pixels."""
        inside = (1 - (distance / self.radius) ** 2).clamp(min=0)
        peak = torch.special.i0(torch.tensor(self._shape, dtype=torch.float64))
        return (torch.special.i0(self._shape * inside.sqrt()) - 1) / (peak - 1)  # less 1: no jump at the edge

    def weight(self, distance: Tensor) -> Tensor:
        return torch.sinc(distance) * self._window(distance)

    def slope(self, distance: Tensor) -> Tensor:
        """At whole distances, where the window's own slope is multiplied by 0 or is 0: cos(pi d) / d."""
        away = distance != 0
        safe = torch.where(away, distance, 1.0)
        return torch.where(away, torch.cos(math.pi * distance) / safe * self._window(distance), 0.0)


class Bicubic(_Kernel):
    """Cubic convolution of Keys 1981 (a = -1/2): for comparison. Does not filter where it scales down."""

    name = "bicubic"
    radius = 2
    filters = False

    def weight(self, distance: Tensor) -> Tensor:
        d = distance.abs()
        near = 1.5 * d**3 - 2.5 * d**2 + 1
        far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
        return torch.where(d < 1, near, torch.where(d < 2, far, 0.0))

    def slope(self, distance: Tensor) -> Tensor:
        """At whole distances: half a difference of the neighbours."""
        return torch.where(distance.abs() == 1, -0.5 * distance.sign(), 0.0)


class Bilinear(_Kernel):
    """Straight lines between pixels: for comparison. Its slope at a pixel is the mean of those on both sides."""

    name = "bilinear"
    radius = 1
    filters = False

    def weight(self, distance: Tensor) -> Tensor:
        return (1 - distance.abs()).clamp(min=0)

    def slope(self, distance: Tensor) -> Tensor:
        return torch.where(distance.abs() == 1, -0.5 * distance.sign(), 0.0)


class Gruver2023(_Local):
    """What the public reference of Gruver et al. 2023 computes, for comparison with published numbers.

    Bilinear interpolation, forward difference everywhere, mirror at the last pixel (h[n] = h[n - 2]), and
    coordinates in which -1 and 1 are the centres of the outer pixels (`align_corners=True`).
    """

    name = "gruver2023"
    pixel_coordinates = False

    def half_extent(self, n: int) -> float:
        return (n - 1) / 2

    def stencil(
        self, n: int, positions: Tensor, cutoff: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Stencil:
        first = torch.floor(positions.double()).long()
        indices = first[:, None] + torch.arange(2)
        weights = 1 - (positions.double()[:, None] - indices).abs()
        return Stencil(first, weights)

    def fold(self, indices: Tensor, n: int) -> Tensor:
        """At mirrors on the last pixels: h[n] = h[n - 2]."""
        return (n - 1) - ((indices % max(1, 2 * n - 2)) - (n - 1)).abs()

    def derivative(self, n: int) -> Tensor:
        if n == 1:
            return torch.zeros(1, 1, dtype=torch.float64)
        matrix = torch.diag(torch.ones(n - 1, dtype=torch.float64), 1) - torch.eye(n, dtype=torch.float64)
        matrix[-1, -2] += 1
        return matrix
