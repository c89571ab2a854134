"""Affine maps of the plane: rotations, flips, shifts, scales and shears, the elements of groups that move images."""

import itertools
import math
import operator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from symmeter.symmetry.groups.group import Element, OnCurve

Point = tuple[float, float]
Matrix = tuple[Point, Point]
DEGREE, FACTOR = "degree", "factor"
IDENTITY: Matrix = ((1.0, 0.0), (0.0, 1.0))
FLIP_X: Matrix = ((-1.0, 0.0), (0.0, 1.0))
FLIP_Y: Matrix = ((1.0, 0.0), (0.0, -1.0))
_SAME = 1e-9  # numbers closer than this are the same, so that a whole shift is recognised as one


@dataclass(frozen=True)
class AffineMap(OnCurve):
    """p -> A p + b for points p = (px, py) from the image centre, y downwards: (g x)(p) = x(g^-1 p).

    `shift` b is in pixels of the `frame` (H, W) of the network's input; a feature map of h x w moves by b w / W and
    b h / H. With `wrap` the image is a torus, and what leaves on one side returns on the other.

    >>> quarter = rotation_by(90)
    >>> (quarter @ quarter).name, (quarter @ quarter.inverse()).is_identity
    ('rotate 180', True)
    """

    linear: Matrix = IDENTITY
    shift: Point = (0.0, 0.0)
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
        width, height = math.inf, math.inf
        if self.wrap and self.frame:
            height, width = self.frame
        across = math.remainder(self.shift[0], width)
        down = math.remainder(self.shift[1], height)
        return _close(self.linear, IDENTITY) and max(abs(across), abs(down)) < _SAME

    def inverse(self) -> "AffineMap":
        (a, b), (c, d) = self.linear
        det = a * d - b * c
        inverse = ((d / det, -b / det), (-c / det, a / det))
        x, y = _apply(inverse, self.shift)
        return replace(self, linear=_snapped(inverse), shift=(-x, -y))

    def __matmul__(self, other: Element) -> "AffineMap":
        if not isinstance(other, AffineMap):
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        frames = {self.frame, other.frame} - {None}
        if len(frames) > 1:
            raise ValueError(f"{self.name} and {other.name} are for images of another size")
        (a, b), (c, d) = self.linear
        (e, f), (g, h) = other.linear
        linear = ((a * e + b * g, a * f + b * h), (c * e + d * g, c * f + d * h))
        x, y = _apply(self.linear, other.shift)
        shift = (x + self.shift[0], y + self.shift[1])
        return AffineMap(_snapped(linear), shift, self.frame or other.frame, self.wrap or other.wrap)

    @property
    def translates(self) -> bool:
        """Whether A is the identity, so that the map is a shift or moves nothing."""
        return self.turn == (0.0, 1.0, False)

    @property
    def turn(self) -> tuple[float, float, bool] | None:
        """(angle in degrees, counterclockwise as one looks; scale; flipped) where A is a similarity."""
        (a, b), (c, d) = self.linear
        flipped = a * d - b * c < 0
        if flipped:  # A = R diag(-1, 1)
            a, c = -a, -c
        scale = math.hypot(a, c)
        if max(abs(a - d), abs(b + c)) > _SAME * scale:
            return None
        return _snap(math.degrees(math.atan2(-c, a)) % 360) % 360, _snap(scale), flipped

    @property
    def name(self) -> str:
        words = self._linear_words()
        if max(map(abs, self.shift)) > _SAME:
            words.append("shift " + " ".join(f"{b:.3g}" for b in self.shift))
        return ", ".join(words) or "identity"

    def _linear_words(self) -> list[str]:
        """What A does, in words: flip, turn and scale where it is a similarity, else its entries."""
        if self.turn is None:
            (a, b), (c, d) = self.linear
            return [f"affine {a:.2f} {b:.2f} {c:.2f} {d:.2f}"]
        angle, scale, flipped = self.turn
        words = []
        if flipped and abs(angle - 180) < _SAME:
            words.append("vflip")
            angle = 0.0
        elif flipped:
            words.append("hflip")
        if angle:
            words.append(f"rotate {angle:g}" if angle == round(angle) else f"rotate {angle:.1f}")
        if scale != 1:
            words.append(f"scale {scale:.3g}")
        return words

    @property
    def on_curve(self) -> tuple[float | None, str | None]:
        """The parameter of a plain rotation or scale, and its unit; None and None for any other map."""
        if any(self.shift):
            return None, None
        match self.turn:
            case (angle, 1.0, False):
                return angle, DEGREE
            case (0.0, scale, False):
                return scale, FACTOR
        return None, None


def rotation_by(degrees: float) -> AffineMap:
    """The rotation about the centre, counterclockwise as one looks at the image (y points down)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return AffineMap(_snapped(((c, s), (-s, c))))


def _snap(value: float) -> float:
    """A number, or the whole number that it is but for round-off."""
    nearest = float(round(value))
    return nearest if abs(value - nearest) < _SAME else value


def _snapped(matrix: Matrix) -> Matrix:
    """A matrix with entries that are whole numbers but for round-off made so, and no negative zeros."""
    (a, b), (c, d) = matrix
    return (_snap(a) + 0.0, _snap(b) + 0.0), (_snap(c) + 0.0, _snap(d) + 0.0)


def _apply(matrix: Matrix, point: Point) -> Point:
    """The product of a matrix and a point (x, y)."""
    (a, b), (c, d) = matrix
    x, y = point
    return a * x + b * y, c * x + d * y


def _close(a: Matrix, b: Matrix) -> bool:
    """Whether all entries are the same but for round-off."""
    differences = map(operator.sub, itertools.chain(*a), itertools.chain(*b))
    return max(map(abs, differences)) < _SAME
