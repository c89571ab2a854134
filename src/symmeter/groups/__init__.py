"""Groups and their elements; Lie algebras and their generators. Only mathematics: tensors are not moved here."""

from symmeter.groups.base import Element, ElementSet, Group, Pair, choose_elements, equal_pairs
from symmeter.groups.lie import (
    FAMILIES,
    GENERATORS,
    AffineGenerator,
    ColourGenerator,
    Flow,
    Generator,
)
from symmeter.groups.names import GROUPS, is_group, parse_group
from symmeter.groups.permutations import CHANNELS, POINTS, Permutation, Symmetric
from symmeter.groups.planar import (
    Cyclic,
    Motion,
    Reflection,
    Rotations,
    Scales,
    Translations,
    rotation_by,
)
from symmeter.groups.products import DirectProduct, SemidirectProduct, dihedral
from symmeter.groups.shifts import Shifts

__all__ = [
    "CHANNELS",
    "FAMILIES",
    "GENERATORS",
    "GROUPS",
    "POINTS",
    "AffineGenerator",
    "ColourGenerator",
    "Cyclic",
    "DirectProduct",
    "Element",
    "ElementSet",
    "Flow",
    "Generator",
    "Group",
    "Motion",
    "Pair",
    "Permutation",
    "Reflection",
    "Rotations",
    "Scales",
    "SemidirectProduct",
    "Shifts",
    "Symmetric",
    "Translations",
    "choose_elements",
    "dihedral",
    "equal_pairs",
    "is_group",
    "parse_group",
    "rotation_by",
]
