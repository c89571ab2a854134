"""Motions of the plane, and the groups and windows of groups that they make."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.groups.base import Element, Group

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


def rotation_by(degrees: float) -> Motion:
    """The rotation about the centre, counterclockwise as one looks at the image (y points down)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Motion(_snapped(((c, s), (-s, c))))


@dataclass(frozen=True)
class Cyclic(Group):
    """C_n: the rotations by multiples of 360/n degrees."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise SymmeterError(f"C{self.n}: a cyclic group has at least 1 element")

    @property
    def name(self) -> str:
        return f"C{self.n}"

    @property
    def order(self) -> int:  # type: ignore[override]
        return self.n

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Cyclic":
        height, width = _plane(self.name, shape)
        if height != width and self.n > 2 and not padded:
            raise SymmeterError(
                f"{self.name} turns the frame of a {height} x {width} image; give square images, or say "
                "what comes in from outside with --padding reflect (zeros, circular)"
            )
        return self

    def enumerate(self) -> tuple[Motion, ...]:
        return tuple(rotation_by(360 * k / self.n) for k in range(self.n))

    def draw(self, random: torch.Generator) -> Motion:
        return rotation_by(360 * int(torch.randint(self.n, (), generator=random)) / self.n)


@dataclass(frozen=True)
class Reflection(Group):
    """The identity and one flip of the plane: left and right (`hflip`), or top and bottom (`vflip`)."""

    horizontal: bool = True
    order = 2

    @property
    def name(self) -> str:
        return "hflip" if self.horizontal else "vflip"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Reflection":
        _plane(self.name, shape)
        return self

    def enumerate(self) -> tuple[Motion, ...]:
        return Motion(), Motion(FLIP_X if self.horizontal else FLIP_Y)

    def draw(self, random: torch.Generator) -> Motion:
        return self.enumerate()[int(torch.randint(2, (), generator=random))]


@dataclass(frozen=True)
class Rotations(Group):
    """SO(2), or the window of angles up to `limit` degrees either way."""

    limit: float | None = None

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return self.limit is None

    @property
    def name(self) -> str:
        return "SO2" if self.limit is None else f"SO2({self.limit:g})"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Rotations":
        _plane(self.name, shape)
        return self

    def draw(self, random: torch.Generator) -> Motion:
        u = float(torch.rand((), generator=random, dtype=torch.float64))
        return rotation_by(360 * u if self.limit is None else self.limit * (2 * u - 1))

    def quadrature(self, count: int) -> tuple[Motion, ...]:
        """Equal steps: exact for trigonometric polynomials below degree `count`; Gauss-Legendre in a window."""
        if self.limit is None:
            return tuple(rotation_by(360 * k / count) for k in range(count))
        return tuple(rotation_by(self.limit * (2 * k + 1 - count) / count) for k in range(count))


@dataclass(frozen=True)
class Translations(Group):
    """Shifts by any amount, fractions of pixels too, up to `extent` of the image's width and height either way."""

    extent: float = 0.125
    wrap: bool = False
    frame: tuple[int, int] | None = None
    closed = False

    @property
    def name(self) -> str:
        return f"T2({self.extent:g}{',circular' * self.wrap})"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Translations":
        return replace(self, frame=_plane(self.name, shape))

    def draw(self, random: torch.Generator) -> Motion:
        height, width = _framed(self)
        u = 2 * torch.rand(2, generator=random, dtype=torch.float64) - 1
        shift = (float(u[0]) * self.extent * width, float(u[1]) * self.extent * height)
        return Motion(shift=shift, frame=self.frame, wrap=self.wrap)


