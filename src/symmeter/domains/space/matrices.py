"""Values that rotations mix by matrices of a user's own: irreps in another order or basis, products of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import torch
from torch import Tensor

from symmeter.domains.space.components import Components
from symmeter.domains.space.generators import SpaceGenerator
from symmeter.domains.space.motion import INVERSION, Motion, rotation_about
from symmeter.errors import SymmeterError

_TRIED = (Motion(), rotation_about("z", 90), rotation_about((1, 2, 3), 77), rotation_about((2, -1, 0.5), 140))
_LAWFUL = 1e-5  # of its size, how far D(R S) may be from D(R) D(S): matrices may be kept in single precision
_STEP = 1e-3  # of the difference quotient, whose error is of its fourth power


@dataclass(frozen=True)
class Matrices(Components):
    """Values (..., d) that a rotation R (3, 3) mixes by D(R) (d, d), x -> D(R) x; translations leave them alone.

    `of` gives D(R), a tensor or an array, for R in float64. Where it is no representation, D(R S) = D(R) D(S) and
    D(1) = 1, SymmeterError is raised at once. One that holds for rotations only acts on no mirror image.

    >>> rank_2 = Matrices(lambda R: torch.kron(R, R))
    >>> rank_2.shape, rank_2.act(rotation_about("z", 90), torch.eye(9)[0]).round().tolist().index(1.0)
    ((9,), 4)
    """

    of: Callable[[Tensor], Any]

    word = "matrices"

    def __post_init__(self) -> None:
        first = self._matrix(Motion())
        if first.ndim != 2 or first.shape[0] != first.shape[1]:
            raise SymmeterError(f"D(R) must be square, (d, d), and not {tuple(first.shape)}")
        off = max(self._off(Motion(), Motion()), *(self._off(g, h) for g, h in product(_TRIED, repeat=2)))
        if not off <= _LAWFUL or not torch.allclose(
            first, torch.eye(len(first), dtype=first.dtype), atol=_LAWFUL
        ):
            raise SymmeterError(
                f"D(R) is no representation: D(R S) is not D(R) D(S), by {off:.2g} of its size, or D(1) is not 1"
            )

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (len(self._matrix(Motion())),)

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        if motion.parity < 0 and not self._mirrors:
            raise SymmeterError(f"{motion.name} is no rotation, and D(R) is a representation of these alone")
        return x @ self._matrix(motion).to(x).mT

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        near, far = (self._difference(generator, times * _STEP) for times in (1, 2))
        return x @ ((8 * near - far) / (12 * _STEP)).to(x).mT

    @cached_property
    def _mirrors(self) -> bool:
        """Whether it is a representation of mirror images too."""
        mirrored = [INVERSION @ g for g in _TRIED]
        return all(self._off(g, h) <= _LAWFUL for g, h in product((*_TRIED, *mirrored), mirrored))

    def _difference(self, generator: SpaceGenerator, t: float) -> Tensor:
        """D(exp(tX)) - D(exp(-tX)), (d, d)."""
        return self._matrix(generator.motion(t)) - self._matrix(generator.motion(-t))

    def _matrix(self, motion: Motion) -> Tensor:
        """D(R), (d, d) float64."""
        return torch.as_tensor(self.of(motion.rotation)).detach().cpu().double()

    def _off(self, g: Motion, h: Motion) -> float:
        """How far D(g h) is from D(g) D(h), relative to its size."""
        whole = self._matrix(g @ h)
        return float((whole - self._matrix(g) @ self._matrix(h)).norm() / whole.norm())
