"""Small networks without any symmetry, and samples, for remedies of whole networks."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from symmeter.curing.remedy import Purpose
from symmeter.kinds_of_data import find_domain
from symmeter.measures.squared_error import SquaredError
from symmeter.measuring.measure import measure
from symmeter.symmetry.hypothesis import parse_symmetry


def purpose(symmetry: str, domain: str = "images", **more: object) -> Purpose:
    """What is asked, as a remedy is told."""
    known = find_domain(domain)
    return Purpose(parse_symmetry(symmetry, known.symmetry, known.symmetries), domain, **more)  # type: ignore[arg-type]


def errors(model: nn.Module, x: object, symmetry: str, **words: object) -> list[float]:
    """What `symmeter.measure` finds: LEE of each generator, else the mean squared error over each group."""
    asked = parse_symmetry(symmetry, find_domain(str(words.get("domain", "images"))).symmetry)
    kind = None if asked.generators else SquaredError()
    result = measure(
        model, x, symmetry, kind, control=False, progress=False, **({"output": "logits"} | words)
    )
    return [row.value for row in result.rows]


class Scores(nn.Sequential):
    """Scores (B, 5) of images (B, 1, 8, 8)."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(1, 6, 3), nn.Tanh(), nn.Flatten(), nn.Linear(216, 5))


class Pooled(nn.Module):
    """Scores (B, 4) of points (B, N, 3), whatever their order."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.head = nn.Linear(3, 16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.own(x).tanh().mean(1))


class Forces(nn.Module):
    """Of positions (B, N, 3) and kinds (B, N) an energy, forces, where the centre is, and a count of no symmetry."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.head = nn.Linear(4, 16), nn.Linear(16, 7)

    def forward(self, pos: Tensor, kinds: Tensor) -> dict[str, Tensor]:
        features = self.own(torch.cat([pos, kinds[..., None].to(pos)], -1)).tanh()
        made = self.head(features)
        return {
            "energy": made[..., 0].sum(1, keepdim=True),
            "forces": made[..., 1:4],
            "centre": (pos + made[..., 4:]).mean(1),
            "other": features.sum((1, 2)),
        }


WORDS: Mapping[str, str] = {"pos": "points", "kinds": "scalars"}
OUTPUT = "energy:invariant,forces:vectors,centre:graph points"


def forces(dtype: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(0)
    return Forces().to(dtype).eval()


def molecules(samples: int = 4, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Positions (B, 6, 3) away from the origin, and kinds (B, 6)."""
    random = torch.Generator().manual_seed(1)
    pos = (
        torch.randn(samples, 6, 3, generator=random, dtype=torch.float64) * torch.tensor([1.0, 2.0, 3.0]) + 1
    )
    return {"pos": pos.to(dtype), "kinds": torch.randint(3, (samples, 6), generator=random)}


def images(samples: int = 6, dtype: torch.dtype = torch.float64) -> Tensor:
    """(N, 1, 8, 8)."""
    random = torch.Generator().manual_seed(0)
    return torch.rand(samples, 1, 8, 8, generator=random, dtype=torch.float64).to(dtype)


def clouds(samples: int = 6, points: int = 10) -> Tensor:
    """(B, N, 3), longer along one axis than along another."""
    random = torch.Generator().manual_seed(0)
    found = torch.randn(samples, points, 3, generator=random, dtype=torch.float64)
    return found * torch.tensor([1.0, 1.5, 2.0], dtype=torch.float64)
