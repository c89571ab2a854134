"""Motions of space: rotations, reflections, translations and changes of size."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import torch
from torch import Tensor

from symmeter.symmetry.groups.group import Element, OnCurve, Turning

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
AXES: dict[str, Vector] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
IDENTITY: Matrix = tuple(AXES.values())  # type: ignore[assignment]
DEGREE, FACTOR, LENGTH = "degree", "factor", "length"
_NAMES = {**{axis: name for name, axis in AXES.items()}, (-1, 0, 0): "-x", (0, -1, 0): "-y", (0, 0, -1): "-z"}
_SAME = 1e-9  # numbers closer than this are the same


@dataclass(frozen=True)
class Motion(OnCurve):
    """p -> s R p + b for points p of space, with R orthogonal (`linear`), s > 0 (`scale`) and b (`shift`).

    What is no point is moved by parts of that: a vector by R alone, a pseudo-vector by det(R) R.

    >>> quarter = rotation_about("z", 90)
    >>> (quarter @ quarter).name, (quarter @ quarter.inverse()).is_identity
    ('rotate 180 about z', True)
    """

    linear: Matrix = IDENTITY
    shift: Vector = (0.0, 0.0, 0.0)
    scale: float = 1.0

    @cached_property
    def rotation(self) -> Tensor:
        """R, (3, 3) float64."""
        return torch.tensor(self.linear, dtype=torch.float64)

    @cached_property
    def parity(self) -> float:
        """det(R): 1 for a rotation, -1 for what takes a left hand to a right one."""
        return float(torch.linalg.det(self.rotation).round())

    @property
    def translates(self) -> bool:
        """Whether nothing is turned, mirrored or made larger."""
        return _close(self.linear, IDENTITY) and abs(self.scale - 1) < _SAME

    @property
    def is_identity(self) -> bool:
        return self.translates and max(map(abs, self.shift)) < _SAME

    def inverse(self) -> "Motion":
        back = self.rotation.mT
        shift = back @ torch.tensor(self.shift, dtype=torch.float64) / -self.scale
        return Motion(matrix_of(back), vector_of(shift), 1 / self.scale)

    def __matmul__(self, other: Element) -> "Motion":
        if not isinstance(other, Motion):
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        moved = self.scale * self.rotation @ torch.tensor(other.shift, dtype=torch.float64)
        shift = moved + torch.tensor(self.shift, dtype=torch.float64)
        return Motion(matrix_of(self.rotation @ other.rotation), vector_of(shift), self.scale * other.scale)

    @cached_property
    def turn(self) -> tuple[Vector, float]:
        """The axis n and the angle in degrees, 0 to 180, of the rotation det(R) R."""
        proper = self.rotation * self.parity
        skew = (proper - proper.mT) / 2
        sine = torch.stack([skew[2, 1], skew[0, 2], skew[1, 0]])  # sin(angle) n
        cosine = (float(proper.trace()) - 1) / 2
        angle = math.degrees(math.atan2(float(sine.norm()), cosine))
        if float(sine.norm()) > (1e-12 if cosine > 0 else 1e-6):
            return vector_of(sine / sine.norm()), angle
        if cosine > 0:
            return AXES["z"], 0.0
        column = (proper + torch.eye(3, dtype=torch.float64)).T[int(proper.diagonal().argmax())]
        return _facing(column / column.norm()), 180.0

    @property
    def turning(self) -> Turning:
        axis, angle = self.turn
        x, y, z = (angle * entry for entry in axis)
        return Turning(x, y, z, int(self.parity))

    @property
    def name(self) -> str:
        words = self._turning_words()
        if abs(self.scale - 1) > _SAME:
            words.append(f"scale {self.scale:.3g}")
        if max(map(abs, self.shift)) > _SAME:
            words.append("move " + " ".join(f"{b:.3g}" for b in self.shift))
        return ", ".join(words) or "identity"

    def _turning_words(self) -> list[str]:
        """What R does: a rotation about an axis, a mirror image, an inversion, or a rotation of that."""
        axis, angle = self.turn
        about = f"rotate {angle:.4g} about {_axis_name(axis)}"
        if self.parity > 0:
            return [about] if angle > _SAME else []
        if angle < 1e-6:
            return ["invert"]
        if abs(angle - 180) < 1e-6:
            return [f"mirror {_axis_name(axis)}"]
        return ["invert", about]

    @property
    def on_curve(self) -> tuple[float | None, str | None]:
        """The angle of a plain rotation, the length of a plain translation, the factor of a plain scale."""
        moves = max(map(abs, self.shift)) > _SAME
        if self.translates:
            return math.hypot(*self.shift), LENGTH
        if moves or self.parity < 0:
            return None, None
        if abs(self.scale - 1) < _SAME:
            return self.turn[1], DEGREE
        return (self.scale, FACTOR) if _close(self.linear, IDENTITY) else (None, None)


def rotation_about(axis: str | Sequence[float], degrees: float) -> Motion:
    """The rotation about x, y, z or any axis through the origin, by the right-hand rule.

    >>> rotation_about("z", 90).rotation @ torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    tensor([0., 1., 0.], dtype=torch.float64)
    """
    n = torch.tensor(AXES[axis] if isinstance(axis, str) else axis, dtype=torch.float64)
    angle = math.radians(degrees)
    cross = skew(n / n.norm())
    matrix = (
        torch.eye(3, dtype=torch.float64) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    )
    return Motion(matrix_of(matrix))


def rotation_of(quaternion: Tensor) -> Matrix:
    """The matrix of a quaternion (w, x, y, z) of any length but 0."""
    w, x, y, z = (quaternion.double() / quaternion.double().norm()).tolist()
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


def mirror(axis: str) -> Motion:
    """x, y or z becomes its negative."""
    flipped = torch.eye(3, dtype=torch.float64)
    flipped["xyz".index(axis)] *= -1
    return Motion(matrix_of(flipped))


INVERSION = Motion(((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)))


def moved_by(shift: Sequence[float]) -> Motion:
    """The translation by a vector."""
    return replace(Motion(), shift=vector_of(torch.tensor(shift, dtype=torch.float64)))


def skew(axis: Tensor) -> Tensor:
    """The matrix (3, 3) of v -> axis x v, for an axis (3,)."""
    x, y, z = axis.tolist()
    return torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)


def matrix_of(matrix: Tensor) -> Matrix:
    """A matrix (3, 3) by rows; what is a whole number but for round-off is made one."""
    first, second, third = map(vector_of, matrix)
    return first, second, third


def vector_of(vector: Tensor) -> Vector:
    """A vector (3,); what is a whole number but for round-off is made one."""
    x, y, z = map(_snap, vector.tolist())
    return x, y, z


def _snap(value: float) -> float:
    nearest = float(round(value))
    return nearest + 0.0 if abs(value - nearest) < 1e-14 else value


def _close(a: Matrix, b: Matrix) -> bool:
    """Whether all entries are the same but for round-off."""
    return max(map(abs, map(operator.sub, chain(*a), chain(*b)))) < _SAME


def _facing(axis: Tensor) -> Vector:
    """Of the two axes (3,) of a half turn, n and -n, the one whose last entry that is not 0 is positive."""
    return vector_of(-axis if axis[axis.abs() > 1e-6][-1] < 0 else axis)


def _axis_name(axis: Vector) -> str:
    """x, -y, or its components."""
    x, y, z = (round(c, 6) for c in axis)
    return _NAMES.get((x, y, z), "({:.2f}, {:.2f}, {:.2f})".format(*axis))
