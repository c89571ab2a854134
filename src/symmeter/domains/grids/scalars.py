"""One number per place of a grid: depth, masks, vorticity, disparity. What becomes of it where the grid is moved."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from symmeter.domains.grids.carried import Carried
from symmeter.errors import SymmeterError


@dataclass(frozen=True)
class Scalars(Carried):
    """(B, K, H, W) that move with the grid and do not change: depth, temperature, pressure, heights.

    Under boosts every channel is a frame.

    >>> from symmeter.domains.grids.affine_map import rotation_by
    >>> Scalars().act(rotation_by(90), torch.ones(1, 1))[0].item()
    1.0
    """

    noun: ClassVar[str] = "scalars"

    def mixing(self, linear: Tensor) -> Tensor:
        """1, (1, 1)."""
        return torch.ones(1, 1, dtype=torch.float64)

    def rate(self, linear: Tensor) -> Tensor:
        """0, (..., 1, 1)."""
        return torch.zeros_like(linear[..., :1, :1])

    def frames(self, channels: int) -> int:
        return channels


@dataclass(frozen=True)
class Masks(Scalars):
    """Scores (B, K, H, W) of K classes, which move with the grid and do not change: all of one frame."""

    noun: ClassVar[str] = "masks"

    def frames(self, channels: int) -> int:
        return 1


@dataclass(frozen=True)
class Pseudoscalars(Scalars):
    """(B, K, H, W) times the sign of det A: vorticity and stream functions, which flips turn into their negatives.

    >>> from symmeter.domains.grids.planar import Reflection
    >>> _, flip = Reflection().enumerate()
    >>> Pseudoscalars().act(flip, torch.ones(1, 1))[0].item()
    -1.0
    """

    noun: ClassVar[str] = "pseudoscalars"

    def mixing(self, linear: Tensor) -> Tensor:
        """sign(det A), (1, 1)."""
        return torch.linalg.det(linear).sign().reshape(1, 1)


@dataclass(frozen=True)
class Disparity(Scalars):
    """(B, K, H, W), displacements along x in pixels: times A_xx, so negative under a left-right flip.

    SymmeterError for maps that turn what is horizontal into what is not: quarter turns, rotations, `shear_y`.

    >>> from symmeter.domains.grids.affine_map import AffineMap
    >>> Disparity().act(AffineMap(((-2.0, 0.0), (0.0, 2.0))), torch.ones(1, 1))[0].item()
    -2.0
    """

    noun: ClassVar[str] = "disparity"

    def mixing(self, linear: Tensor) -> Tensor:
        """A_xx, (1, 1)."""
        return linear[:1, :1]

    def rate(self, linear: Tensor) -> Tensor:
        """M_xx, (..., 1, 1)."""
        return linear[..., :1, :1]

    def refuse(self, linear: Tensor) -> None:
        if bool(linear[1:, 0].any()):
            raise SymmeterError(
                "disparity is along x, and this symmetry turns x into y: take hflip, vflip, shifts or scale, or write "
                "it as flow (B, 2, H, W)"
            )
