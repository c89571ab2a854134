"""Other ways in which a symmetry might act on a value than the one that was said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Alternative:
    """Another action on a value, and what is the case if that is the right one, as the end of a sentence about it.

    `unread` is what is the case if it changes no output at all: a sentence, or nothing where that says nothing.
    """

    rho: Representation
    words: str
    unread: str = ""


@dataclass(frozen=True)
class Transposed(Representation):
    """g acts as g^-1 does under `rho`: what comes of a rotation matrix that was multiplied from the wrong side."""

    rho: Representation

    @property
    def channel_axis(self) -> int | None:
        return self.rho.channel_axis

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> what g^-1 makes of x (B, ...)."""
        acting = self.rho.acting(x)
        return lambda element: acting(element.inverse())

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """-X x (B, ...) for every generator."""
        return [-rate for rate in self.rho.differentiate_all(generators, x)]

    def describe(self) -> str:
        return f"{self.rho.describe()}, the other way round"
