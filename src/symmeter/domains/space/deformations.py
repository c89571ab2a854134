"""The control of specificity in space: the motions of a generator, about axes that vary smoothly from point to point.

A generator turns all points about one axis, moves them along one direction, makes them larger by one factor. Here the
axis, the direction and the factor are others at every position, and other ones for each sample: parts of a body are
twisted against each other. The points move as far as under the generator, and their mean moves as it does there,
because a network that takes means over points reacts to that in its own way, whatever it has learned. What has no
position, such as a cell, moves about an axis that is turned for the sample as a whole. All is linear in the generator.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from symmeter.domains.space.components import Components, Positions, Sum, Vectors
from symmeter.domains.space.field import Field, Labels
from symmeter.domains.space.generators import SpaceGenerator
from symmeter.domains.space.motion import rotation_of
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation

_WAVES = 6
_SPREAD = 1.0  # radians: the standard deviation of each component of the angle, beside that of the whole
_REACH = 0.5  # of the wave numbers, in units of one over the size of the sample


def deformed(
    rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
) -> list[Tensor] | None:
    """What X x becomes for every generator when its axes and directions vary, of the shape of x (b, ...) each.

    `random` (b, 64) are standard normal numbers, those of a sample its own. None where nothing is known of `rho`.
    """
    if isinstance(rho, Labels):
        return rho.differentiate_all(generators, x)
    if not isinstance(rho, Field):
        return None
    known = [one for one in generators if isinstance(one, SpaceGenerator)]
    if len(known) < len(generators):
        return None
    turns = rotations_at(_positions(rho.components, x), random.double())
    return [_moved(rho.components, one, x, turns).to(x) for one in known]


def _positions(components: Components, x: Tensor) -> Tensor:
    """Where the values x (b, ..., components) are, (b, ..., 3) float64; the origin for what has no position."""
    first = components.parts[0] if isinstance(components, Sum) else components
    if isinstance(first, Positions):
        return x[..., :3].double()
    return x.new_zeros(len(x), 1, 3, dtype=torch.float64)


def _moved(components: Components, generator: SpaceGenerator, x: Tensor, turns: Tensor) -> Tensor:
    """The rate (b, ..., components) at which x of that shape moves, with rotations Q (b, ..., 3, 3) of the axes."""
    if isinstance(components, Sum):
        pieces = zip(components.parts, x.split([part.shape[0] for part in components.parts], -1), strict=True)
        return torch.cat([_moved(part, generator, piece, turns).to(x) for part, piece in pieces], -1)
    if isinstance(components, Positions):
        return _twisted(generator, x.double(), turns)
    if isinstance(components, Vectors) and turns.shape[:-2] == x.shape[:-1]:
        return torch.linalg.cross(_along(turns, generator.axis), x.double())
    of_samples = zip(turns.flatten(1, -3)[:, 0], x, strict=True)
    return torch.stack([components.rate(generator.turned(turn), one) for turn, one in of_samples])


def _twisted(generator: SpaceGenerator, points: Tensor, turns: Tensor) -> Tensor:
    """The velocities (b, ..., 3) of points, of that shape, for rotations Q (b, ..., 3, 3) at them.

    v(p) = Q w x (p - c) + r trace(Q) (p - c), less its mean over the points, and Q m for the velocity m of their mean
    c.
    """
    axes = tuple(range(1, points.ndim - 1))
    centre = points.mean(axes, keepdim=True)
    beside = points - centre
    growth = generator.growth * turns.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True)
    moving = torch.linalg.cross(_along(turns, generator.axis), beside) + growth * beside
    of_centre = Positions().rate(generator, centre)
    return moving - moving.mean(axes, keepdim=True) + (turns @ of_centre[..., None])[..., 0]


def _along(turns: Tensor, axis: Tensor) -> Tensor:
    """Q w (b, ..., 3) for rotations Q (b, ..., 3, 3) and one vector w (3,)."""
    return turns @ axis.to(turns)


def rotations_at(points: Tensor, random: Tensor) -> Tensor:
    """Q (b, ..., 3, 3) float64 at points (b, ..., 3): uniform over all rotations at a point, and smooth.

    Q(p) = exp([w(p)]) Q, with Q uniform and w a sum of waves, of wave lengths a few times the size of the sample.
    """
    flat = points.flatten(1, -2)
    place = flat - flat.mean(1, keepdim=True)
    size = place.square().sum(-1).mean(1).sqrt().clamp(min=torch.finfo(torch.float64).tiny)
    waves = random[:, 4 : 4 + 7 * _WAVES].reshape(-1, _WAVES, 7)
    numbers, heights, phases = waves[..., :3], waves[..., 3:6], waves[..., 6]
    phase = torch.einsum("bkc,bnc->bnk", _REACH * numbers, place / size[:, None, None])
    waving = (phase + torch.pi * phases[:, None]).cos()
    angles = _SPREAD * (2 / _WAVES) ** 0.5 * torch.einsum("bnk,bkc->bnc", waving, heights)
    whole = torch.stack([torch.tensor(rotation_of(one[:4]), dtype=torch.float64) for one in random])
    turns = torch.linalg.matrix_exp(_cross(angles)) @ whole[:, None].to(angles)
    return turns.reshape(*points.shape, 3)


def _cross(angles: Tensor) -> Tensor:
    """The matrices (..., 3, 3) of v -> w x v for w (..., 3)."""
    x, y, z = angles.unbind(-1)
    o = torch.zeros_like(x)
    return torch.stack([o, -z, y, z, o, -x, -y, x, o], -1).unflatten(-1, (3, 3))
