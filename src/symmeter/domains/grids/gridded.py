"""What kinds of data on a grid have in common: an interpolant, and what motions bring in from outside."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from symmeter.domain import Domain
from symmeter.domains.grids.alternatives import alternatives
from symmeter.domains.grids.deformations import deformed
from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.domains.grids.offsets import Turned, find_offset, turning
from symmeter.errors import SymmeterError
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.offset import Offset
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial


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

    def check_symmetry(self, symmetry: Symmetry, purpose: str | None = None) -> None:
        """A low-passed definition is one of directions of the inputs: no whole motions, nothing inside of a network."""
        if self.interpolant.keeps_all:
            return
        if purpose is not None:
            raise SymmeterError(
                f"definition {self.definition!r} moves {self.item}s by their low frequencies only, and {purpose} needs "
                "all of them: take 'bandlimited'"
            )
        if symmetry.groups:
            raise SymmeterError(
                f"definition {self.definition!r} is one of derivatives, and {symmetry.groups[0].name} moves whole "
                f"{self.item}s: measure it under 'bandlimited'"
            )

    def still(self, rho: Representation, what: str) -> Representation:
        """How an output moves: under a low-passed definition, only not at all.

        An equivariant network moves its output by all of X x; what it makes of a part of that is not known.
        """
        if not self.interpolant.keeps_all and not isinstance(rho, Trivial):
            raise SymmeterError(
                f"definition {self.definition!r} moves {self.item}s by their low frequencies only, so that {what} "
                "cannot be expected to move along: take an invariant output, or 'bandlimited'"
            )
        return rho

    def alternatives(self, rho: Representation, value: Tensor) -> Sequence[Alternative]:
        return alternatives(rho, value)

    def turning(self, elements: Iterable[Element]) -> list[Element]:
        return turning(elements)

    def offset(self, rho: Representation, y: Tensor, moved: Mapping[Element, Tensor]) -> Offset | None:
        return None if rho.border(y) is None else find_offset(Turned.of(rho, y, moved))

    def deformed(
        self, rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
    ) -> list[Tensor] | None:
        return deformed(rho, generators, x, random)
