"""The continuous groups of rotations: SO3, O3, and the rotations about one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch

from symmeter.domains.space.lebedev import lebedev_rule, rule_of_size
from symmeter.domains.space.motion import INVERSION, Motion, rotation_about, rotation_of
from symmeter.domains.space.point_groups import CHAIN, ROTATIONS, WITH_INVERSION
from symmeter.domains.space.rules import rules
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.degrees import Part
from symmeter.symmetry.groups.group import Element, Group

SPACE = "space"


@dataclass(frozen=True)
class Orthogonal(Group):
    """SO3, all rotations, and O3, which has those and their mirror images.

    Haar-random ones are those of random unit quaternions. Random cosets g I of the icosahedral group I integrate what
    has a degree up to 5 without error, so a sample is made of these; `designs` are the groups it can be made of.

    >>> Orthogonal(mirrored=True).name, [group.order for group in Orthogonal().designs]
    ('O3', [60, 24, 12])
    """

    mirrored: bool = False
    acts_on = SPACE

    @property
    def name(self) -> str:
        return "O3" if self.mirrored else "SO3"

    @property
    def designs(self) -> tuple[Group, ...]:
        """Finite subgroups that can stand in for the whole, the finest first."""
        return WITH_INVERSION if self.mirrored else ROTATIONS

    @property
    def subgroups(self) -> tuple[Group, ...]:
        """Those of 60, 12, 4 and 2 rotations, each a subgroup of the one before; of O3 also that of 120 elements."""
        return (WITH_INVERSION[0], *CHAIN) if self.mirrored else CHAIN

    @property
    def usual(self) -> int:
        """Two cosets of the finest design."""
        return 2 * len(self.designs[0].enumerate())

    def draw(self, random: torch.Generator) -> Motion:
        rotation = Motion(rotation_of(torch.randn(4, generator=random, dtype=torch.float64)))
        if self.mirrored and bool(torch.randint(2, (), generator=random)):
            return INVERSION @ rotation
        return rotation

    def quadrature(self, count: int) -> tuple[Element, ...]:
        """The finest rule of no more than so many elements; SymmeterError where there is none.

        >>> [len(Orthogonal(mirrored).quadrature(200)) for mirrored in (False, True)]
        [192, 120]
        """
        images = 2 if self.mirrored else 1
        rule = next((rule for rule in rules() if images * len(rule) <= count), None)
        if rule is None:
            least = images * len(rules()[-1])
            raise SymmeterError(
                f"elements is {count}; a quadrature of {self.name} has at least {least}: give as many"
            )
        return self._with_images(rule)

    def lebedev(self, order: int | None, count: int) -> tuple[tuple[Element, ...], tuple[float, ...]]:
        """Lebedev's rule of an order, with order + 1 equal steps about each direction, or the finest that fits.

        >>> [len(Orthogonal(mirrored).lebedev(5, 0)[0]) for mirrored in (False, True)]
        [84, 168]
        """
        images = 2 if self.mirrored else 1
        if order is None:
            rotations, weights = rule_of_size(count // images, self.name, images)
        else:
            rotations, weights = lebedev_rule(order)
        return self._with_images(rotations), weights * images

    def _with_images(self, rotations: tuple[Motion, ...]) -> tuple[Motion, ...]:
        """Rotations, and for O3 their mirror images behind them."""
        return (*rotations, *map(INVERSION.__matmul__, rotations)) if self.mirrored else rotations

    def parts(self, elements: Sequence[Element], degree: int) -> tuple[Part, ...]:
        """The degrees 0, 1, ... of functions of rotations, those of O3 even and odd under inversion.

        The character of degree l is 1 + 2 cos t + ... + 2 cos l t for a rotation by the angle t.

        >>> [float(part.kernel) for part in Orthogonal().parts([Motion()], 2)]
        [1.0, 9.0, 25.0]
        """
        motions = [g for g in elements if isinstance(g, Motion)]
        parity = torch.tensor([g.parity for g in motions], dtype=torch.float64)
        proper = torch.stack([g.rotation for g in motions]) * parity[:, None, None]
        trace = proper.flatten(1) @ proper.flatten(1).T  # (N, N), of R_i^T R_j
        angle = ((trace - 1) / 2).clamp(-1, 1).arccos()
        same = torch.where(parity[:, None] == parity, 1.0, -1.0)
        between = {1: 1.0, -1: same} if self.mirrored else {None: 1.0}
        found = []
        for l, (sign, factor) in product(range(degree + 1), between.items()):
            character = 1 + sum((2 * (k * angle).cos() for k in range(1, l + 1)), torch.zeros_like(angle))
            found.append(Part(l, sign, (2 * l + 1) * character * factor))
        return tuple(found)


@dataclass(frozen=True)
class AxisRotations(Group):
    """`SO2(z)`: the rotations about one axis through the origin.

    >>> [g.name for g in AxisRotations("y").quadrature(3)]
    ['identity', 'rotate 120 about y', 'rotate 120 about -y']
    """

    axis: str = "z"
    acts_on = SPACE

    @property
    def name(self) -> str:
        return f"SO2({self.axis})"

    def draw(self, random: torch.Generator) -> Motion:
        turns = torch.rand((), generator=random, dtype=torch.float64)
        return rotation_about(self.axis, 360 * float(turns))

    def quadrature(self, count: int) -> tuple[Element, ...]:
        return tuple(rotation_about(self.axis, 360 * k / count) for k in range(count))
