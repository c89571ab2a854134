"""Motions of the plane, the elements of all groups that move images."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from symmeter.symmetry.groups.group import Element

Matrix = tuple[tuple[float, float], tuple[float, float]]
IDENTITY: Matrix = ((1.0, 0.0), (0.0, 1.0))
FLIP_X: Matrix = ((-1.0, 0.0), (0.0, 1.0))
FLIP_Y: Matrix = ((1.0, 0.0), (0.0, -1.0))
_SAME = 1e-9  # numbers closer than this are the same, so that a whole shift is recognised as one


@dataclass(frozen=True)
class Motion(Element):
    """p -> A p + b for points p = (px, py) from the image centre, y downwards: (g x)(p) = x(g^-1 p).

    `shift` b is in pixels of the `frame` (H, W) of the network's input; a feature map of h x w moves by b w / W and
    b h / H. With `wrap` the image is a torus, and what leaves on one side returns on the other.

    >>> quarter = rotation_by(90)
    >>> (quarter @ quarter).name, (quarter @ quarter.inverse()).is_identity
    ('rotate 180', True)
    """

    linear: Matrix = IDENTITY
    shift: tuple[float, float] = (0.0, 0.0)
    frame: tuple[int, int] | None = None
    wrap: bool = False

    @property
    def matrix(self) -> Tensor:
        """A, (2, 2) float64."""
        return torch.tensor(self.linear, dtype=torch.float64)

    def shift_on(self, height: int, width: int) -> tuple[float, float]:
        """b in pixels of a grid of this size."""
        h, w = self.frame or (height, width)
        return _snap(self.shift[0] * width / w), _snap(self.shift[1] * height / h)

    @property
    def is_identity(self) -> bool:
        width, height = reversed(self.frame) if self.wrap and self.frame else (math.inf, math.inf)
        around = [math.remainder(b, size) for b, size in zip(self.shift, (width, height), strict=True)]
        return _close(self.linear, IDENTITY) and all(abs(b) < _SAME for b in around)

    @property
    def exact(self) -> bool:
        """Whether A maps the grid of a square image onto itself: a flip, a quarter turn, or both."""
        return all(entry in (-1.0, 0.0, 1.0) for row in self.linear for entry in row)

    def inverse(self) -> "Motion":
        (a, b), (c, d) = self.linear
        det = a * d - b * c
        inverse = ((d / det, -b / det), (-c / det, a / det))
        x, y = self.shift
        shift = tuple(-(row[0] * x + row[1] * y) for row in inverse)
        return replace(self, linear=_snapped(inverse), shift=shift)

    def __matmul__(self, other: Element) -> "Motion":
        if not isinstance(other, Motion):
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        if self.frame and other.frame and self.frame != other.frame:
            raise ValueError(f"{self.name} and {other.name} are for images of another size")
        a, b = self.linear, other.linear
        linear = tuple(tuple(sum(a[i][k] * b[k][j] for k in range(2)) for j in range(2)) for i in range(2))
        shift = tuple(a[i][0] * other.shift[0] + a[i][1] * other.shift[1] + self.shift[i] for i in range(2))
        frame, wrap = self.frame or other.frame, self.wrap or other.wrap
        return Motion(_snapped(linear), shift, frame, wrap)  # type: ignore[arg-type]

    @property
    def turn(self) -> tuple[float, float, bool] | None:
        """(angle in degrees, counterclockwise as one looks; scale; flipped) where A is a similarity."""
        (a, b), (c, d) = self.linear
        flipped = a * d - b * c < 0
        if flipped:  # A = R diag(-1, 1)
            a, c = -a, -c
        scale = math.hypot(a, c)
        if abs(a - d) > _SAME * scale or abs(b + c) > _SAME * scale:
            return None
        return _snap(math.degrees(math.atan2(-c, a)) % 360) % 360, _snap(scale), flipped

    @property
    def name(self) -> str:
        words = []
        if self.turn is None:
            words.append("affine " + " ".join(f"{entry:.2f}" for row in self.linear for entry in row))
        else:
            angle, scale, flipped = self.turn
            half_turned = flipped and abs(angle - 180) < _SAME
            words += ["vflip" if half_turned else "hflip"] if flipped else []
            words += [f"rotate {angle:g}" if angle == round(angle) else f"rotate {angle:.1f}"] if (
                angle and not half_turned) else []  # fmt: skip
            words += [f"scale {scale:.3g}"] if scale != 1 else []
        if any(abs(b) > _SAME for b in self.shift):
            words.append("shift " + " ".join(f"{b:.3g}" for b in self.shift))
        return ", ".join(words) or "identity"

    @property
    def parameter(self) -> float | None:
        if self.turn is None or any(self.shift):
            return None
        angle, scale, flipped = self.turn
        if flipped:
            return None
        return scale if scale != 1 and angle == 0 else angle if scale == 1 else None

    @property
    def parameter_unit(self) -> str | None:
        if self.parameter is None or self.turn is None or self.is_identity:
            return None
        return "degree" if self.turn[1] == 1 else "factor"


def rotation_by(degrees: float) -> Motion:
    """The rotation about the centre, counterclockwise as one looks at the image (y points down)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Motion(_snapped(((c, s), (-s, c))))


def _snap(value: float) -> float:
    """A number, or the whole number that it is but for round-off."""
    nearest = float(round(value))
    return nearest if abs(value - nearest) < _SAME else value


def _snapped(matrix: Any) -> Matrix:
    return tuple(tuple(_snap(entry) + 0.0 for entry in row) for row in matrix)  # type: ignore[return-value]


def _close(a: Matrix, b: Matrix) -> bool:
    return all(
        abs(x - y) < _SAME for row, other in zip(a, b, strict=True) for x, y in zip(row, other, strict=True)
    )
