"""Sets and point clouds, whose members have no order: permutations act on them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.groups.permutations import POINTS, Permutation
from symmeter.symmetry.representations.linear import FiniteRepresentation
from symmeter.symmetry.representations.representation import Acted


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
