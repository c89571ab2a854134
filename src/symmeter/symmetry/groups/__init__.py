"""Groups and their elements; Lie algebras and their generators. Only mathematics: tensors are not moved here."""

from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import (
    Element,
    ElementSet,
    Group,
    ProductElement,
    choose_elements,
    equal_pairs,
)
from symmeter.symmetry.groups.permutations import CHANNELS, POINTS, Permutation, Symmetric
from symmeter.symmetry.groups.products import DirectProduct, SemidirectProduct, multiply

__all__ = [
    "CHANNELS",
    "POINTS",
    "DirectProduct",
    "Element",
    "ElementSet",
    "Flow",
    "Generator",
    "Group",
    "Permutation",
    "ProductElement",
    "SemidirectProduct",
    "Symmetric",
    "choose_elements",
    "equal_pairs",
    "multiply",
]
