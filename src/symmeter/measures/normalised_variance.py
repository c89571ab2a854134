"""Normalised variance: how far units move under the group, against how far they move between images."""

from collections.abc import Sequence

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, shortened
from symmeter.measures.measure import OrbitMeasure, Pool, Reducer
from symmeter.measures.orbit import Chunk, View, wide
from symmeter.measures.quantity import Quantity
from symmeter.measures.spread import OrbitSpread

_DEAD = 0.01  # of the largest spread over images: units below it have nothing to be compared with


class NormalisedVariance(OrbitMeasure):
    """Mean over units k of sqrt(E_x Var_g z_k / Var_x f_k), with z the conjugated model in the frame of x.

    At 0 a unit does not move with the group, at 1 it moves as much as between images. Units that hardly differ between
    images, below 1 % of the unit that differs most, are left out, and a note gives their numbers; so are units that
    some element brings in from outside. The standard error is a jackknife over ten blocks of images, also that of the
    selectivity.

    Source: Quiroga et al. 2020, with the variance over images taken at the identity.
    """

    name = "normalised_variance"
    direction = "lower = more symmetric; 1 = units move as much as between samples"
    description = "spread over transformations / spread over samples, mean over units (Quiroga et al. 2020)"

    def pool(self) -> Pool:
        return _Units()

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Nothing()

    def unit(self, quantity: Quantity) -> str:
        return "share of the spread over samples"


class _Nothing(Reducer):
    """The number is made of all images together: an image alone has none."""

    def add(self, view: View) -> Tensor | None:
        return None

    def columns(self) -> dict[str, Tensor]:
        return {}


class _Units(Pool):
    """Sums per block of images and unit: n, sum f, sum f^2 and sum Var_g z, (blocks, 4, U) for U units."""

    def __init__(self) -> None:
        self._sums: Tensor | None = None
        self._count = 0
        self._inside: Tensor | None = None  # (U,), those that no element brings in from outside
        self.begin()

    def begin(self) -> None:
        self._spread: OrbitSpread | None = None

    def add(self, view: View) -> None:
        z, mask = view.conjugated
        inside = mask.expand_as(z[:1]).flatten() > 0.5
        self._inside = inside if self._inside is None else self._inside & inside
        if self._spread is None:
            self._spread = OrbitSpread(view.chunk)
        self._spread.add(wide(z).flatten(1), view.weight)

    def close(self, chunk: Chunk, keep: Tensor) -> None:
        spread, self._spread = self._spread, None
        if spread is None or spread.count < 2:
            raise SymmeterError("normalised_variance needs at least 2 elements")
        f = chunk.reference.flatten(1)[keep].double()
        moved = spread.variance()[keep].double()
        if self._sums is None:
            self._sums = torch.zeros(self.blocks, 4, f.shape[1], dtype=torch.float64, device=f.device)
        values = torch.stack([torch.ones_like(f), f, f.square(), moved], 1)
        blocks = (self._count + torch.arange(len(f), device=f.device)) % self.blocks
        self._sums.index_add_(0, blocks, values)
        self._count += len(f)

    def estimate(self) -> tuple[float, float | None, int] | None:
        if self._sums is None or self._count < 2:
            return None
        return self._ratio(self._sums.sum(0)), jackknife_error(self._without_blocks()), self._count

    def ratio_error(self, control: Pool) -> float | None:
        assert isinstance(control, _Units)
        pairs = zip(self._without_blocks(), control._without_blocks(), strict=True)
        return jackknife_error([own / other for own, other in pairs])

    def _without_blocks(self) -> list[float]:
        """The number without each block of images."""
        assert self._sums is not None
        whole = self._sums.sum(0)
        return [self._ratio(whole - self._sums[i]) for i in range(min(self.blocks, self._count))]

    def _alive(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        """From sums (4, U): whether each unit counts, and its squared ratio, (U,) each."""
        n, total, squares, moved = sums
        variance = (squares - total.square() / n).clamp(min=0) / (n - 1).clamp(min=1)
        variance = torch.where(self._valid(), variance, 0)
        alive = variance > _DEAD**2 * variance.max()
        return alive, moved / n / variance

    def _valid(self) -> Tensor:
        """Which units no element brings in from outside, (U,)."""
        assert self._inside is not None
        return self._inside

    def _ratio(self, sums: Tensor) -> float:
        """The number from sums (4, U)."""
        alive, ratio = self._alive(sums)
        return float(ratio[alive].sqrt().mean()) if bool(alive.any()) else float("nan")

    def notes(self, quantity: Quantity) -> list[str]:
        if self._sums is None:
            return []
        inside = self._valid()
        alive, _ = self._alive(self._sums.sum(0))
        dead = (inside & ~alive).nonzero().flatten().tolist()
        notes = []
        if not bool(inside.any()):
            notes.append(
                f"{quantity.name}: normalised_variance has no unit that no element brings in from outside"
            )
        if dead:
            which = shortened(map(str, dead), most=8)
            notes.append(
                f"{quantity.name}: {len(dead)} of {len(inside)} units hardly differ between samples and are left out: "
                f"{which}"
            )
        return notes


def jackknife_error(left_out: Sequence[float]) -> float | None:
    """Standard error from estimates that leave out one block of the data each; None for fewer than 3 blocks.

    >>> jackknife_error([1.0, 1.0, 1.0]), jackknife_error([1.0, 2.0])
    (0.0, None)
    """
    blocks = len(left_out)
    if blocks < 3:
        return None
    mean = sum(left_out) / blocks
    return ((blocks - 1) / blocks * sum((value - mean) ** 2 for value in left_out)) ** 0.5
