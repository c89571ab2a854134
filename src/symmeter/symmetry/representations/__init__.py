"""How a group acts on one tensor, one file a kind: trivially, by matrices, by permutations, side by side."""

from symmeter.symmetry.representations.kernel import Kernel, kernel, whole_kernel
from symmeter.symmetry.representations.linear import DirectSum, Matrices, Regular
from symmeter.symmetry.representations.product import Product
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

__all__ = [
    "DirectSum",
    "Kernel",
    "Matrices",
    "Product",
    "Regular",
    "Representation",
    "Trivial",
    "kernel",
    "whole_kernel",
]
