"""EQ-T, EQ-T_frac and EQ-R: equivariance of maps in decibels."""

import math
from abc import abstractmethod
from typing import Self

from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.band_limit import oriented_band_limit
from symmeter.errors import SymmeterError
from symmeter.measures.measure import Average, decibels
from symmeter.measures.orbit import View, mean_square
from symmeter.measures.quantity import Quantity
from symmeter.symmetry.groups.group import Element, ElementSet


class _PSNR(Average):
    """10 log10(I^2 / E ||g f(x) - f(g x)||^2) over where the moved map is valid.

    I is the `peak`: the range of the output, 2 for images in [-1, 1]. The mean is over images, elements and entries,
    before the logarithm. Source: Karras et al. 2021, Section on EQ-T and EQ-R, for any network from maps to maps.
    """

    direction = "higher = more symmetric"
    power = 2
    arguments = "the range of the output, such as 2"

    def __init__(self, peak: float = 2.0):
        if not peak > 0:
            raise SymmeterError(f"{self.name}: a peak of {peak:g}; give the range of the output, such as 2")
        self.peak = peak

    @classmethod
    def parse(cls, *words: str) -> Self:
        return cls(*map(float, words))

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        if len(quantity.shape) != 3:
            raise SymmeterError(
                f"{self.name} compares maps (B, C, H, W); output {quantity.name!r} is {quantity.shown_shape}"
            )
        wrong = next((g for g in elements.elements if not self.takes(g)), None)
        if wrong is not None:
            raise SymmeterError(
                f"{self.name} is about {self.about}; {elements.group.name} has {wrong.name!r}"
            )

    about = ""

    @abstractmethod
    def takes(self, element: Element) -> bool:
        """Whether the element is one that the measure is about."""

    def error(self, view: View) -> Tensor:
        """(B,): the mean square over the entries of the maps (B, C, H, W), where the moved ones are valid."""
        moved, mask = view.moved
        return mean_square(view.y - moved, mask)

    def value(self, error: float) -> float:
        return decibels(error, self.peak)

    def slope(self, error: float) -> float:
        return -10 / math.log(10) / error if error > 0 else 0.0

    def unit(self, quantity: Quantity) -> str:
        return f"dB, range {self.peak:g}"


def _translates(element: Element) -> bool:
    return isinstance(element, AffineMap) and element.translates


class EQT(_PSNR):
    """EQ-T: shifts by whole pixels."""

    name, about = "eq_t", "shifts by whole pixels, such as shift(8)"
    description = "PSNR between the shifted output and the output of the shifted input (Karras et al. 2021)"

    def takes(self, element: Element) -> bool:
        return _translates(element) and all(b == round(b) for b in element.shift)  # type: ignore[attr-defined]


class EQTFractional(_PSNR):
    """EQ-T_frac: shifts by any amount, the output's resampled without loss."""

    name, about = "eq_t_frac", "shifts, such as T2(0.125)"
    description = "the same for shifts by fractions of pixels"

    def takes(self, element: Element) -> bool:
        return _translates(element)


class EQR(_PSNR):
    """EQ-R: rotations. f(g x) is limited to the band that the rotated f(x) can have: the overlap of two squares."""

    name, about = "eq_r", "rotations, such as SO2 or C8"
    description = "the same for rotations, both sides limited to the band that rotation leaves"

    def takes(self, element: Element) -> bool:
        turn = element.turn if isinstance(element, AffineMap) else None
        return turn is not None and turn[1:] == (1.0, False) and not any(element.shift)  # type: ignore[attr-defined]

    def error(self, view: View) -> Tensor:
        """(B,): the same after both maps (B, C, H, W) are limited to the band that rotation leaves."""
        moved, mask = view.moved
        assert isinstance(view.element, AffineMap)
        inverse = view.element.inverse().matrix
        limited = [oriented_band_limit(v, inverse) for v in (moved, view.y)]
        return mean_square(limited[0] - limited[1], mask)
