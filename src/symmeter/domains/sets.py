"""Sets and point clouds, whose members have no order: permutations act on them."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from symmeter.domain import Domain, Symmetries
from symmeter.errors import SymmeterError
from symmeter.samples import Draw, Preparation, Samples
from symmeter.source import is_array
from symmeter.streams import Reader, as_tensor
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.groups.permutations import POINTS, Permutation, Symmetric
from symmeter.symmetry.representations.linear import FiniteRepresentation
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial


@dataclass(frozen=True)
class Points(FiniteRepresentation):
    """Points (B, N, features), permuted along axis 1."""

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        mask = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            if not isinstance(element, Permutation) or element.of != POINTS:
                return x, mask
            if len(element.images) != x.shape[1]:
                raise SymmeterError(
                    f"a permutation of {len(element.images)} points cannot act on {tuple(x.shape)}"
                )
            return x[:, list(element.inverse().images)], mask

        return act

    def describe(self) -> str:
        return "points"


class PointPermutations(Symmetric):
    """All permutations of a set of n points (B, n, features): `S5`."""

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "PointPermutations":
        _check_points(self, shape)
        if shape[0] != self.n:
            raise SymmeterError(
                f"{self.name} permutes {self.n} points, but inputs {_shown(shape)} have {shape[0]}; use S{shape[0]}"
            )
        return self


def _check_points(group: "PointPermutations | Permutations", shape: tuple[int, ...]) -> None:
    """SymmeterError for inputs that are no points."""
    if len(shape) != 2:
        raise SymmeterError(
            f"{group.name} acts on points (B, {group.n or 'N'}, features); these inputs are {_shown(shape)}"
        )


def _shown(shape: tuple[int, ...]) -> str:
    return f"(B, {', '.join(map(str, shape))})"


@dataclass(frozen=True)
class Permutations(Group):
    """All permutations of the points of a set, as many as the inputs have: every one is as likely as any other.

    >>> Permutations().bind((4, 3)).order
    24
    """

    n: int | None = None
    acts_on = POINTS

    @property
    def name(self) -> str:
        return "permutation"

    @property
    def order(self) -> int | None:  # type: ignore[override]
        return None if self.n is None else math.factorial(self.n)

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Permutations":
        _check_points(self, shape)
        return Permutations(shape[0])

    def enumerate(self) -> tuple[Permutation, ...]:
        return self._bound.enumerate()

    def draw(self, random: torch.Generator) -> Permutation:
        return self._bound.draw(random)

    @property
    def _bound(self) -> Symmetric:
        if self.n is None:
            raise SymmeterError(f"{self.name} depends on the number of points: bind it to a shape first")
        return Symmetric(self.n)


class SetPreparation(Preparation):
    """Sets (N, features) as they are."""

    item = "set"

    def input(self, raw: Any) -> Tensor:
        """One set as network input (N, features)."""
        return rows_of(as_tensor(raw, self.item)[None], "one by one")[0]

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        return SymmeterError(f"sets differ in shape ({first} and {shape}): give as many points to each")


class Sets(Domain):
    """Sets (B, N, features): networks of them should not care in which order the points come.

    >>> Sets.symmetry("S4")[0].order, Sets.symmetry("permutation")[0].name, Sets.symmetry("C4")
    (24, 'permutation', ())
    """

    name = "sets"
    item = "set"
    symmetries: ClassVar = {
        "permutation": "permutations of the points (B, N, features), however many there are",
        "S5": "permutations of 5 points; S3, S10, ...",
    }
    actions = ("invariant", "points")
    input_words = ("points",)

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        if word.strip().lower() == "permutation":
            return (Permutations(),)
        match = re.fullmatch(r"[sS](\d+)", word.strip())
        return (PointPermutations(int(match[1])),) if match else ()

    @classmethod
    def takes(cls, data: Any) -> bool:
        """Batches (N, points, features), and what may hold them: files of arrays, and dictionaries with `points`."""
        if isinstance(data, str | Path):
            return str(data).lower().endswith(".npz")
        if isinstance(data, Mapping):
            return "points" in data
        values = data[0] if isinstance(data, tuple | list) and len(data) == 2 else data
        return is_array(values) and np.ndim(values) > 2  # with another number of axes, what is wrong is said

    def open(self, data: Any, model: Any, draw: Draw, group: Group | None = None) -> Samples:
        return Samples(SETS.source(data), SetPreparation(), draw)

    def check(self, data: str, model: str) -> None:
        SETS.check_path(data)

    def leaf(self, word: str, tensor: Tensor, model: Any) -> tuple[Tensor, Representation]:
        """Points (N, points, features)."""
        if word != "points":
            return super().leaf(word, tensor, model)
        return rows_of(tensor, f"input {word!r}"), Points()

    def rho_in(self, model: Any, group: Group | None = None) -> Representation:
        return Points()

    def act_by(self, action: str, y: Tensor) -> Representation:
        """How permutations act on y: on points (B, N, K), or not at all."""
        if action == "invariant":
            return Trivial()
        if y.ndim < 3:
            raise ValueError(f"it has shape {tuple(y.shape)}, and points are (B, N, features)")
        return Points()


def rows_of(points: Any, name: str) -> Tensor:
    """A batch of sets (N, points, features) in floating point; SymmeterError for anything else."""
    rows = as_tensor(points, name)
    if rows.ndim < 3 or 0 in rows.shape or not rows.is_floating_point():
        raise SymmeterError(
            f"{name}: points must be a float tensor (N, points, features), not {rows.dtype} {tuple(rows.shape)}"
        )
    return rows


SETS = Reader("set", ("points", "x"), rows_of)
