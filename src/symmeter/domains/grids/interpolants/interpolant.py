"""What lies between the pixels of an image, and so what its derivative is: an interpolant.

An interpolant turns the values of n pixels into a function h of the pixel position. Its values between the pixels move
an image by a finite amount; its slope at the pixels is the derivative.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

LONGEST_READ = 512  # positions along an axis that is read between them by a product with a matrix
LONGEST = 1024  # positions along an axis whose derivative is a product with a matrix


@dataclass(frozen=True)
class Stencil:
    """Where values between the pixels come from: the w places of a refined grid from `first` (P,) on, not yet folded.

    `weights` (P, w) float64 are theirs.
    """

    first: Tensor
    weights: Tensor

    @property
    def indices(self) -> Tensor:
        """(P, w), not yet folded."""
        return self.first[:, None] + torch.arange(self.weights.shape[1])


class Interpolant(ABC):
    """An interpolant of the values x of n pixels at positions 0, ..., n - 1; all matrices are float64."""

    name: str
    pixel_coordinates = True  # False: linear maps act in coordinates where the image is the square [-1, 1]^2

    @abstractmethod
    def interpolation(self, n: int, positions: Tensor, cutoff: float = 1.0) -> Tensor:
        """(P, n) matrix B with h(positions) = B @ x.

        `cutoff` below 1 leaves out what lies above that share of the highest frequency, for positions that lie
        further apart than the pixels; interpolants that only interpolate take no notice.
        """

    @abstractmethod
    def derivative(self, n: int) -> Tensor:
        """(n, n) matrix D with dh/dposition at the pixels = D @ x."""

    def refinement(self, n: int, cutoff: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor | None:
        """(m, n) matrix from x to the finer grid that `stencil` reads; None where it reads x itself."""
        return None

    @abstractmethod
    def stencil(
        self, n: int, positions: Tensor, cutoff: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> Stencil:
        """The values of `interpolation` at positions (P,), from w entries each of the refined x, precise to `dtype`.

        Fast in two dimensions, where dense matrices are not.
        """

    def long_values(self, x: Tensor, positions: Tensor, axis: int, cutoff: float = 1.0) -> Tensor:
        """h at positions (P,) along an axis of x (..., n, ...) that is too long for a matrix: (..., P, ...).

        Here by a matrix all the same, where there is no faster way.
        """
        matrix = self.interpolation(x.shape[axis], positions, cutoff).to(x)
        return (x.movedim(axis, -1) @ matrix.mT).movedim(-1, axis)

    def fold(self, indices: Tensor, n: int) -> Tensor:
        """Whole positions (P, ...) folded into 0, ..., n - 1, by default at mirrors half a pixel outside."""
        period = indices % (2 * n)
        return torch.minimum(period, 2 * n - 1 - period)

    @property
    def keeps_all(self) -> bool:
        """Whether the derivative is that of all frequencies, and so that of the motions of an image."""
        return True

    def smoothed(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """What of x (..., n, ...) is differentiated along these axes: all of it, or its low frequencies."""
        return x

    def half_extent(self, n: int) -> float:
        """What a translation by 1 is, in pixels: half the image."""
        return n / 2

    def differentiate(self, x: Tensor, axis: int) -> Tensor:
        """D applied along one axis of x (..., n, ...): a new, contiguous tensor like x.

        What is constant along the axis is taken out first: the rows of a rounded matrix do not add up to 0, and a bias
        far larger than what it is added to would pass for an error.
        """
        x = x - x.narrow(axis, 0, 1)
        return self.long_slopes(x, axis) if x.shape[axis] > LONGEST else self._slopes(x, axis)

    def long_slopes(self, x: Tensor, axis: int) -> Tensor:
        """D x (..., n, ...) along an axis that is too long for a matrix, where there is a faster way."""
        return self._slopes(x, axis)

    def _slopes(self, x: Tensor, axis: int) -> Tensor:
        """D x (..., n, ...) along an axis, by the matrix."""
        n, axis = x.shape[axis], axis % x.ndim
        matrix = _cached_derivative(self, n).to(x)
        if axis == x.ndim - 1:
            return x @ matrix.mT
        before, after = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
        return torch.bmm(matrix.expand(before, n, n), x.reshape(before, n, after)).view(x.shape)


@lru_cache(maxsize=64)
def _cached_derivative(interpolant: Interpolant, n: int) -> Tensor:
    return interpolant.derivative(n)
