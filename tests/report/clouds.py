"""Results on points in space whose errors are known."""

import math
import warnings
from functools import cache

import torch
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning

COUNT, POINTS = 5, 6


class Pulled(nn.Module):
    """x (B, N, 3) -> |x| e_z at every point: what a rotation R does is |e_z - R e_z| of it, and a point's A |x| / 3^.5."""

    def forward(self, x):
        return x.norm(dim=-1, keepdim=True) * x.new_tensor([0.0, 0.0, 1.0])


class Far(nn.Module):
    """x (B, N, 3) -> B numbers that a shift of length t raises by some t^2, from 1."""

    def forward(self, x):
        return 1 + x.mean(1).square().sum(-1, keepdim=True)


class Ripples(nn.Module):
    """x (B, N, 3) -> the Legendre polynomial of degree 7 of where the first point is on its sphere."""

    def forward(self, x):
        place = x[:, 0] / x[:, 0].norm(dim=1, keepdim=True)
        height = place[:, 2:]
        return (429 * height**7 - 693 * height**5 + 315 * height**3 - 35 * height) / 16


def clouds():
    """(COUNT, POINTS, 3)"""
    return torch.randn(COUNT, POINTS, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@cache
def measured(model: type[nn.Module], symmetry: str, output: str = "logits"):
    """The result of a network on the clouds; what it warns of is among its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SymmeterWarning)
        return symmeter.measure(
            model().double().eval(),
            clouds(),
            symmetry,
            domain="points",
            output=output,
            progress=False,
            control=False,
        )


def pulled(symmetry: str = "SO3"):
    return measured(Pulled, symmetry, "logits:node vectors")


def tilt(turn) -> float:
    """|e_z - R e_z| for the rotation with this axis times angle (3,) in degrees."""
    angle = math.hypot(*turn)
    if not angle:
        return 0.0
    upright = turn[2] / angle
    return math.sqrt(2 * (1 - upright**2) * (1 - math.cos(math.radians(angle))))