@dataclass(frozen=True)
class Shifts(Group):
    """Shifts by whole pixels: on the torus all of them, or those up to `limit` pixels along each axis.

    `kind`: `circular`; `crop`, where the network sees a window of a larger image, which moves, and nothing is made up;
    `open`, where what comes in from outside is made up by the padding and does not count.
    """

    limit: int | None = None
    kind: str = "circular"
    frame: tuple[int, int] | None = None

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return self.limit is None

    @property
    def margin(self) -> int:  # type: ignore[override]
        return (self.limit or 0) if self.kind == "crop" else 0

    @property
    def name(self) -> str:
        return (
            "shift"
            if self.limit is None
            else "shift({}{})".format(self.limit, "" if self.kind == "circular" else f",{self.kind}")
        )

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Shifts":
        height, width = _plane(self.name, shape)
        if self.limit is not None and self.kind != "crop" and 2 * self.limit + 1 > min(height, width):
            raise SymmeterError(f"{self.name} is more than half of a {height} x {width} image; "
                                f"give at most shift({(min(height, width) - 1) // 2}), or shift for all")  # fmt: skip
        return replace(self, frame=(height, width))

    @property
    def order(self) -> int | None:  # type: ignore[override]
        if self.limit is not None:
            return (2 * self.limit + 1) ** 2
        return None if self.frame is None else self.frame[0] * self.frame[1]

    def _range(self, size: int) -> list[int]:
        if self.limit is None:
            return list(range(size))
        return sorted(range(-self.limit, self.limit + 1), key=abs)

    def enumerate(self) -> tuple[Motion, ...]:
        height, width = _framed(self)
        return tuple(self._by(x, y) for y in self._range(height) for x in self._range(width))

    def _by(self, x: int, y: int) -> Motion:
        return Motion(shift=(float(x), float(y)), frame=self.frame, wrap=self.kind == "circular")

    def draw(self, random: torch.Generator) -> Motion:
        height, width = _framed(self)
        along = [
            self._range(n)[int(torch.randint(len(self._range(n)), (), generator=random))]
            for n in (width, height)
        ]
        return self._by(*along)


@dataclass(frozen=True)
class Scales(Group):
    """Scale factors between two, from the Haar measure of the positive reals: uniform in the logarithm."""

    low: float
    high: float
    closed = False

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise SymmeterError(
                f"scale({self.low:g},{self.high:g}): give two factors, the smaller first, above 0"
            )

    @property
    def name(self) -> str:
        return f"scale({self.low:g},{self.high:g})"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Scales":
        _plane(self.name, shape)
        return self

    def _at(self, u: float) -> Motion:
        factor = self.low * (self.high / self.low) ** u
        return Motion(((factor, 0.0), (0.0, factor)))

    def draw(self, random: torch.Generator) -> Motion:
        return self._at(float(torch.rand((), generator=random, dtype=torch.float64)))

    def quadrature(self, count: int) -> tuple[Motion, ...]:
        """Midpoints of equal steps of the logarithm."""
        return tuple(self._at((k + 0.5) / count) for k in range(count))


@dataclass(frozen=True)
class AffineBox(Group):
    """A box of affine motions, each parameter uniform (scale in the logarithm): turn, then shear, scale and shift.

    `rotation` and `shear` in degrees either way, `translation` as a share of the image either way, `scale` as the
    larger factor (1.2: from 1/1.2 to 1.2). What augmentation pipelines call random affine.
    """

    rotation: float = 0.0
    translation: float = 0.0
    scale: float = 1.0
    shear: float = 0.0
    frame: tuple[int, int] | None = field(default=None)
    closed = False

    @property
    def name(self) -> str:
        given: dict[str, Any] = {
            "rotation": self.rotation,
            "translation": self.translation,
            "shear": self.shear,
        }
        given["scale"] = self.scale if self.scale != 1 else 0
        return "affine(" + ",".join(f"{key}={value:g}" for key, value in given.items() if value) + ")"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "AffineBox":
        return replace(self, frame=_plane(self.name, shape))

    def draw(self, random: torch.Generator) -> Motion:
        height, width = _framed(self)
        u = (2 * torch.rand(5, generator=random, dtype=torch.float64) - 1).tolist()
        factor = self.scale ** u[2]
        sheared = Motion(((factor, factor * math.tan(math.radians(self.shear * u[1]))), (0.0, factor)))
        shift = (self.translation * width * u[3], self.translation * height * u[4])
        return Motion(shift=shift, frame=self.frame) @ sheared @ rotation_by(self.rotation * u[0])


def _plane(name: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of inputs (C, H, W); SymmeterError for what is no image."""
    if len(shape) != 3:
        raise SymmeterError(
            f"{name} moves images (B, C, H, W); these inputs have shape (B, {', '.join(map(str, shape))})"
        )
    return shape[-2], shape[-1]


def _framed(group: Any) -> tuple[int, int]:
    if group.frame is None:
        raise SymmeterError(f"{group.name} depends on the size of the image: bind it to a shape first")
    return group.frame


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
