"""The floor: what the measurement itself adds to a value, from the same images computed in another way."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.autodiff.strategies import CentralDifference, OneByOne, Strategy

FLOOR_IMAGES = 2


@dataclass(frozen=True)
class Floor:
    """Absolute and relative floor of one statistic; the larger of the two counts."""

    absolute: float
    relative: float

    def of(self, value: float) -> float:
        """The floor below a mean of `value`; the relative part keeps it honest for heavy-tailed statistics."""
        return max(self.absolute, self.relative * value)


def differences(
    derivative: Callable[[torch.dtype, Tensor, Strategy], Tensor], x: Tensor, strategy: Strategy
) -> tuple[Tensor, Tensor, str]:
    """(L_X f(x), its error, how it was found), the first two (T, B, ...) in float64.

    `derivative(dtype, x, strategy)` computes L_X f in that precision. The error of a forward-mode product is its
    difference between float32 and float64, scaled by the ratio of the precisions when float64 is what is used.
    That of a central difference is the change when its step doubles. A model that runs in one precision only is
    computed again with its input moved by one unit of round-off.
    """
    here = derivative(x.dtype, x, strategy).double()
    if isinstance(strategy, CentralDifference):
        wider = CentralDifference(2 * strategy.step(x))
        return here, here - derivative(x.dtype, x, wider).double(), "central difference with twice the step"
    other = torch.float32 if x.dtype == torch.float64 else torch.float64
    try:
        scale = torch.finfo(x.dtype).eps / torch.finfo(other).eps if other == torch.float32 else 1.0
        there = _with_fallback(derivative, other, x.to(other), strategy).double()
        return here, (here - there) * scale, f"difference to {str(other).removeprefix('torch.')}"
    except Exception:
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x)
        moved = x * (1 + torch.finfo(x.dtype).eps * noise)
        error = (here - derivative(x.dtype, moved, strategy).double()) / 2**0.5
        return here, error, "input moved by round-off"


def _with_fallback(derivative: Callable, dtype: torch.dtype, x: Tensor, strategy: Strategy) -> Tensor:
    try:
        return derivative(dtype, x, strategy)
    except Exception:
        return derivative(dtype, x, OneByOne())
