"""`centred`: points are given with their centroid at the origin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from symmeter.curing.as_before import AsBefore
from symmeter.curing.expectation import NOTHING_LEFT, check_in_space, in_space, moves_space
from symmeter.curing.principal_axes import Centroid, InPoses
from symmeter.curing.remedy import Expected, NetworkRemedy, Purpose, Remedy


@dataclass(frozen=True)
class Centred(NetworkRemedy):
    """fbar(x) = rho_out(c) f(x - c) with c the centroid of x: one pass, exactly equivariant under translations.

    Outputs that are positions are moved back by c; all else that has a word does not know of translations.

    Source: the frame of translations in Puny et al. 2022.
    """

    argument: str = ""
    name = "centred"
    words = "points with their centroid at the origin"
    source = "Puny et al. 2022"

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        """Where points are to be moved along."""
        asked = [*purpose.symmetry.generators, *purpose.symmetry.groups]
        moved = in_space(purpose) and any(moves_space(one.name, purpose) for one in asked)
        return [cls()] if moved else []

    def wrapped(self, model: nn.Module, purpose: Purpose) -> nn.Module:
        """The network on centred points; SymmeterError for what is not in space."""
        check_in_space(purpose, str(self))
        return AsBefore(InPoses(model, Centroid(), purpose))

    def expected(self, purpose: Purpose, symmetry: str) -> Expected:
        """Nothing is left of translations. Of all else nothing is known: it is the error at points that are centred."""
        check_in_space(purpose, str(self))
        return NOTHING_LEFT if moves_space(symmetry, purpose) else Expected(1.0, 0.0, math.inf)
