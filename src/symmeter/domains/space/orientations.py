"""Orientations: as quaternions and as axes times angles, which do not move linearly, and as three axes, which do."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.space.components import Components, turned
from symmeter.domains.space.generators import SpaceGenerator
from symmeter.domains.space.motion import Motion
from symmeter.errors import SymmeterError


@dataclass(frozen=True)
class Frames(Components):
    """Frames Q whose columns are three vectors, such as the axes of a body: R Q. A `cell` has its vectors as rows."""

    word = "frames"
    shape = (3, 3)

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        return turned(x.mT, motion.rotation).mT

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return turned(x.mT, generator.spin).mT


@dataclass(frozen=True)
class Quaternions(Components):
    """Orientations as unit quaternions (w, x, y, z): q -> q_R q, of the two signs the one with w >= 0."""

    word = "quaternion"
    shape = (4,)

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        return upright(product(quaternion_of(motion, self.word).to(x), x))

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        return product(torch.cat([torch.zeros(1), generator.axis / 2]).to(x), x)


@dataclass(frozen=True)
class AxisAngles(Components):
    """Orientations as an axis times an angle in radians, (x, y, z), at most half a turn long."""

    word = "axis_angle"

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        turned = product(quaternion_of(motion, self.word).to(x), from_axis_angle(x))
        return to_axis_angle(upright(turned))

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        spin = generator.axis.to(x).expand_as(x)
        angle = x.norm(dim=-1, keepdim=True).clamp(min=1e-4)
        bent = (1 - angle / 2 / torch.tan(angle / 2)) / angle.square()  # 1 / 12 where nothing is turned
        across = torch.linalg.cross(x, spin)
        return spin - across / 2 + bent * torch.linalg.cross(x, across)


def quaternion_of(motion: Motion, word: str) -> Tensor:
    """The quaternion (4,) of a rotation; SymmeterError for what takes a left hand to a right one."""
    if motion.parity < 0:
        raise SymmeterError(
            f"{word} is an orientation, which has no mirror image: measure SO3 in the place of O3"
        )
    axis, degrees = motion.turn
    half = torch.deg2rad(torch.tensor(degrees / 2, dtype=torch.float64))
    return torch.cat([half.cos()[None], half.sin() * torch.tensor(axis, dtype=torch.float64)])


def product(p: Tensor, q: Tensor) -> Tensor:
    """The product p q of quaternions (..., 4): first q, then p."""
    w, v = p[..., :1], p[..., 1:].expand_as(q[..., 1:])
    a, u = q[..., :1], q[..., 1:]
    real = w * a - (v * u).sum(-1, keepdim=True)
    return torch.cat([real, w * u + a * v + torch.linalg.cross(v, u)], -1)


def upright(q: Tensor) -> Tensor:
    """Of the quaternions q and -q (..., 4) the one with w >= 0."""
    return torch.where(q[..., :1] < 0, -q, q)


def from_axis_angle(x: Tensor) -> Tensor:
    """Quaternions (..., 4) of axes times angles (..., 3)."""
    half = x.norm(dim=-1, keepdim=True) / 2
    return torch.cat([half.cos(), x / 2 * torch.sinc(half / torch.pi)], -1)


def to_axis_angle(q: Tensor) -> Tensor:
    """Axes times angles (..., 3) of quaternions (..., 4) with w >= 0."""
    v = q[..., 1:]
    sine = v.norm(dim=-1, keepdim=True)
    half = torch.atan2(sine, q[..., :1])
    tiny = torch.finfo(q.dtype).tiny ** 0.5
    return 2 * v * torch.where(sine > tiny, half / sine.clamp(min=tiny), torch.ones_like(half))
