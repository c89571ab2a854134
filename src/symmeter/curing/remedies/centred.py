"""`centred`: points are given with their centroid at the origin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from symmeter.curing.as_before import AsBefore
from symmeter.curing.expectation import NOTHING_LEFT, check_in_space, in_space, moves_space
from symmeter.curing.principal_axes import Centroid, InPoses
from symmeter.curing.remedy import Expected, NetworkRemedy, Remedy, Setting


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
    def usual(cls, setting: Setting) -> Sequence[Remedy]:
        """Where points are to be moved along."""
        asked = [*setting.symmetry.generators, *setting.symmetry.groups]
        moved = in_space(setting) and any(moves_space(one.name, setting) for one in asked)
        return [cls()] if moved else []

    def wrapped(self, model: nn.Module, setting: Setting) -> nn.Module:
        """The network on centred points; SymmeterError for what is not in space."""
        check_in_space(setting, str(self))
        return AsBefore(InPoses(model, Centroid(), setting))

    def expected(self, setting: Setting, symmetry: str) -> Expected:
        """Nothing is left of translations. Of all else nothing is known: it is the error at points that are centred."""
        check_in_space(setting, str(self))
        return NOTHING_LEFT if moves_space(symmetry, setting) else Expected(1.0, 0.0, math.inf)
