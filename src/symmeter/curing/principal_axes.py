"""Poses of points that follow them: their centroid and their principal axes, with gradients."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.curing.remedy import Purpose
from symmeter.domains.space.components import Sum
from symmeter.domains.space.field import Field
from symmeter.domains.space.motion import Motion
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation
from symmeter.training.over_elements import Orbit, OverElements
from symmeter.training.samples import Samples

_ONE = ((1.0, 1.0, 1.0),)
_FOUR = (*_ONE, (1.0, -1.0, -1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0))  # signs of axes that make rotations


class Moved(Motion):
    """A motion whose matrix R (3, 3) and shift b (3,) are tensors, so that gradients pass through it."""

    def __init__(self, rotation: Tensor, shift: Tensor, parity: Tensor | float):
        super().__init__()
        vars(self).update(rotation=rotation, shift=shift, parity=parity)  # in the place of what is cached

    def inverse(self) -> "Moved":
        back = self.rotation.mT
        return Moved(back, -(back @ torch.as_tensor(self.shift)), self.parity)


@dataclass(frozen=True)
class Pose(Element):
    """A motion of its own for every sample of a batch."""

    motions: tuple[Motion, ...]
    name = "own pose"  # type: ignore[assignment]
    is_identity = False  # type: ignore[assignment]

    def inverse(self) -> "Pose":
        return Pose(tuple(motion.inverse() for motion in self.motions))

    def __matmul__(self, other: Element) -> "Pose":
        raise ValueError(f"{self.name} and {other.name} share no group")

    def act(self, rho: Representation, x: Tensor) -> Tensor:
        """Every sample of x (B, ...), on which motions act by `rho`, moved by its own."""
        acted = [rho.act(motion, x[i : i + 1]) for i, motion in enumerate(self.motions)]
        return torch.cat([moved for moved, _ in acted])


class Poses(ABC):
    """Ways g, of their own for every sample, such that those of h x are h g: what is called is f(g^-1 x)."""

    @abstractmethod
    def of(self, points: Tensor) -> list[Pose]:
        """Those of points (B, N, 3) float64."""


class Centroid(Poses):
    """The centroid c: x - c."""

    def of(self, points: Tensor) -> list[Pose]:
        still, unmirrored = torch.eye(3).to(points), torch.ones(()).to(points)
        return [Pose(tuple(Moved(still, centre, unmirrored) for centre in points.mean(1)))]


@dataclass(frozen=True)
class PrincipalAxes(Poses):
    """The eigenvectors of the covariance about the centroid, the longest axis first, as the columns of R: R^T x.

    Their signs are free. All 4 choices that make rotations are taken, with `mirrored` all 8: a frame. With `signed` it
    is one, in which the third moment along an axis is not negative. That jumps where a moment passes through 0, both
    jump where two axes are as long as each other, and no choice of one pose is without jumps.
    """

    mirrored: bool = False
    signed: bool = False

    def of(self, points: Tensor) -> list[Pose]:
        centred = points - points.mean(1, keepdim=True)
        _, axes = torch.linalg.eigh(centred.mT @ centred / centred.shape[1])
        axes = axes.flip(-1)
        if self.signed:
            moments = (centred @ axes).pow(3).sum(1).detach()
            axes = axes * torch.where(moments < 0, -1.0, 1.0)[:, None]
        first, second, third = axes.unbind(-1)
        completing = torch.linalg.cross(first, second)
        if self.signed and self.mirrored:
            return [_pose(axes, (completing * third).sum(-1).detach().round())]
        right = torch.stack([first, second, completing], -1)
        signs = _ONE if self.signed else _FOUR
        turned = [right * torch.tensor(one).to(right) for one in signs]
        hands = (1.0, -1.0) if self.mirrored else (1.0,)
        return [_pose(hand * one, torch.full_like(one[:, 0, 0], hand)) for hand in hands for one in turned]


def _pose(axes: Tensor, parity: Tensor) -> Pose:
    """That of every sample, from axes (B, 3, 3), and their determinants (B,)."""
    origin = torch.zeros(3).to(axes)
    return Pose(tuple(Moved(one, origin, sign) for one, sign in zip(axes, parity, strict=True)))


class InPoses(OverElements):
    """The mean of rho_out(g) f(rho_in(g)^-1 x) over the poses g of each sample x."""

    def __init__(self, model: torch.nn.Module, poses: Poses, purpose: Purpose):
        super().__init__(model, purpose.meant("SO3"))
        self.poses = poses

    def orbit(self, samples: Samples) -> Orbit:
        """The poses of these samples."""
        rho_in, x = samples.rho_in(), samples.x
        poses = self.poses.of(points_of(rho_in, x).double())
        moved = lambda g: _acted(g.inverse(), rho_in, x)
        return Orbit(poses, [1.0] * len(poses), moved, lambda g, rho, y: (_acted(g, rho, y), y.new_ones(())))

    def extra_repr(self) -> str:
        return str(self.poses)


def _acted(element: Element, rho: Representation, x: Tensor) -> Tensor:
    """rho(g) x of samples x (B, ...), by an element that is a pose of each or the same for all."""
    return element.act(rho, x) if isinstance(element, Pose) else rho.act(element, x)[0]


def points_of(rho: Representation, x: Tensor) -> Tensor:
    """The positions (B, N, 3) in inputs x (B, ...), the first there are; SymmeterError where there are none."""
    packed = rho.leaves(x)
    leaves = [(rho, x)] if packed is None else zip(packed.representations, packed.parts(x), strict=True)
    for own, leaf in leaves:
        if isinstance(own, Field) and own.components.positioned and leaf.ndim > 2:
            width = 3 if isinstance(own.components, Sum) else leaf.shape[-1]
            if width == 3:
                return leaf[..., :3].flatten(1, -2)
    raise SymmeterError(
        "axes and a centroid are those of points in space, and the inputs have none: say which are with "
        "inputs='points', or inputs={'pos': 'points'}"
    )
