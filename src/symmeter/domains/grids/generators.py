"""Generators that act on grids: affine ones move positions, colour generators mix the channels of a pixel."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.symmetry.groups.generators import Generator

GRAY_WEIGHTS = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601, the gray that pillow and torchvision use


@dataclass(frozen=True)
class AffineGenerator(Generator):
    """Velocity field v(p) = A p + b of a grid, p = (x, y, z) in positions from the centre, x along the last axis.

    `linear` is A, by rows; `shift` is b in half-extents of the grid, so a translation by t = 1 moves by half of it.
    X acts on a function by X h = v . grad h, hence (exp(tX) h)(p) = h(p(t)) with p' = v(p).
    Source: Gruver et al. 2023, Appendix (one-parameter families), in pixel coordinates.
    """

    linear: tuple[tuple[float, ...], ...] = ((0.0, 0.0), (0.0, 0.0))
    shift: tuple[float, ...] = (0.0, 0.0)

    @property
    def coordinates(self) -> tuple[float, ...]:
        """A and b."""
        return (*itertools.chain(*self.linear), *self.shift)

    def on(self, axes: int) -> tuple[Tensor, Tensor]:
        """A (n, n) and b (n,), float64, on a grid of n axes.

        Along axes that the generator does not know nothing moves; axes that the grid lacks have one position there.
        """
        own = min(axes, len(self.shift))
        linear, shift = torch.zeros(axes, axes, dtype=torch.float64), torch.zeros(axes, dtype=torch.float64)
        linear[:own, :own] = torch.tensor(self.linear, dtype=torch.float64)[:own, :own]
        shift[:own] = torch.tensor(self.shift, dtype=torch.float64)[:own]
        return linear, shift

    def flow(self, t: float, half_extent: Sequence[float], scale: Sequence[float]) -> Tensor:
        """The (n + 1, n + 1) matrix, float64, of the flow p(0) -> p(t) in positions of a grid of n axes.

        `half_extent`, such as (W/2, H/2), gives b its length; `scale` are the units of A's coordinates in positions
        (1 for pixels, so that a rotation is a rotation on every aspect ratio).
        """
        axes = len(half_extent)
        linear, shift = self.on(axes)
        unit = torch.tensor(scale, dtype=torch.float64)
        matrix = torch.zeros(axes + 1, axes + 1, dtype=torch.float64)
        matrix[:axes, :axes] = linear * unit[:, None] / unit
        matrix[:axes, axes] = shift * torch.tensor(half_extent, dtype=torch.float64)
        return torch.linalg.matrix_exp(t * matrix)


@dataclass(frozen=True)
class ColourGenerator(Generator):
    """Linear map of pixel values in [0, 1]: X p = S (p - m) + M m, with m the mean of p over the image.

    S (`deviation`) and M (`mean`) are each a I + b G + c K, given as (a, b, c): I the identity, G = 1 w^T the
    projection on gray, K the generator of rotations about the gray axis. Since m evolves by M and p - m by S,
    exp(tX) p = exp(tS) (p - m) + exp(tM) m.
    """

    deviation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def coordinates(self) -> tuple[float, ...]:
        """S and M in the basis I, G and K."""
        return (*self.deviation, *self.mean)

    def matrices(self, channels: int) -> tuple[Tensor, Tensor]:
        """S and M, each (channels, channels) float64; ValueError where hue or saturation lack three channels."""
        if channels != 3 and self.name in ("hue", "saturation"):
            raise ValueError(f"{self.name} needs images with 3 channels, these have {channels}")
        basis = _colour_basis(channels)
        return _combined(self.deviation, basis), _combined(self.mean, basis)


def _colour_basis(channels: int) -> tuple[Tensor, Tensor, Tensor]:
    """I, G and K, (C, C) float64 each for C channels; K is 0 where C is not 3."""
    identity = torch.eye(channels, dtype=torch.float64)
    weights = torch.full((channels,), 1 / channels)
    turn = torch.zeros(channels, channels, dtype=torch.float64)
    if channels == 3:
        weights = torch.tensor(GRAY_WEIGHTS)
        turn = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=torch.float64) / 3**0.5
    gray = (weights.double() / weights.double().sum()).expand(channels, channels)
    return identity, gray, turn


def _combined(factors: tuple[float, float, float], basis: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """a I + b G + c K, (C, C)."""
    (a, b, c), (identity, gray, turn) = factors, basis
    return a * identity + b * gray + c * turn


_WIDTH, _HEIGHT, _ANGLE, _LOG, _SLOPE = "half width", "half height", "radian", "log-unit", "slope"

GENERATORS: dict[str, Generator] = {
    generator.name: generator
    for generator in (
        AffineGenerator("translation_x", _WIDTH, shift=(1, 0)),
        AffineGenerator("translation_y", _HEIGHT, shift=(0, 1)),
        AffineGenerator("rotation", _ANGLE, linear=((0, 1), (-1, 0))),
        AffineGenerator("scale", _LOG, linear=((1, 0), (0, 1))),
        AffineGenerator("shear_x", _SLOPE, linear=((0, 1), (0, 0))),
        AffineGenerator("shear_y", _SLOPE, linear=((0, 0), (1, 0))),
        AffineGenerator("stretch_x", _LOG, linear=((1, 0), (0, 0))),
        AffineGenerator("stretch_y", _LOG, linear=((0, 0), (0, 1))),
        AffineGenerator("squeeze", _LOG, linear=((0, 1), (1, 0))),
        ColourGenerator("gain", _LOG, deviation=(1, 0, 0), mean=(1, 0, 0)),
        ColourGenerator("contrast", _LOG, deviation=(1, 0, 0), mean=(1, -1, 0)),
        ColourGenerator("saturation", _LOG, deviation=(1, -1, 0), mean=(1, -1, 0)),
        ColourGenerator("hue", _ANGLE, deviation=(0, 0, 1), mean=(0, 0, 1)),
    )
}

FAMILIES: dict[str, tuple[str, ...]] = {
    "translation": ("translation_x", "translation_y"),
    "shear": ("shear_x", "shear_y"),
    "stretch": ("stretch_x", "stretch_y"),
    "affine": tuple(g.name for g in GENERATORS.values() if isinstance(g, AffineGenerator)),
    "colour": tuple(g.name for g in GENERATORS.values() if isinstance(g, ColourGenerator)),
}
