"""A kind of data that another package brings: readings around a ring. Nothing in symmeter knows of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.options import option
from symmeter.samples import Preparation, Samples
from symmeter.source import from_tensors
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.permutations import Permutation
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker
from symmeter.verbs.arguments import above

VOLUME = Generator("volume", "log-unit")


@dataclass(frozen=True)
class Turns(Group):
    """The turns of a ring by whole places: as many as it has readings."""

    n: int = 0
    name = "turn"

    @property
    def order(self) -> int | None:
        return self.n or None

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Turns":
        return Turns(shape[0])

    def enumerate(self) -> tuple[Permutation, ...]:
        places = range(self.n)
        return tuple(Permutation(tuple((i + k) % self.n for i in places), "ring") for k in places)

    def draw(self, random: torch.Generator) -> Permutation:
        return self.enumerate()[int(torch.randint(self.n, (), generator=random))]


class Ring(Representation):
    """Readings (B, N): turns permute them, `volume` scales them."""

    def acting(self, x: Tensor) -> Callable:
        def act(g: Any) -> tuple[Tensor, Tensor]:
            moved = x * math.exp(g.t) if isinstance(g, Flow) else x[:, list(g.inverse().images)]
            return moved, torch.ones_like(x[0])

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        return [x.clone() for _ in generators]

    def describe(self) -> str:
        return "ring"


class Rounds(Tracker):
    """Inside of a network every tensor with as many entries as the ring has places is a ring; of others nothing is known."""

    def __init__(self, places: int):
        self.places = places

    def representation(self, tensor: Tensor) -> Representation | None:
        return Ring() if tensor.shape[1:] == (self.places,) else None


@dataclass(frozen=True)
class RingOptions:
    """`gauge`: what readings are divided by."""

    gauge: float = option(1.0, above(0), "what readings are divided by (default: 1)", "G", type="number")


class Rings(Domain):
    """Rings (B, N): lists of numbers in a file that ends in .ring, one ring a line, or a tensor (N, readings)."""

    name, item, Options = "rings", "ring", RingOptions
    symmetries: ClassVar = {"turn": "turns by whole places", "volume": "all readings times a factor"}
    actions = ("invariant", "ring")

    @classmethod
    def symmetry(cls, word: str) -> tuple:
        return {"turn": (Turns(),), "volume": (VOLUME,)}.get(word, ())

    @classmethod
    def takes(cls, data: Any) -> bool:
        return str(data).endswith(".ring") or getattr(data, "ndim", None) == 2

    def open(self, data: Any, model: Any, draw: Any, group: Any = None) -> Samples:
        if not isinstance(data, Tensor):
            lines = Path(data).read_text().splitlines()
            data = torch.tensor([[float(word) for word in line.split()] for line in lines])
        return Samples(from_tensors(data / self.options.gauge, None, "rings", "ring"), Preparation(), draw)

    def rho_in(self, model: Any, group: Any = None) -> Representation:
        return Ring()

    def act_by(self, action: str, y: Tensor) -> Representation:
        return Ring() if action == "ring" else Trivial()

    def tracker(self, x: Tensor) -> Tracker:
        return Rounds(x.shape[1])
