"""The control of specificity on grids: the speeds of a generator, in directions turned by a smooth random angle.

A generator moves every position p with a velocity v(p). Here v(p) is turned by an angle phi(p) that varies smoothly
over the grid, another one for each sample, so that what moves is as fast everywhere, and no symmetry. In space it is
turned by an angle about an axis, both of which vary; in one dimension the cosine of the angle is how much of it is
left. A network that has learned nothing reacts as strongly to that as to the generator itself. Changes of colour are
turned in the space of colours, for each sample in its own way. All is linear in the generator.
"""

import math
from collections.abc import Sequence
from functools import reduce, singledispatch

import torch
from torch import Tensor

from symmeter.domains.grids.boosts import BoostGenerator
from symmeter.domains.grids.carried import Carried
from symmeter.domains.grids.generators import AffineGenerator, ColourGenerator
from symmeter.domains.grids.grid import Grid
from symmeter.domains.space.deformations import rotations_at
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation

_WAVES = 4  # per axis: the lowest cosines of a grid
_SPREAD = math.pi  # the standard deviation of the angle over the grid, beside one that is uniform
_MOST_CHANNELS = 6  # whose rotations can be made of the random numbers that are left
Fields = Sequence[Tensor]  # along x, y, z


@singledispatch
def deformed(
    rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
) -> list[Tensor] | None:
    """What X x becomes for every generator when its directions are turned, of the shape of x (b, ...) each.

    `random` (b, 64) are standard normal numbers, those of a sample its own. None where nothing is known of `rho`.
    """
    return None


@deformed.register
def _(rho: Grid, generators: Sequence[Generator], x: Tensor, random: Tensor) -> list[Tensor]:
    """w . grad x (b, ...) with w the turned velocities, for affine generators; turned colours for the others."""
    gradient = None
    found = []
    for generator in generators:
        if isinstance(generator, AffineGenerator):
            gradient = gradient or rho.gradient(x)
            fields = map(rho.beside_channels, turned_velocity(rho, generator, x, random))
            found.append(
                reduce(torch.add, [slope * w.to(x) for slope, w in zip(gradient, fields, strict=True)])
            )
        else:
            found.append(_recoloured(rho, generator, x, random))
    return found


@deformed.register
def _(rho: Carried, generators: Sequence[Generator], x: Tensor, random: Tensor) -> list[Tensor] | None:
    """w . grad u - m'(Dw) u for u (b, ...): its values change with the deformation, as with a symmetry.

    Of boosts, the velocity that is added is turned too.
    """
    if not isinstance(rho.grid, Grid):
        return None
    flat = x.reshape(len(x), -1, *rho.grid.sizes(x))
    found = []
    along = deformed(rho.grid, generators, flat, random)
    for generator, moved in zip(generators, along or (), strict=True):
        if isinstance(generator, AffineGenerator):
            moved = moved - rho.mixed_at(
                _slopes(rho.grid, turned_velocity(rho.grid, generator, x, random)), flat
            )
        if isinstance(generator, BoostGenerator):
            still = [torch.full(rho.grid.sizes(x), v, dtype=torch.float64) for v in generator.direction]
            moved = rho.boost_rate(torch.stack(list(turned(rho.grid, still, random)), 1).to(x), x)
        found.append(moved.reshape(x.shape))
    return found


def turned_velocity(rho: Grid, generator: AffineGenerator, x: Tensor, random: Tensor) -> list[Tensor]:
    """The velocities along x, y, z, in positions, turned at every position of x: (b, *sizes) float64 each.

    They are turned as lengths, where a grid has a spacing.
    """
    return turned(rho, rho.velocity(generator, *rho.sizes(x)), random)


def turned(rho: Grid, velocity: Fields, random: Tensor) -> list[Tensor]:
    """Velocities (*sizes) along x, y, z, in positions, turned at every position: (b, *sizes) float64 each."""
    lengths = rho.steps
    scaled = [v * length for v, length in zip(velocity, lengths, strict=True)]
    found = _TURNS[rho.axes](scaled, lengths, random)
    return [w / length for w, length in zip(found, lengths, strict=True)]


def _turned_on_a_line(velocity: Fields, lengths: Sequence[float], random: Tensor) -> Fields:
    """Velocities (L,), another for each sample (b, L): the part along x that is left of one turned in a plane."""
    (across,) = velocity
    angle = _angles(random, 1, len(across))[:, 0]
    return [angle.cos() * across.to(angle)]


