"""What kinds of data on a grid have in common: an interpolant, and what motions bring in from outside."""

from typing import Any

from symmeter.domain import Domain
from symmeter.domains.grids.interpolants import parse_interpolant


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
