"""The floor: what the measurement itself adds to a value, found by measuring the same samples in another way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.autodiff.strategies import CentralDifference, Strategy

FLOOR_IMAGES = 4
DRAWS = 3  # of round-off: a kink within its reach is crossed by half of them
_CLEAR, _FEW = 100.0, 2  # one draw on few images says enough where it changes no derivative by a hundredth


@dataclass(frozen=True)
class Floor:
    """Absolute and relative floor of one statistic; the larger of the two counts."""

    absolute: float
    relative: float

    def of(self, value: float) -> float:
        """The floor below a mean of `value`; the relative part keeps it honest for heavy-tailed statistics."""
        return max(self.absolute, self.relative * value)


@dataclass
class FirstSamples:
    """The first samples of a run, on which its floor is found, with what the model made of them and their tangents."""

    _parts: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)

    @property
    def wanted(self) -> int:
        """How many more."""
        return FLOOR_IMAGES - sum(len(x) for x, _, _ in self._parts)

    def add(self, x: Tensor, y: Tensor, pushed: Tensor, finite: Tensor) -> None:
        """Finite ones of samples x (b, ...), outputs y (b, ...), pushed tangents (T, b, ...), while some are wanted."""
        some = finite.nonzero()[: self.wanted, 0]
        if len(some):
            self._parts.append((x[some], y[some], pushed[:, some]))

    def joined(self) -> tuple[Tensor, Tensor, Tensor]:
        """All of x, of y, and of the pushed tangents."""
        x, y, pushed = zip(*self._parts, strict=True)
        return torch.cat(x), torch.cat(y), torch.cat(pushed, 1)


def differences(
    derivative: Callable[[Tensor, Strategy], Tensor],
    here: Tensor,
    x: Tensor,
    strategy: Strategy,
    unit: float | None = None,
    parts: Callable[[Tensor], Sequence[Tensor]] = lambda whole: [whole],
) -> tuple[Tensor, str]:
    """(An estimate of the error of `here` = L_X f(x), (T, B, ...) in float64, or of a part; how that was found).

    `derivative(x, strategy)` computes L_X f(x). An exact derivative is computed again with the input moved by one
    unit of round-off: round-off then falls out anew, and a kink within its reach may be crossed. The two errors are
    independent and of one size, so each is their difference over sqrt(2): here the root mean square over DRAWS, or one
    for the first images, where no derivative in any of the `parts` comes near it. The error of a central difference is
    the change when its step doubles.
    """
    if isinstance(strategy, CentralDifference):
        there = derivative(x, strategy.coarser(x)).double()
        return here - there, "change of the central difference when its step doubles"

    def changes(count: int, draws: int) -> list[Tensor]:
        """What some draws of round-off change for the first so many images, (T, count, ...) each."""
        some, known = x[:count], here[:, :count]
        return [
            known - derivative(nudged_within(some, seed, unit), strategy).double() for seed in range(draws)
        ]

    moved = changes(_FEW, 1)
    if not all(map(_is_clear, parts(here[:, :_FEW]), parts(moved[0]))):
        moved = changes(len(x), DRAWS)
    return (torch.stack(moved).square().mean(0) / 2).sqrt(), "input moved by one unit of round-off"


def _is_clear(derivative: Tensor, change: Tensor) -> bool:
    """Whether every derivative (T, b, ...) is far longer than its change, on all samples together."""
    return bool((derivative.flatten(1).norm(dim=1) > _CLEAR * change.flatten(1).norm(dim=1)).all())


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
