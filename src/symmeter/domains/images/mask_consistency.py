"""Segmentation: how many pixels keep their class."""

from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.measures.measure import Average
from symmeter.measures.orbit import View, masked_mean
from symmeter.measures.quantity import Quantity
from symmeter.symmetry.groups.group import ElementSet


class MaskConsistency(Average):
    """The share of pixels with the same most probable class in f(g x) and in g f(x), where that is valid.

    The mean over images, elements and pixels, as mASCC compares masks of shifted images by their common pixels.
    Needs scores of classes (B, K, H, W), or (B, K, ...) on another grid; SymmeterError for other outputs.
    """

    name = "mask_consistency"
    direction = "higher = more symmetric; a constant network has 1"
    description = "share of pixels that keep their class, where masks overlap"

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        if len(quantity.shape) < 2 or quantity.shape[0] < 2:
            raise SymmeterError(
                f"{self.name} compares masks, so it needs scores of classes (B, K, H, W) with K > 1; output "
                f"{quantity.name!r} is {quantity.shown_shape}"
            )

    def error(self, view: View) -> Tensor:
        """(B,): the share of pixels whose class is another, from scores (B, K, ...)."""
        moved, mask = view.moved
        valid = mask.expand(view.y.shape[1:]).amin(0)
        return masked_mean((view.y.argmax(1) != moved.argmax(1)).double(), valid)

    def value(self, error: float) -> float:
        return 1 - error

    def slope(self, error: float) -> float:
        return -1.0

    def unit(self, quantity: Quantity) -> str:
        return "share of pixels"
