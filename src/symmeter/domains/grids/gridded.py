"""What kinds of data on a grid have in common: an interpolant, and what motions bring in from outside."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from symmeter.domain import Domain
from symmeter.domains.grids.deformations import deformed
from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation


class Gridded(Domain):
    """Samples on a regular grid; `Options` has at least `definition` and `padding`."""

    def __init__(self, options: Any = None):
        super().__init__(options)
        self.interpolant = parse_interpolant(self.options.definition)

    @property
    def definition(self) -> str:
        """The name of the interpolant."""
        return self.interpolant.name

    @property
    def padded(self) -> bool:
        """Whether a padding was asked for."""
        return self.options.padding is not None

    @property
    def padding(self) -> str:
        """What motions bring in from outside."""
        return self.options.padding or "reflect"

    def deformed(
        self, rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
    ) -> list[Tensor] | None:
        return deformed(rho, generators, x, random)
