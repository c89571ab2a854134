"""Generators that move points of space: turns about the axes, translations along them, and growth."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from symmeter.domains.space.motion import AXES, LENGTH, Matrix, Motion, Vector, matrix_of, skew, vector_of
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element

_NOTHING: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class SpaceGenerator(Generator):
    """Velocity field v(p) = A p + r p + b of space: A skew (`linear`, by rows), r a rate of growth, b in lengths.

    X acts on points by X p = v(p), on vectors by X v = A v, and exp(tX) is a `Motion`.
    """

    linear: Matrix = (_NOTHING, _NOTHING, _NOTHING)
    shift: Vector = _NOTHING
    growth: float = 0.0

    @property
    def coordinates(self) -> tuple[float, ...]:
        """A, b and r."""
        return (*self.linear[0], *self.linear[1], *self.linear[2], *self.shift, self.growth)

    @property
    def spin(self) -> Tensor:
        """A, (3, 3) float64."""
        return torch.tensor(self.linear, dtype=torch.float64)

    @property
    def axis(self) -> Tensor:
        """w (3,) float64 with A v = w x v."""
        spin = self.spin
        return torch.stack([spin[2, 1], spin[0, 2], spin[1, 0]])

    def turned(self, rotation: Tensor) -> "SpaceGenerator":
        """The same about an axis, or along a direction, that is turned by R (3, 3) float64."""
        rotation = rotation.to(self.spin)
        shift = rotation @ torch.tensor(self.shift, dtype=torch.float64)
        return replace(self, linear=matrix_of(rotation @ self.spin @ rotation.mT), shift=vector_of(shift))

    def motion(self, t: float) -> Motion:
        """exp(tX)."""
        matrix = torch.zeros(4, 4, dtype=torch.float64)
        matrix[:3, :3] = self.spin + self.growth * torch.eye(3, dtype=torch.float64)
        matrix[:3, 3] = torch.tensor(self.shift, dtype=torch.float64)
        flow = torch.linalg.matrix_exp(t * matrix)
        rotation = torch.linalg.matrix_exp(t * self.spin)
        scale = float(torch.tensor(t * self.growth, dtype=torch.float64).exp())
        return Motion(matrix_of(rotation), vector_of(flow[:3, 3]), scale)


def as_motion(element: Element) -> Element:
    """The motion that a step along a generator of space is; any other element as it is."""
    if isinstance(element, Flow) and isinstance(element.generator, SpaceGenerator):
        return element.generator.motion(element.t)
    return element


def _turn(axis: str) -> SpaceGenerator:
    linear = matrix_of(skew(torch.tensor(AXES[axis], dtype=torch.float64)))
    return SpaceGenerator(f"rotation_{axis}", "radian", linear=linear)


GENERATORS: dict[str, SpaceGenerator] = {
    generator.name: generator
    for generator in (
        *map(_turn, AXES),
        *(SpaceGenerator(f"translation_{axis}", LENGTH, shift=shift) for axis, shift in AXES.items()),
        SpaceGenerator("scale", "log-unit", growth=1.0),
    )
}
FAMILIES: dict[str, tuple[str, ...]] = {
    "rotation": tuple(f"rotation_{axis}" for axis in AXES),
    "translation": tuple(f"translation_{axis}" for axis in AXES),
}
