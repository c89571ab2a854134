"""What specificity says of networks of points with random weights: on which the allowance between networks rests."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

import symmeter

SEEDS = 3
_WIDTH, _CLASSES, _NEIGHBOURS = 64, 10, 8
_SETS, _POINTS = 32, 128


class Pooled(nn.Module):
    """Every point by itself, then one number a feature of all of them: PointNet's idea, or a deep set's."""

    def __init__(self, activation: Callable[[], nn.Module], largest: bool):
        super().__init__()
        self.own = nn.Sequential(nn.Linear(3, _WIDTH), activation(), nn.Linear(_WIDTH, _WIDTH), activation())
        self.head = nn.Sequential(nn.Linear(_WIDTH, _WIDTH), activation(), nn.Linear(_WIDTH, _CLASSES))
        self.largest = largest

    def forward(self, x: Tensor) -> Tensor:
        """Scores (B, classes) of points (B, N, 3)."""
        features = self.own(x)
        return self.head(features.amax(1) if self.largest else features.mean(1))


class Edges(nn.Module):
    """Every point with its nearest ones, as a dynamic graph CNN sees them; then the largest over all."""

    def __init__(self) -> None:
        super().__init__()
        self.own = nn.Sequential(nn.Linear(6, _WIDTH), nn.ReLU(), nn.Linear(_WIDTH, _WIDTH), nn.ReLU())
        self.head = nn.Linear(_WIDTH, _CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (B, classes) of points (B, N, 3)."""
        still = x.detach()
        nearest = torch.cdist(still, still).topk(_NEIGHBOURS + 1, largest=False).indices[..., 1:]
        batch = torch.arange(len(x))[:, None, None]
        others = x[batch, nearest] - x[:, :, None]
        features = self.own(torch.cat([x[:, :, None].expand_as(others), others], -1))
        return self.head(features.amax((1, 2)))


class Attention(nn.Module):
    """A transformer over points without positions, and a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Linear(3, _WIDTH)
        self.block = nn.TransformerEncoderLayer(_WIDTH, 4, 2 * _WIDTH, dropout=0.0, batch_first=True)
        self.head = nn.Linear(_WIDTH, _CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (B, classes) of points (B, N, 3)."""
        return self.head(self.block(self.embedding(x)).mean(1))


NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "mean": lambda: Pooled(nn.ReLU, largest=False),
    "max": lambda: Pooled(nn.ReLU, largest=True),
    "tanh": lambda: Pooled(nn.Tanh, largest=False),
    "edges": Edges,
    "attention": Attention,
}


def clouds(count: int = _SETS) -> Tensor:
    """Points (count, 128, 3) on ellipsoids and rounded boxes, centred, the farthest at 1."""
    random = torch.Generator().manual_seed(0)
    points = torch.randn(count, _POINTS, 3, generator=random)
    points /= points.norm(dim=2, keepdim=True)
    points[1::2] /= points[1::2].abs().amax(2, keepdim=True)
    points *= 0.3 + torch.rand(count, 1, 3, generator=random)
    points -= points.mean(1, keepdim=True)
    return points / points.norm(dim=2).amax(1)[:, None, None]


def untrained(kind: str, seed: int) -> nn.Module:
    """A network with fresh weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[kind]().eval()


def null_of_points(kind: str, seed: int) -> Any:
    """The result of a network with fresh weights on 32 sets of points, along all generators of space."""
    return symmeter.measure(
        untrained(kind, seed), clouds(), "rotation,translation,scale", inputs="points", output="logits",
        batch_size=_SETS, seed=seed, progress=False,
    )  # fmt: skip
