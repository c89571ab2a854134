"""The pushforward sends tangents through a network, by the strategy that sizes say, and verifies what it makes."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from symmeter.autodiff.channels_last import ChannelsLast, channels_last, gains
from symmeter.autodiff.chunks import MOST, fitting, observed
from symmeter.autodiff.memory import available_bytes, out_of_memory, peak_bytes
from symmeter.autodiff.steps import TensorFunction
from symmeter.autodiff.strategies import (
    CentralDifference,
    OneByOne,
    Reverse,
    ReverseTwice,
    Strategy,
    Tiled,
    Vectorised,
    Widened,
)
from symmeter.autodiff.verification import BlockVerifier, Verifier
from symmeter.errors import first_line

_ALIVE = 16  # tensors of the largest size at once, with their tangents, that a chunk surely has room for
_GROWTH = 8  # where that is not free, the first chunk is one image, to see; then so many times as many
_BY_DIFFERENCES = 8  # images at once
_RESCUE_OUTPUTS = 8  # outputs per tangent up to which reverse mode is worth a try when all else has failed
_SETTLED_ON = 4  # images on which the step of differences is found
_VERIFIED = 2  # images on which a strategy is verified
_MEMORY_SHARE = 0.5  # of what is free, for the next chunk

Outcome = tuple[slice, Tensor, Tensor]


class Pushforward:
    """(f(x), df_x(v)) for batches of images, chunk by chunk; the same numbers in every run.

    Nothing follows the clock. Vectorised forward mode costs some 1.2 forward passes per tangent, reverse mode 1.4 per
    output, so that comes first where outputs are fewer than tangents; tiled and single passes cost 2 per tangent, and
    are for networks that vmap cannot take. Networks of pointwise convolutions get images whose channels lie side by
    side. How many images go at once follows from the largest tensor of one of them, less where memory is short.

    What a strategy returns is held back until it has been verified on a few images; a strategy that the network
    cannot take, or that differences of the function contradict, is dropped with its reason in `dropped`, and what it
    did is done again by the next. When none that is exact is left, central differences remain, in float64 where `wide`
    (f in float64) runs; so too where f is known not to be `differentiable`. Running out of memory halves the chunk.
    """

    def __init__(
        self,
        f: TensorFunction,
        *,
        batch_size: int | None = None,
        wide: TensorFunction | None = None,
        differentiable: bool = True,
        sizes: Sequence[int] = (),
    ):
        self.f = f
        self.dropped: dict[str, str] = {}
        of_few, wide_of_few = _in_pairs(f), None if wide is None else _in_pairs(wide)
        self.verifier = BlockVerifier(of_few, wide_of_few, sizes) if sizes else Verifier(of_few, wide_of_few)
        self._fixed = batch_size
        self._limit = batch_size or MOST
        self._largest = 0  # the most images that the strategy in use has taken at once
        self._roomy = False  # whether memory is no question
        self._verified = 0  # images on which it was
        self._to_choose = differentiable
        self._exact: list[Strategy] = []  # in the order in which they are used
        self._rescue: list[Strategy] = []  # what is tried before differences when all else has failed
        self._differences: CentralDifference = Widened(wide)
        self._settled = False

    @property
    def strategy(self) -> Strategy:
        """The strategy in use."""
        return self._exact[0] if self._exact else self._differences

    @property
    def chunk(self) -> int:
        """Images per chunk, once it is known that they fit."""
        exact = self._fixed or self.strategy.exact
        return self._limit if exact else min(self._limit, _BY_DIFFERENCES)

    def push(self, x: Tensor, tangents: Callable[[slice], Tensor]) -> Iterator[Outcome]:
        """Yield (slice of x, f(x), pushed tangents (T, b, ...)) until all of x is done.

        `tangents(s)` gives the tangents (T, b, ...) of x[s]; they are made chunk by chunk to bound the memory.
        """
        if self._to_choose:
            self._choose(x, len(tangents(slice(0, 1))))
            self._to_choose = False
        start = 0
        held: list[Outcome] = []
        while start < len(x):
            part = slice(start, min(start + self._next(), len(x)))
            outcome = self._attempt(x[part], tangents(part))
            if outcome is None:
                start, held = (held[0][0].start, []) if held else (start, held)
                continue
            held.append((part, *outcome))
            start = part.stop
            if self._verified >= _VERIFIED:
                yield from held
                held = []
        yield from held

    def _choose(self, x: Tensor, tangents: int) -> None:
        """The order of strategies and the size of a chunk, for so many tangents of images x (B, ...)."""
        seen = observed(self.f, x[:1])
        y = seen.y
        if self._fixed is None:
            self._limit = fitting(seen.largest, tangents, x.device)
            expected = _ALIVE * seen.largest * (1 + tangents) * self._limit
            self._roomy = expected <= _MEMORY_SHARE * (available_bytes(x.device) or 0)
        self._exact = [Vectorised(), Tiled(), OneByOne()] if tangents > 1 else [OneByOne()]
        if gains(x, seen.pointwise) and self._takes(channels_last(x[:1])):
            self._exact.insert(0, ChannelsLast(self._exact[0]))
        self._rescue = [ReverseTwice()]
        if y.ndim == 2 and y.shape[1] < tangents:
            self._exact.insert(0, Reverse())
        elif y.ndim == 2 and y.shape[1] <= _RESCUE_OUTPUTS * tangents:
            self._rescue.insert(0, Reverse())

    def _next(self) -> int:
        """How many images the next chunk has."""
        if self._fixed or self._roomy or not self.strategy.exact:
            return self.chunk
        return min(self.chunk, max(1, _GROWTH * self._largest))

    def _attempt(self, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor] | None:
        """One chunk: f(x) (b, ...) and what the strategy makes of v (T, b, ...).

        None where it failed, and something else is to be tried.
        """
        try:
            if not (self.strategy.exact or self._settled):
                self._differences = self._differences.settled(self.f, x[:_SETTLED_ON], v[:, :_SETTLED_ON])
                self._settled = True
            with peak_bytes(x.device) as peak:
                y, pushed = self.strategy(self.f, x, v)
                used = peak()
        except Exception as error:
            self._failed(x, error)
            return None
        if not self._verify(x, v, pushed):
            return None
        self._largest = max(self._largest, len(x))
        self._mind_memory(used / len(x), x.device)
        return y, pushed

    def _verify(self, x: Tensor, v: Tensor, pushed: Tensor) -> bool:
        """Whether nothing contradicts the strategy on some of these images (b, ...), if it has not been seen enough."""
        count = min(_VERIFIED - self._verified, len(x)) if self.strategy.exact else 0
        if count > 0:
            some = torch.linspace(0, len(x) - 1, count).long().to(x.device)
            reason = self.verifier.contradiction(self.strategy, x[some], v[:, some], pushed[:, some])
            if reason is not None:
                self._drop(reason)
                return False
        self._verified += count if self.strategy.exact else _VERIFIED
        return True

    def _mind_memory(self, used: float, device: torch.device) -> None:
        """Limit the next chunk to a share of what is free, judged by the bytes that this one used per image."""
        free = available_bytes(device)
        if free and used and not self._fixed:
            self._limit = min(self._limit, max(1, int(_MEMORY_SHARE * free / used)))

    def _failed(self, x: Tensor, error: Exception) -> None:
        """Make the chunk smaller or drop the strategy; raises when the function itself fails on x (b, ...)."""
        if len(x) > 1 and (out_of_memory(error) or 0 < self._largest < len(x) or not self._takes(x)):
            self._limit = len(x) // 2
            return
        if not self.strategy.exact:
            raise error
        self.f(x)  # an image that the network cannot take is no fault of the strategy
        self._drop(f"{type(error).__name__}: {first_line(error)}")

    def _takes(self, x: Tensor) -> bool:
        """Whether the function takes a batch like x (b, ...): a model may have its own limit, or views of its own."""
        try:
            self.f(x)
        except Exception:
            return False
        return True

    def _drop(self, reason: str) -> None:
        """Go on without the strategy; before none is left, reverse mode is tried, where outputs are few, and twice."""
        self.dropped[self.strategy.name] = reason
        self._exact = self._exact[1:]
        self._largest = self._verified = 0
        if not self._exact:
            self._exact, self._rescue = self._rescue, []


def _in_pairs(f: TensorFunction) -> TensorFunction:
    """The same function of images (b, ...), of which a model may take few at once."""
    return lambda x: torch.cat([f(pair) for pair in x.split(2)])
