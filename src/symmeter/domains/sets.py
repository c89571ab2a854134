"""Sets and point clouds, whose members have no order: permutations act on them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from symmeter.domain import Domain, Symmetries
from symmeter.errors import SymmeterError
from symmeter.samples import Draw, Preparation, Samples
from symmeter.source import from_tensors
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


class _Rows(Preparation):
    item = "set"


class Sets(Domain):
    """Sets (B, N, features): networks of them should not care in which order the members come.

    >>> Sets.symmetry("S4")[0].order, Sets.symmetry("C4")
    (24, ())
    """

    name = "sets"
    item = "set"
    symmetries: ClassVar = {"S5": "permutations of 5 points (B, 5, features)"}
    actions = ("invariant", "points")
    input_words = ("points",)

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        match = re.fullmatch(r"[sS](\d+)", word)
        return (Symmetric(int(match[1])),) if match else ()

    @classmethod
    def takes(cls, data: Any) -> bool:
        values = data[0] if isinstance(data, tuple | list) and len(data) == 2 else data
        return isinstance(values, Tensor | np.ndarray)

    def open(self, data: Any, model: Any, draw: Draw, group: Group | None = None) -> Samples:
        values, labels = data if isinstance(data, tuple | list) and len(data) == 2 else (data, None)
        return Samples(from_tensors(_checked(values), labels, "", "points"), _Rows(), draw)

    def leaf(self, word: str, tensor: Tensor, model: Any) -> tuple[Tensor, Representation]:
        """Points (N, members, features)."""
        return (_checked(tensor), Points()) if word == "points" else super().leaf(word, tensor, model)

    def rho_in(self, model: Any, group: Group | None = None) -> Representation:
        return Points()

    def act_by(self, action: str, y: Tensor) -> Representation:
        if action == "points" and y.ndim < 3:
            raise ValueError(f"it has shape {tuple(y.shape)}, and points are (B, N, features)")
        return Points() if action == "points" else Trivial()


def _checked(values: Any) -> Tensor:
    """Points (N, members, features) in floating point; SymmeterError for anything else."""
    tensor = torch.from_numpy(values) if isinstance(values, np.ndarray) else values
    if not isinstance(tensor, Tensor):
        raise SymmeterError(
            f"points must be a float tensor (N, points, features), not {type(values).__name__}"
        )
    if tensor.ndim < 3 or not tensor.is_floating_point():
        raise SymmeterError(
            f"points must be a float tensor (N, points, features), not {tensor.dtype} {tuple(tensor.shape)}"
        )
    return tensor.detach()
