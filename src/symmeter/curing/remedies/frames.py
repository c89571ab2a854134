"""`frames`: the mean over the poses in which the principal axes of points lie along x, y and z."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from symmeter.curing.as_before import AsBefore
from symmeter.curing.expectation import NOTHING_LEFT, asked_in_space, check_in_space, of_mean, turns_space
from symmeter.curing.principal_axes import InPoses, PrincipalAxes
from symmeter.curing.remedy import Expected, NetworkRemedy, Purpose, Remedy
from symmeter.errors import SymmeterError, nearest

ROTATIONS, MIRRORED = GROUPS = ("SO3", "O3")


@dataclass(frozen=True)
class Frames(NetworkRemedy):
    """fbar(x) = mean over R of rho_out(R) f(rho_in(R)^T x), the columns of R being the principal axes of x.

    Four rotations for `frames(SO3)`, eight with mirror images for `frames(O3)`: the signs of axes are free, so all of
    them are in the mean. It is exactly equivariant, and differentiable, wherever no two axes are equally long; the
    rotations are about the origin, and translations are left as they were (`centred` is for these).

    Source: Puny et al. 2022, frame averaging.
    """

    argument: str = ROTATIONS
    name = "frames"
    words = "the mean over the poses along the principal axes"
    source = "Puny et al. 2022"

    @classmethod
    def parse(cls, argument: str) -> Remedy:
        """`SO3`, which is meant where nothing is said, or `O3`."""
        word = argument.upper() or ROTATIONS
        if word not in GROUPS:
            raise SymmeterError(f"remedy frames({argument}): unknown group{nearest(word, GROUPS)}")
        return cls(word)

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        """Where points are to be turned."""
        return [cls(word) for word in asked_in_space(purpose)]

    def wrapped(self, model: nn.Module, purpose: Purpose) -> nn.Module:
        """The mean over frames; SymmeterError for what is not in space."""
        check_in_space(purpose, str(self))
        return AsBefore(InPoses(model, PrincipalAxes(self.argument == MIRRORED), purpose))

    def expected(self, purpose: Purpose, symmetry: str) -> Expected:
        """Nothing is left of rotations, nor with O3 of mirror images; else it is a mean over 4 or 8 poses."""
        check_in_space(purpose, str(self))
        mirrored = self.argument == MIRRORED
        if turns_space(symmetry, purpose, mirrored):
            return NOTHING_LEFT
        return of_mean(8 if mirrored else 4)
