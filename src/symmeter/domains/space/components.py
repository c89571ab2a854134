"""What a motion of space does to the components of one value: of a scalar, a vector, a tensor, an irrep, a cell."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from symmeter.domains.space.generators import SpaceGenerator
from symmeter.domains.space.motion import Motion
from symmeter.errors import SymmeterError

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))  # xx yy zz yz xz xy, the order of ASE


class Components(ABC):
    """How the last axes of a value, `shape` of them, are moved. `word` is how it is written.

    A new kind gives `act` and `rate`, which leave all axes before alone, and a line in `words.py`.
    """

    word: ClassVar[str]
    shape: tuple[int, ...] = (3,)  # of the axes that are mixed; None stands for any length

    @abstractmethod
    def act(self, motion: Motion, x: Tensor) -> Tensor:
        """rho(g) x, of the shape of x (..., *shape)."""

    @abstractmethod
    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        """X x, of the shape of x (..., *shape)."""

    def change(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        """What of samples x (B, ..., *shape) stands in for another sample's X x: see `Representation.changes`."""
        return self.rate(generator, x)

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a value of this shape, the batch axis left out, ends in the components."""
        return shape[len(shape) - len(self.shape) :] == self.shape

    @property
    def positioned(self) -> bool:
        """Whether their first three numbers are a position."""
        return False

    def describe(self) -> str:
        """As it is written."""
        return self.word


@dataclass(frozen=True)
class Scalars(Components):
    """Numbers that no motion changes."""

    word = "scalars"
    shape = ()

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        return x

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


@dataclass(frozen=True)
class Positions(Components):
    """Points: turned, moved and scaled. Those of other spaces have other numbers of coordinates, and no motion."""

    word = "points"
    positioned = True  # type: ignore[assignment]

    def fits(self, shape: tuple[int, ...]) -> bool:
        return len(shape) > 0

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        self._check(motion, x)
        moved = motion.scale * turned(x, motion.rotation)
        return moved + torch.as_tensor(motion.shift, dtype=torch.float64).to(x)

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        self._check(generator, x)
        shift = torch.tensor(generator.shift, dtype=torch.float64).to(x)
        return turned(x, generator.spin) + generator.growth * x + shift

    def change(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        """X x, but b is the same for all samples: its place take the points' own distances from their mean.

        A p + r p + (bx + by P + bz P^2) (p - c), P the turn of x to y, y to z and z to x.
        """
        axes = tuple(range(1, x.ndim - 1))
        beside = x - x.mean(axes, keepdim=True) if axes else x
        spread = sum(b * beside.roll(axis, -1) for axis, b in enumerate(generator.shift))
        return self.rate(replace(generator, shift=(0.0, 0.0, 0.0)), x) + spread

    @staticmethod
    def _check(mover: Motion | SpaceGenerator, x: Tensor) -> None:
        if x.shape[-1] != 3:
            raise SymmeterError(
                f"{mover.name} moves points of three coordinates, and these have {x.shape[-1]}"
            )


@dataclass(frozen=True)
class Vectors(Components):
    """Vectors, such as forces: turned, R v. With `axial`, pseudo-vectors such as magnetic moments: det(R) R v."""

    axial: bool = False

    @property
    def word(self) -> str:  # type: ignore[override]
        return "pseudovectors" if self.axial else "vectors"

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        moved = turned(x, motion.rotation)
        return motion.parity * moved if self.axial else moved

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return turned(x, generator.spin)


@dataclass(frozen=True)
class Tensors(Components):
    """Tensors of rank 2, such as stress and polarisability: R S R^T."""

    word = "tensors"
    shape = (3, 3)

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        rotation = motion.rotation.to(x)
        return rotation @ x @ rotation.mT

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        spin = generator.spin.to(x)
        return spin @ x - x @ spin


@dataclass(frozen=True)
class Voigt(Components):
    """Symmetric tensors as six numbers in the order of ASE, xx yy zz yz xz xy: moved as the 3 x 3 that they are."""

    word = "voigt"
    shape = (6,)

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        return to_voigt(Tensors().act(motion, from_voigt(x)))

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return to_voigt(Tensors().rate(generator, from_voigt(x)))


@dataclass(frozen=True)
class Cells(Components):
    """Cells of crystals, their three vectors as rows: turned and scaled, not moved."""

    word = "cell"
    shape = (3, 3)

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        return motion.scale * turned(x, motion.rotation)

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return turned(x, generator.spin) + generator.growth * x


@dataclass(frozen=True)
class Fractional(Components):
    """Positions in units of the cell: they stay what they are when all is turned; a translation would need the cell."""

    word = "fractional"

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        self._check(any(motion.shift))
        return x

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        self._check(any(generator.shift))
        return torch.zeros_like(x)

    @staticmethod
    def _check(moves: bool) -> None:
        if moves:
            raise SymmeterError(
                "fractional coordinates move by another amount in every cell: give positions to measure translations"
            )


def turned(x: Tensor, matrix: Tensor) -> Tensor:
    """M v for the vectors v on the last axis of x (..., 3)."""
    return x @ matrix.to(x).mT


def from_voigt(x: Tensor) -> Tensor:
    """(..., 6) as symmetric (..., 3, 3).

    >>> from_voigt(torch.arange(6.0))
    tensor([[0., 5., 4.],
            [5., 1., 3.],
            [4., 3., 2.]])
    """
    place = torch.zeros(3, 3, dtype=torch.long, device=x.device)
    for k, (row, column) in enumerate(VOIGT):
        place[row, column] = place[column, row] = k
    return x[..., place]


def unfolded(x: Tensor) -> Tensor:
    """Symmetric tensors (..., 3, 3), given so or as six numbers (..., 6).

    Rotations keep the norm of the nine, and not that of the six: a shear counts once there, and twice as a matrix.
    """
    return from_voigt(x) if x.shape[-1] == len(VOIGT) else x


def to_voigt(x: Tensor) -> Tensor:
    """Symmetric (..., 3, 3) as (..., 6)."""
    return torch.stack([x[..., row, column] for row, column in VOIGT], -1)


@dataclass(frozen=True)
class Sum(Components):
    """Components side by side on the last axis, such as points with their normals: `points+vectors`."""

    parts: tuple[Components, ...]

    @property
    def word(self) -> str:  # type: ignore[override]
        return "+".join(part.describe() for part in self.parts)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (sum(self._sizes),)

    @property
    def positioned(self) -> bool:  # type: ignore[override]
        return self.parts[0].positioned

    @property
    def _sizes(self) -> list[int]:
        return [part.shape[0] for part in self.parts]

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        return self._side_by_side(x, lambda part, piece: part.act(motion, piece))

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return self._side_by_side(x, lambda part, piece: part.rate(generator, piece))

    def change(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return self._side_by_side(x, lambda part, piece: part.change(generator, piece))

    def _side_by_side(self, x: Tensor, moved: Callable[[Components, Tensor], Tensor]) -> Tensor:
        """x (B, ..., n), each part of its last axis moved by itself."""
        pieces = zip(self.parts, x.split(self._sizes, -1), strict=True)
        return torch.cat([moved(part, piece) for part, piece in pieces], -1)
