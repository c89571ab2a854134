"""Galilean boosts: the same flow seen by an observer who moves, u(x, t) -> u(x - v t, t) + v, frame by frame."""

from dataclasses import dataclass, replace
from itertools import starmap
from operator import add

import torch

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element, Group, ProductElement

_AXES = {"x": (1.0, 0.0), "y": (0.0, 1.0)}
_UNIT = "velocity"


@dataclass(frozen=True)
class Clock:
    """When the frames of a value are: counted in frames from the last input, which is now.

    `after` 0: inputs, of which the last is now. Otherwise outputs, of which the first is so many frames ahead.
    `step` is how many pixels a velocity of 1 crosses from one frame to the next: dt / dx.

    >>> Clock().times(3), Clock(after=2, step=0.5).times(2)
    ([-2.0, -1.0, 0.0], [1.0, 1.5])
    """

    after: int = 0
    step: float = 1.0

    def times(self, count: int) -> list[float]:
        """The times of so many frames, in pixels that a velocity of 1 has crossed since now."""
        first = self.after or 1 - count
        return [self.step * (first + k) for k in range(count)]


@dataclass(frozen=True)
class Boost(Element):
    """The boost by a velocity v = (vx, vy), y down: what was at x at time t is at x + v t, and faster by v.

    `frame` (H, W) is the grid of the inputs, in pixels of which lengths are.

    >>> (Boost((1.0, 0.0)) @ Boost((0.0, 2.0))).name, Boost((1.0, 0.0)).motion(-2.0).name
    ('boost 1 2', 'shift -2 0')
    """

    velocity: tuple[float, float] = (0.0, 0.0)
    frame: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        return "identity" if self.is_identity else "boost {:.3g} {:.3g}".format(*self.velocity)

    @property
    def is_identity(self) -> bool:
        return not any(self.velocity)

    def inverse(self) -> "Boost":
        x, y = self.velocity
        return replace(self, velocity=(0.0 - x, 0.0 - y))

    def __matmul__(self, other: Element) -> "Boost":
        if not isinstance(other, Boost):
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        x, y = starmap(add, zip(self.velocity, other.velocity, strict=True))
        return Boost((x, y), self.frame or other.frame)

    def motion(self, time: float) -> AffineMap:
        """How far it moves the grid at a time, in pixels that a velocity of 1 has crossed."""
        x, y = self.velocity
        return AffineMap(shift=(x * time + 0.0, y * time + 0.0), frame=self.frame)


@dataclass(frozen=True)
class BoostGenerator(Generator):
    """The boosts in one direction: X u = v - t v . grad u at time t, for u of components (x, y)."""

    direction: tuple[float, float] = (0.0, 0.0)

    @property
    def coordinates(self) -> tuple[float, ...]:
        """The direction."""
        return self.direction

    def boost(self, t: float) -> Boost:
        """exp(tX)."""
        x, y = self.direction
        return Boost((t * x, t * y))


BOOSTS: dict[str, Generator] = {
    f"boost_{axis}": BoostGenerator(f"boost_{axis}", _UNIT, direction) for axis, direction in _AXES.items()
}


@dataclass(frozen=True)
class Boosts(Group):
    """The window of velocities up to `limit` either way along x and y, or along one `axis` alone.

    >>> Boosts(0.5).name, Boosts(0.5, "x").name
    ('boost(0.5)', 'boost(0.5,x)')
    """

    limit: float
    axis: str | None = None
    frame: tuple[int, int] | None = None
    closed = False

    def __post_init__(self) -> None:
        if not self.limit > 0:
            raise SymmeterError(f"boost({self.limit:g}): give the largest velocity, above 0")

    @property
    def name(self) -> str:
        words = [f"{self.limit:g}", *filter(None, [self.axis])]
        return f"boost({','.join(words)})"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Boosts":
        if len(shape) not in (3, 4):
            raise SymmeterError(
                f"{self.name} moves frames of velocities (B, 2 T, H, W) or (B, T, 2, H, W), and these inputs have "
                f"shape (B, {', '.join(map(str, shape))})"
            )
        return replace(self, frame=(shape[-2], shape[-1]))

    def draw(self, random: torch.Generator) -> Boost:
        u, v = (2 * torch.rand(2, generator=random, dtype=torch.float64) - 1).tolist()
        directions = [_AXES[axis] for axis in self.axis or "xy"]
        x, y = map(sum, zip(*directions, strict=True))
        return Boost((self.limit * u * x, self.limit * v * y), self.frame)


def parse_boosts(*words: str) -> Boosts:
    """`boost(0.5)` or `boost(0.5,x)`; ValueError for other words."""
    limit, *axes = words
    if len(axes) > 1 or set(axes) - set(_AXES):
        raise ValueError(words)
    return Boosts(float(limit), "".join(axes) or None)


def as_boost(element: Element) -> Boost | None:
    """An element that is a boost, also one along a generator; None for any other."""
    if isinstance(element, Flow) and isinstance(element.generator, BoostGenerator):
        return element.generator.boost(element.t)
    return element if isinstance(element, Boost) else None


def boosts(what: Element | Generator) -> bool:
    """Whether an element or a generator is a boost."""
    if isinstance(what, ProductElement):
        return any(map(boosts, what.parts))
    return isinstance(what, Boost | BoostGenerator)
