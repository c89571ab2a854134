"""Affine maps of grids: rotations, flips, shifts, scales and shears, the elements of groups that move grids."""

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce

import torch
from torch import Tensor

from symmeter.domains.grids.affine_words import Turn, read_linear, snap, turn_of
from symmeter.domains.space.motion import Motion
from symmeter.symmetry.groups.group import Element, OnCurve

Point = tuple[float, ...]  # (x, y, z), as many as there are axes
Matrix = tuple[Point, ...]  # by rows
_SAME = 1e-9  # numbers closer than this are the same, so that a whole shift is recognised as one


@cache
def identity(axes: int) -> Matrix:
    """The linear map of so many axes that moves nothing."""
    return tuple(tuple(float(i == j) for j in range(axes)) for i in range(axes))


IDENTITY = identity(2)
FLIP_X: Matrix = ((-1.0, 0.0), (0.0, 1.0))
FLIP_Y: Matrix = ((1.0, 0.0), (0.0, -1.0))


@dataclass(frozen=True)
class AffineMap(OnCurve):
    """p -> A p + b for points p = (x, y, z) from the centre of a grid of one to three axes: (g h)(p) = h(g^-1 p).

    x is along the last axis of an array, so y of an image points down. `shift` b is in positions of the `frame`, the
    sizes of the axes of the network's input as an array has them, such as (H, W); a feature map of h x w moves by
    b w / W and b h / H. With `wrap` the grid is a torus, and what leaves on one side returns on the other.

    >>> quarter = rotation_by(90)
    >>> (quarter @ quarter).name, (quarter @ quarter.inverse()).is_identity
    ('rotate 180', True)
    """

    linear: Matrix = IDENTITY
    shift: Point = (0.0, 0.0)
    frame: tuple[int, ...] | None = None
    wrap: bool = False

    def __post_init__(self) -> None:
        if len(self.shift) != len(self.linear):
            raise ValueError(f"a map of {len(self.linear)} axes is not shifted by {self.shift}")

    @property
    def axes(self) -> int:
        """How many there are."""
        return len(self.shift)

    @property
    def matrix(self) -> Tensor:
        """A, (axes, axes) float64."""
        return torch.tensor(self.linear, dtype=torch.float64)

    def shift_on(self, *sizes: int) -> Point:
        """b in positions of a grid of these sizes, which are in the order of an array: (H, W) of a map."""
        own = reversed(sizes)
        of = reversed(self.frame or sizes)
        return tuple(snap(b * size / whole) for b, size, whole in zip(self.shift, own, of, strict=True))

    @property
    def is_identity(self) -> bool:
        around = reversed(self.frame) if self.wrap and self.frame else itertools.repeat(math.inf)
        left = map(math.remainder, self.shift, around)
        return _close(self.linear, identity(self.axes)) and max(map(abs, left)) < _SAME

    def inverse(self) -> "AffineMap":
        inverse = _inverse(self.linear)
        shift = tuple(-b for b in _apply(inverse, self.shift))
        return replace(self, linear=_snapped(inverse), shift=shift)

    def __matmul__(self, other: Element) -> "AffineMap":
        if not isinstance(other, AffineMap) or self.axes != other.axes:
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        frames = {self.frame, other.frame} - {None}
        if len(frames) > 1:
            raise ValueError(f"{self.name} and {other.name} are for grids of another size")
        columns = tuple(zip(*other.linear, strict=True))
        linear = tuple(tuple(_dot(row, column) for column in columns) for row in self.linear)
        shift = tuple(map(operator.add, _apply(self.linear, other.shift), self.shift))
        return AffineMap(_snapped(linear), shift, self.frame or other.frame, self.wrap or other.wrap)

    @property
    def translates(self) -> bool:
        """Whether A is the identity, so that the map is a shift or moves nothing."""
        return _close(self.linear, identity(self.axes))

    @property
    def turn(self) -> Turn | None:
        """What A does where it is a similarity of the plane."""
        return turn_of(self.linear)

    @property
    def name(self) -> str:
        words = list(read_linear(self.linear).words)
        if max(map(abs, self.shift)) > _SAME:
            words.append("shift " + " ".join(f"{b:.3g}" for b in self.shift))
        return ", ".join(words) or "identity"

    @property
    def on_curve(self) -> tuple[float | None, str | None]:
        """The parameter of a plain rotation, scale, or shift along one axis, and its unit; None and None for others.

        >>> shifted_by([3, 0]).on_curve, shifted_by([3, 1]).on_curve
        ((3.0, 'shift along x'), (None, None))
        """
        if not any(self.shift):
            return read_linear(self.linear).curve
        moved = [(b, f"shift along {axis}") for axis, b in zip("xyz", self.shift, strict=False) if b]
        return moved[0] if len(moved) == 1 and self.translates else (None, None)


