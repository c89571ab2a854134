"""The floor: what the measurement itself adds to a value, found by measuring the same samples in another way."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.autodiff.strategies import CentralDifference, Strategy

FLOOR_IMAGES = 4
DRAWS = 3  # of round-off: a kink within its reach is crossed by half of them


@dataclass(frozen=True)
class Floor:
    """Absolute and relative floor of one statistic; the larger of the two counts."""

    absolute: float
    relative: float

    def of(self, value: float) -> float:
        """The floor below a mean of `value`; the relative part keeps it honest for heavy-tailed statistics."""
        return max(self.absolute, self.relative * value)


def differences(
    derivative: Callable[[Tensor, Strategy], Tensor], x: Tensor, strategy: Strategy, unit: float | None = None
) -> tuple[Tensor, Tensor, str]:
    """(L_X f(x), an estimate of its error, how that was found), both (T, B, ...) in float64.

    `derivative(x, strategy)` computes L_X f(x). An exact derivative is computed again with the input moved by one
    unit of round-off: round-off then falls out anew, and a kink within its reach may be crossed. The two errors are
    independent and of one size, so each is their difference over sqrt(2): here the root mean square over DRAWS. The
    error of a central difference is the change when its step doubles.
    """
    here = derivative(x, strategy).double()
    if isinstance(strategy, CentralDifference):
        there = derivative(x, strategy.coarser(x)).double()
        return here, here - there, "change of the central difference when its step doubles"
    moved = torch.stack(
        [here - derivative(nudged_within(x, seed, unit), strategy).double() for seed in range(DRAWS)]
    )
    return here, (moved.square().mean(0) / 2).sqrt(), "input moved by one unit of round-off"


def nudged(x: Tensor, seed: int = 0, unit: float | None = None) -> Tensor:
    """x of any shape, moved by normal noise of one unit of round-off of its size.

    `unit` is that of what the model computes in, where it is coarser than x.
    """
    unit = torch.finfo(x.dtype).eps if unit is None else unit
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(x)
    return x + unit * x.square().mean().sqrt() * noise


def nudged_within(x: Tensor, seed: int = 0, unit: float | None = None) -> Tensor:
    """The same for samples x (b, ...), kept within the range that they have together: a model may check it."""
    low, high = x.amin(), x.amax()
    moved = nudged(x, seed, unit)
    return moved.clamp(low, high) if bool(low < high) else moved
