"""One file per kind of tensor that a group can act on."""

from symmeter.representations.base import Representation
from symmeter.representations.image import Image, Pixels
from symmeter.representations.product import Product
from symmeter.representations.rearranged import Rearranged
from symmeter.representations.tokens import Tokens
from symmeter.representations.trivial import Trivial

__all__ = ["Image", "Pixels", "Product", "Rearranged", "Representation", "Tokens", "Trivial"]
