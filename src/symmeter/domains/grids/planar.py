"""Groups of affine maps of the plane, and windows of such groups."""

import math
from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.affine_map import FLIP_X, FLIP_Y, AffineMap, rotation_by
from symmeter.domains.grids.framing import framed, plane
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group


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
        height, width = plane(self.name, shape)
        if height != width and self.n > 2 and not padded:
            raise SymmeterError(
                f"{self.name} turns the frame of a {height} x {width} image; give square images, or say "
                "what comes in from outside with --padding reflect (zeros, circular)"
            )
        return self

    @property
    def subgroups(self) -> tuple[Group, ...]:
        return tuple(Cyclic(k) for k in range(self.n, 1, -1) if self.n % k == 0)

    def enumerate(self) -> tuple[AffineMap, ...]:
        return tuple(rotation_by(360 * k / self.n) for k in range(self.n))

    def draw(self, random: torch.Generator) -> AffineMap:
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
        plane(self.name, shape)
        return self

    def enumerate(self) -> tuple[AffineMap, ...]:
        return AffineMap(), AffineMap(FLIP_X if self.horizontal else FLIP_Y)

    def draw(self, random: torch.Generator) -> AffineMap:
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
        plane(self.name, shape)
        return self

    def draw(self, random: torch.Generator) -> AffineMap:
        u = float(torch.rand((), generator=random, dtype=torch.float64))
        if self.limit is None:
            return rotation_by(360 * u)
        return rotation_by(self.limit * (2 * u - 1))

    def quadrature(self, count: int) -> tuple[AffineMap, ...]:
        """Equal steps from the identity, whose mean is exact for trigonometric polynomials below degree `count`.

        In a window they are the midpoints of equal steps, whose error falls with the square of their number.
        """
        if self.limit is None:
            return tuple(rotation_by(360 * k / count) for k in range(count))
        return tuple(rotation_by(self.limit * (2 * k + 1 - count) / count) for k in range(count))


@dataclass(frozen=True)
class AffineBox(Group):
    """A box of affine maps, each parameter uniform (scale in the logarithm): turn, then shear, scale and shift.

    `rotation` and `shear` in degrees either way, `translation` as a share of the image either way, `scale` as the
    larger factor (1.2: from 1/1.2 to 1.2). What augmentation pipelines call random affine.
    """

    rotation: float = 0.0
    translation: float = 0.0
    scale: float = 1.0
    shear: float = 0.0
    frame: tuple[int, int] | None = None
    closed = False

    @property
    def name(self) -> str:
        given = {"rotation": self.rotation, "translation": self.translation, "shear": self.shear}
        if self.scale != 1:
            given["scale"] = self.scale
        words = [f"{key}={value:g}" for key, value in given.items() if value]
        return f"affine({','.join(words)})"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "AffineBox":
        return replace(self, frame=plane(self.name, shape))

    def draw(self, random: torch.Generator) -> AffineMap:
        height, width = framed(self)
        turn, slope, size, x, y = (2 * torch.rand(5, generator=random, dtype=torch.float64) - 1).tolist()
        factor = self.scale**size
        shear = factor * math.tan(math.radians(self.shear * slope))
        scaled = AffineMap(((factor, shear), (0.0, factor)))
        shifted = AffineMap(
            shift=(self.translation * width * x, self.translation * height * y), frame=self.frame
        )
        return shifted @ scaled @ rotation_by(self.rotation * turn)
