"""Corruptions of sets of points (N, features) in space; lengths are in units of the radius of the set itself."""

import torch
from torch import Tensor

from symmeter.corruption import corruption


def _centre(x: Tensor) -> Tensor:
    """The mean position (1, 3) of x (N, features)."""
    return x[:, :3].mean(0, keepdim=True)


def _radius(x: Tensor) -> Tensor:
    """The root mean square distance from the mean position of x (N, features), a number without axes: ()."""
    return (x[:, :3] - _centre(x)).square().sum(-1).mean().sqrt()


@corruption("jitter", "every point moved by noise of this share of the radius", 0.01, 0.02, 0.05, 0.1, 0.2)
def jitter(x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """x (N, features) with Gaussian noise in its positions."""
    noise = torch.randn(len(x), 3, generator=random, dtype=x.dtype)
    return torch.cat([x[:, :3] + share * _radius(x) * noise, x[:, 3:]], 1)


@corruption(
    "outliers", "this share of the points anywhere within twice the radius", 0.01, 0.03, 0.06, 0.1, 0.2
)
def outliers(x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """x (N, features) with some of its points, with their features, at random places of a ball."""
    which = torch.rand(len(x), 1, generator=random) < share
    directions = torch.randn(len(x), 3, generator=random, dtype=x.dtype)
    distances = torch.rand(len(x), 1, generator=random, dtype=x.dtype) ** (1 / 3)
    places = _centre(x) + 2 * _radius(x) * distances * directions / directions.norm(dim=1, keepdim=True)
    return torch.cat([torch.where(which, places, x[:, :3]), x[:, 3:]], 1)


@corruption("dropped_points", "this share of the points gone", 0.1, 0.25, 0.5, 0.75, 0.9)
def dropped_points(x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """x (N, features) with the points that are gone in the place of others that stay: as many, at fewer places."""
    order = torch.randperm(len(x), generator=random)
    kept = order[: max(1, round((1 - share) * len(x)))]
    chosen = torch.arange(len(x))
    chosen[order[len(kept) :]] = kept[torch.randint(len(kept), (len(x) - len(kept),), generator=random)]
    return x[chosen]
