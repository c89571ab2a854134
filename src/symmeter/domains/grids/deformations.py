"""The control of specificity on grids: the speeds of a generator, in directions turned by a smooth random angle.

A generator moves every position p with a velocity v(p). Here v(p) is turned by an angle phi(p) that varies smoothly
over the grid, another one for each sample, so that what moves is as fast everywhere, and no symmetry. A network that
has learned nothing reacts as strongly to that as to the generator itself. Changes of colour are turned in the space of
colours, for each sample in its own way. All is linear in the generator.
"""

import math
from collections.abc import Sequence
from functools import singledispatch

import torch
from torch import Tensor

from symmeter.domains.grids.generators import AffineGenerator, ColourGenerator
from symmeter.domains.grids.grid import LAYOUTS, Image
from symmeter.domains.grids.line import Line
from symmeter.domains.grids.vectors import Vectors
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation

_WAVES = 4  # per axis: the lowest cosines of a grid
_SPREAD = math.pi  # the standard deviation of the angle over the grid, beside one that is uniform
_MOST_CHANNELS = 6  # whose rotations can be made of the random numbers that are left
Fields = tuple[Tensor, Tensor]


@singledispatch
def deformed(
    rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
) -> list[Tensor] | None:
    """What X x becomes for every generator when its directions are turned, of the shape of x (b, ...) each.

    `random` (b, 64) are standard normal numbers, those of a sample its own. None where nothing is known of `rho`.
    """
    return None


@deformed.register
def _(rho: Image, generators: Sequence[Generator], x: Tensor, random: Tensor) -> list[Tensor]:
    """w . grad x (b, ...) with w the turned velocities, for affine generators; turned colours for the others."""
    channels, rows, columns = LAYOUTS[rho.layout]
    gradient = None
    found = []
    for generator in generators:
        if not isinstance(generator, AffineGenerator):
            found.append(_recoloured(rho, generator, x, random))
            continue
        if gradient is None:
            low = rho.interpolant.smoothed(x, (columns, rows))
            gradient = [rho.interpolant.differentiate(low, axis) for axis in (columns, rows)]
        fields = _turned(rho.velocity(generator, x.shape[rows], x.shape[columns]), random)
        across, down = (field.to(x).unsqueeze(channels) for field in fields)
        found.append(gradient[0] * across + gradient[1] * down)
    return found


@deformed.register
def _(rho: Vectors, generators: Sequence[Generator], x: Tensor, random: Tensor) -> list[Tensor] | None:
    """w . grad u - (Dw) u for u (b, ...): its components turn with the deformation, as with a symmetry."""
    if not isinstance(rho.grid, Image):
        return None
    channels, rows, columns = LAYOUTS[rho.grid.layout]
    found = []
    along = deformed(rho.grid, generators, x, random)
    for generator, moved in zip(generators, along or (), strict=True):
        if isinstance(generator, AffineGenerator):
            fields = _turned(rho.grid.velocity(generator, x.shape[rows], x.shape[columns]), random)
            moved = moved - _mixed(fields, x, channels)
        found.append(moved)
    return found


@deformed.register
def _(rho: Line, generators: Sequence[Generator], x: Tensor, random: Tensor) -> list[Tensor]:
    """X x (b, C, L) times the cosine of the angle: in one dimension, that is how much of a velocity is left."""
    angle = _angles(random, 1, x.shape[-1])
    return [moved * angle.cos().to(x) for moved in rho.differentiate_all(generators, x)]


def _turned(velocity: Fields, random: Tensor) -> Fields:
    """Velocities (H, W), another for each sample (b, H, W): turned by its angle."""
    across, down = velocity
    angle = _angles(random, *across.shape)
    across, down = across.to(angle), down.to(angle)
    cosine, sine = angle.cos(), angle.sin()
    return cosine * across - sine * down, sine * across + cosine * down


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


def _mixed(fields: Fields, x: Tensor, channels: int) -> Tensor:
    """(Dw) u for u (b, ...) of two components, with the derivatives of w (b, H, W) by differences of neighbours."""
    u = x.movedim(channels, 1)
    rows = []
    for field in fields:
        down, across = (torch.gradient(field, dim=axis)[0].to(x) for axis in (-2, -1))
        rows.append(across * u[:, 0] + down * u[:, 1])
    return torch.stack(rows, 1).movedim(1, channels)


def _recoloured(rho: Image, generator: Generator, x: Tensor, random: Tensor) -> Tensor:
    """X x (b, ...) with the changes of colour turned: by one random rotation of the channels for each sample.

    So every pixel changes as much as before, in a pattern of the same grain, along another map of colours.
    0, and so nothing to compare with, where there is one channel, or more than there are random numbers for.
    """
    changed = rho.differentiate(generator, x)
    if rho.pixels is None or not isinstance(generator, ColourGenerator):
        return changed
    axis = LAYOUTS[rho.layout][0]
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
