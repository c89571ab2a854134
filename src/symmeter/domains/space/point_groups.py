"""Finite groups of rotations and reflections of space: those of the regular solids, of prisms, and of mirrors."""

from dataclasses import dataclass
from functools import cache

import torch

from symmeter.domains.space.motion import INVERSION, Motion, mirror, rotation_about
from symmeter.symmetry.groups.group import Group

_GOLDEN = (1 + 5**0.5) / 2


@dataclass(frozen=True)
class PointGroup(Group):
    """The group that some motions generate; `label` is its name.

    >>> [(group.name, group.order) for group in (*ROTATIONS, *WITH_INVERSION)][:4]
    [('icosahedral', 60), ('octahedral', 24), ('tetrahedral', 12), ('Ih', 120)]
    """

    label: str
    generators: tuple[Motion, ...]
    acts_on = "space"

    @property
    def name(self) -> str:
        return self.label

    @property
    def order(self) -> int:  # type: ignore[override]
        return len(self.enumerate())

    def enumerate(self) -> tuple[Motion, ...]:
        return _closure(self.generators)

    @property
    def subgroups(self) -> tuple[Group, ...]:
        """The whole, and of those of the icosahedral group any that it may have."""
        return self, *(group for group in CHAIN if group.order < self.order)

    def draw(self, random: torch.Generator) -> Motion:
        return self.enumerate()[int(torch.randint(self.order, (), generator=random))]

    def with_inversion(self, label: str) -> "PointGroup":
        """The same with the inverted image of every element, g and -g."""
        return PointGroup(label, (*self.generators, INVERSION))


def cyclic(n: int, axis: str = "z") -> PointGroup:
    """`C4(z)`: rotations about an axis by multiples of 360 / n degrees."""
    if n < 2:
        raise ValueError(n)
    return PointGroup(f"C{n}({axis})", (rotation_about(axis, 360 / n),))


def dihedral(n: int, axis: str = "z") -> PointGroup:
    """`D3(z)`: those, and half turns about an axis across; rotations of space all of them.

    >>> len(dihedral(3).enumerate()), {g.parity for g in dihedral(3).enumerate()}
    (6, {1.0})
    """
    if n < 2:
        raise ValueError(n)
    across = {"x": "y", "y": "z", "z": "x"}[axis]
    return PointGroup(f"D{n}({axis})", (rotation_about(axis, 360 / n), rotation_about(across, 180)))


def mirror_image(axis: str = "x") -> PointGroup:
    """`mirror(x)`: the identity, and x becomes -x."""
    return PointGroup(f"mirror({axis})", (mirror(axis),))


TETRAHEDRAL = PointGroup("tetrahedral", (rotation_about("z", 180), rotation_about((1, 1, 1), 120)))
OCTAHEDRAL = PointGroup("octahedral", (rotation_about("z", 90), rotation_about((1, 1, 1), 120)))
ICOSAHEDRAL = PointGroup("icosahedral", (rotation_about((1, 1, 1), 120), rotation_about((0, 1, _GOLDEN), 72)))
ROTATIONS = (ICOSAHEDRAL, OCTAHEDRAL, TETRAHEDRAL)  # of the regular solids, the finest first
WITH_INVERSION = tuple(map(PointGroup.with_inversion, ROTATIONS, ("Ih", "Oh", "Th")))
CHAIN = (ICOSAHEDRAL, TETRAHEDRAL, dihedral(2), cyclic(2))  # each a subgroup of the one before: 60, 12, 4, 2
MIRRORED_TETRAHEDRAL = PointGroup("Td", (*TETRAHEDRAL.generators, mirror("x") @ rotation_about("x", 90)))
INVERSIONS = PointGroup("inversion", (INVERSION,))


@cache
def _closure(generators: tuple[Motion, ...]) -> tuple[Motion, ...]:
    """All products of some motions, the identity first, in the order in which they are found."""
    found: dict[tuple[float, ...], Motion] = {}
    waiting = [Motion()]
    while waiting:
        g = waiting.pop(0)
        key = tuple((g.rotation.flatten() * 1e6).round().add(0.0).tolist())
        if key not in found:
            found[key] = g
            waiting += [generator @ g for generator in generators]
    return tuple(found.values())