def _turned_in_the_plane(velocity: Fields, lengths: Sequence[float], random: Tensor) -> Fields:
    """Velocities (H, W), another for each sample (b, H, W): turned by its angle."""
    across, down = velocity
    angle = _angles(random, *across.shape)
    across, down = across.to(angle), down.to(angle)
    cosine, sine = angle.cos(), angle.sin()
    return cosine * across - sine * down, sine * across + cosine * down


def _turned_in_space(velocity: Fields, lengths: Sequence[float], random: Tensor) -> Fields:
    """Velocities (D, H, W), another for each sample (b, D, H, W): turned about its axis by its angle."""
    sizes = velocity[0].shape
    points = [
        torch.arange(n, dtype=torch.float64) * length
        for n, length in zip(reversed(sizes), lengths, strict=True)
    ]
    z, y, x = torch.meshgrid(*reversed(points), indexing="ij")
    places = torch.stack([x, y, z], -1).to(random.device).expand(len(random), *sizes, 3)
    turns = rotations_at(places, random.double())
    whole = torch.stack([v.to(turns) for v in velocity], -1)
    return (turns @ whole[..., None])[..., 0].unbind(-1)


_TURNS = {1: _turned_on_a_line, 2: _turned_in_the_plane, 3: _turned_in_space}  # by the number of axes


def _angles(random: Tensor, height: int, width: int) -> Tensor:
    """phi (b, H, W) float64: cosine waves below _WAVES along each axis, and a uniform constant."""
    waves = random[:, : _WAVES**2].double().reshape(-1, _WAVES, _WAVES).clone()
    constant = 2 * math.pi * torch.special.ndtr(waves[:, 0, 0])
    waves[:, 0, 0] = 0
    down, across = _cosines(height).to(waves), _cosines(width).to(waves)
    field = torch.einsum("bkl,kh,lw->bhw", waves, down, across)
    modes = _WAVES**2 - 1
    return _SPREAD / math.sqrt(modes) * field + constant[:, None, None]


def _cosines(n: int) -> Tensor:
    """The lowest cosines at n positions, (W, n) float64 for W waves, of mean square 1."""
    k = torch.arange(_WAVES, dtype=torch.float64)[:, None]
    position = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return torch.where(k > 0, math.sqrt(2), 1.0) * torch.cos(math.pi * k * position)


def _slopes(rho: Grid, fields: Fields) -> Tensor:
    """Dw (b, *sizes, n, n), the derivatives of w (b, *sizes) by differences of neighbours, both as lengths."""
    lengths = rho.steps
    rows = []
    for field, own in zip(fields, lengths, strict=True):
        slopes = [torch.gradient(field, dim=-1 - k)[0] * (own / length) for k, length in enumerate(lengths)]
        rows.append(torch.stack(slopes, -1))
    return torch.stack(rows, -2)


def _recoloured(rho: Grid, generator: Generator, x: Tensor, random: Tensor) -> Tensor:
    """X x (b, ...) with the changes of colour turned: by one random rotation of the channels for each sample.

    So every pixel changes as much as before, in a pattern of the same grain, along another map of colours.
    0, and so nothing to compare with, where there is one channel, or more than there are random numbers for. Where
    values are no colours, as of signals, a share that varies smoothly along x is left of their changes.
    """
    changed = rho.differentiate(generator, x)
    if rho.pixels is None or not isinstance(generator, ColourGenerator):
        angle = _angles(random, 1, x.shape[rho.along[0]]).reshape(len(random), *[1] * (rho.axes - 1), -1)
        return changed * rho.beside_channels(angle.cos().to(changed))
    axis = rho.channel_axis
    channels = x.shape[axis]
    if not 1 < channels <= _MOST_CHANNELS:
        return torch.zeros_like(changed)
    turns = _rotations(random, channels).to(changed)
    return torch.einsum("bdc,bc...->bd...", turns, changed.movedim(axis, 1)).movedim(1, axis)


def _rotations(random: Tensor, channels: int) -> Tensor:
    """(b, C, C) float64 orthogonal matrices, uniformly distributed (QR with the signs of R; Stewart 1980)."""
    numbers = random[:, _WAVES**2 :][:, : channels**2].double().reshape(-1, channels, channels)
    q, r = torch.linalg.qr(numbers)
    return q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None]
