"""What kinds of data on a grid have in common: an interpolant, and what motions bring in from outside."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.domains.grids.affine_map import AffineMap, as_map
from symmeter.domains.grids.alternatives import alternatives
from symmeter.domains.grids.deformations import deformed
from symmeter.domains.grids.field_words import FieldWord
from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.domains.grids.offsets import Turned, find_offset, turns_in_place
from symmeter.domains.grids.padding import AXES, CIRCULAR
from symmeter.domains.grids.shifts import margin_of
from symmeter.errors import SymmeterError
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
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

    @classmethod
    def knows_input(cls, word: str) -> bool:
        """Words as they are, and those of fields with something in brackets: `vectors(up)`."""
        field = FieldWord.parse(word)
        return super().knows_input(word if field is None else field.name)

    def check_symmetry(self, symmetry: Symmetry, purpose: str | None = None) -> None:
        """A low-passed definition is one of directions of the inputs: no whole motions, nothing inside of a network.

        And no window of a larger grid along an axis that is closed to a circle: outputs would be compared around it.
        """
        for group in symmetry.groups:
            self._check_window(group)
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

    def window_axes(self, group: Group) -> set[str]:
        """The axes, of x, y, z, along which a group moves a window of a larger grid."""
        margin = margin_of(group, len(AXES)) or (0,) * len(AXES)
        return set(compress(reversed(AXES), margin))

    def _check_window(self, group: Group) -> None:
        """SymmeterError for a window that moves along an axis which is closed to a circle."""
        whole = isinstance(self.interpolant, Periodic)
        around = {CIRCULAR, *(f"{axis}={CIRCULAR}" for axis in self.window_axes(group))}
        circular = around.intersection(self.padding.split(","))
        if self.window_axes(group) and (whole or circular):
            closed, other = ("definition", "bandlimited") if whole else ("padding", "reflect")
            raise SymmeterError(
                f"{group.name} shows a part of a larger {self.item}, which {closed} {getattr(self, closed)!r} closes "
                f"to a circle: take {other!r}"
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

    def shown(self, model: Any, x: Tensor) -> Tensor:
        """Inputs x (B, C, *sizes) as a picture shows them: by default the least value is 0, the largest 1."""
        low, high = x.aminmax()
        return (x - low) / (high - low).clamp(min=torch.finfo(x.dtype).tiny)

    def alternatives(self, rho: Representation, value: Tensor) -> Sequence[Alternative]:
        return alternatives(rho, value)

    def as_map(self, element: Element) -> Element:
        """An element as the map of a grid that it is, any other as it is."""
        return as_map(element)

    def turning(self, elements: Iterable[Element]) -> list[Element]:
        return [g for g in elements if turns_in_place(self.as_map(g))]

    def offset(self, rho: Representation, y: Tensor, moved: Mapping[Element, Tensor]) -> Offset | None:
        return None if rho.border(y) is None else find_offset(self.turned(rho, y, moved))

    def turned(self, rho: Representation, y: Tensor, moved: Mapping[Element, Tensor]) -> Turned:
        """An output y (b, ...) and what it is for g x, (b, ...), for the elements that are maps of a grid."""
        maps = {self.as_map(g): z for g, z in moved.items()}
        return Turned(rho, y, {g: z for g, z in maps.items() if isinstance(g, AffineMap)})

    def deformed(
        self, rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
    ) -> list[Tensor] | None:
        return deformed(rho, generators, x, random)
