"""One file per kind of tensor that a group can act on."""

from symmeter.representations.base import Representation
from symmeter.representations.image import Image, Pixels
from symmeter.representations.kernel import Kernel, kernel, whole_kernel
from symmeter.representations.linear import DirectSum, Matrices, Points, Regular
from symmeter.representations.product import Product
from symmeter.representations.rearranged import Rearranged
from symmeter.representations.tokens import Tokens
from symmeter.representations.trivial import Trivial
from symmeter.representations.vectors import Vectors
from symmeter.representations.window import Window

__all__ = [
    "DirectSum",
    "Image",
    "Kernel",
    "Matrices",
    "Pixels",
    "Points",
    "Product",
    "Rearranged",
    "Regular",
    "Representation",
    "Tokens",
    "Trivial",
    "Vectors",
    "Window",
    "kernel",
    "whole_kernel",
]