def rotation_by(degrees: float) -> AffineMap:
    """The rotation of the plane about the centre, counterclockwise as one looks at the image (y points down)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return AffineMap(_snapped(((c, s), (-s, c))))


def linear_map(matrix: Sequence[Sequence[float]]) -> AffineMap:
    """The map that leaves the centre where it is and has this matrix, of one to three axes.

    >>> linear_map([[0, -1, 0], [1, 0, 0], [0, 0, 1]]).name, linear_map([[-1]]).name
    ('rotate 90 about z', 'mirror x')
    """
    return AffineMap(_snapped(tuple(map(tuple, matrix))), (0.0,) * len(matrix))


def scaled_by(factor: float, axes: int) -> AffineMap:
    """The map that makes everything larger by a factor, along all of so many axes."""
    return linear_map([[factor * entry for entry in row] for row in identity(axes)])


def shifted_by(shift: Sequence[float], frame: tuple[int, ...] | None = None, wrap: bool = False) -> AffineMap:
    """The shift by (x, y, z), as many as there are axes, on a grid of the sizes `frame` in the order of an array.

    >>> shifted_by([1, 0, -2]).name
    'shift 1 0 -2'
    """
    return AffineMap(identity(len(shift)), tuple(map(float, shift)), frame, wrap)


def as_map(element: Element, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> Element:
    """A motion of space as the map of grids that it is, lengths divided by the `spacing` (x, y, z) of positions.

    Any other element as it is.

    >>> from symmeter.domains.space.motion import moved_by
    >>> as_map(moved_by([3.0, 0.0, 0.0]), (1.5, 1.0, 1.0)).name
    'shift 2 0 0'
    """
    if not isinstance(element, Motion):
        return element
    linear = (element.scale * element.rotation).tolist()
    steps = itertools.chain(spacing, itertools.repeat(1.0))
    return replace(linear_map(linear), shift=tuple(map(operator.truediv, element.shift, steps)))


def _snapped(matrix: Sequence[Sequence[float]]) -> Matrix:
    """A matrix with entries that are whole numbers but for round-off made so, and no negative zeros."""
    return tuple(tuple(snap(entry) + 0.0 for entry in row) for row in matrix)


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return reduce(operator.add, map(operator.mul, a, b))


def _apply(matrix: Matrix, point: Point) -> Point:
    """The product of a matrix and a point (x, y, z)."""
    return tuple(_dot(row, point) for row in matrix)


def _determinant(matrix: Sequence[Sequence[float]]) -> float:
    """By the first row; 1 for the matrix that has none."""
    terms = [
        (-1) ** j * entry * _determinant(_minor(matrix, 0, j))
        for j, entry in enumerate(next(iter(matrix), ()))
    ]
    return reduce(operator.add, terms) if terms else 1.0


def _minor(matrix: Sequence[Sequence[float]], i: int, j: int) -> Matrix:
    """A matrix without row i and column j."""
    rows = (*matrix[:i], *matrix[i + 1 :])
    return tuple((*row[:j], *row[j + 1 :]) for row in rows)


def _inverse(matrix: Matrix) -> Matrix:
    """By cofactors, which are few: exact for permutations of the axes, and to round-off for all others."""
    determinant = _determinant(matrix)
    own = range(len(matrix))
    return tuple(
        tuple((-1) ** (i + j) * _determinant(_minor(matrix, j, i)) / determinant for j in own) for i in own
    )


def _close(a: Matrix, b: Matrix) -> bool:
    """Whether all entries are the same but for round-off."""
    differences = map(operator.sub, itertools.chain(*a), itertools.chain(*b))
    return max(map(abs, differences)) < _SAME
