"""Permutations of the colours of images."""

from dataclasses import dataclass

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.permutations import CHANNELS, Symmetric


@dataclass(frozen=True)
class Colours(Symmetric):
    """All permutations of the channels of images (B, C, H, W), as many as there are.

    >>> Colours().order, Colours().bind((4, 8, 8)).order
    (6, 24)
    """

    n: int = 3
    of: str = CHANNELS

    @property
    def name(self) -> str:
        return "colours"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Colours":
        if len(shape) != 3:
            raise SymmeterError(f"{self.name} permutes the channels of images (B, C, H, W)")
        return Colours(shape[0])
