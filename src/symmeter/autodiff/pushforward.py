"""The pushforward sends tangents through a network and learns on the way which strategy and chunk is fastest."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import torch
from torch import Tensor

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

_GAIN = 0.95  # a larger chunk must be 5 % faster per image for the chunk to grow on
_HOPELESS = 2.0  # a first trial this many times slower than the best is not given a second one
_RESCUE_OUTPUTS = 8  # outputs per tangent up to which reverse mode is worth a try when all else has failed
_SETTLED_ON = 4  # images on which the step of differences is found
_TRIAL_SHARE = 0.25  # at most this share of the images is spent on comparing strategies
_MEMORY_SHARE = 0.5  # of what is free, for the next chunk


@dataclass
class _Trial:
    """What is known of one strategy: its fastest chunk, and whether a larger one is worth trying."""

    strategy: Strategy
    chunk: int
    seconds: float = float("inf")  # per image, at its fastest
    runs: int = 0
    growing: bool = True
    verified: bool = False

    @property
    def next_chunk(self) -> int:
        """How many images it gets when it is in use: twice as many while that pays."""
        return 2 * self.chunk if self.growing and self.runs else self.chunk

    def learn(self, chunk: int, seconds: float) -> None:
        """Take in how long one chunk took, in seconds per image."""
        self.runs += 1
        if chunk > self.chunk and seconds > _GAIN * self.seconds:
            self.growing = False
        elif chunk > self.chunk or self.runs <= 2:
            self.seconds = min(seconds, self.seconds)
            self.chunk = max(chunk, self.chunk)
        elif chunk == self.chunk:
            self.seconds = (self.seconds + seconds) / 2  # the machine changes under a long run


Outcome = tuple[slice, Tensor, Tensor]


class Pushforward:
    """(f(x), df_x(v)) for batches of images, chunk by chunk.

    Every strategy gets a first trial of two small chunks, then the fastest grows its chunk while that pays. The
    trials are on images that have to be done anyway, so choosing costs nothing but its bad choices. What a strategy
    returns is held back until it has been verified; a strategy that the network cannot take, or that differences of the
    function contradict, is dropped with its reason in `dropped`. When none that is exact is left, central differences
    remain, in float64 where `wide` (f in float64) runs; so too where f is known not to be `differentiable`.
    Running out of memory halves the chunk.
    """

    def __init__(
        self,
        f: TensorFunction,
        *,
        total: int | None = None,
        batch_size: int | None = None,
        wide: TensorFunction | None = None,
        differentiable: bool = True,
        sizes: Sequence[int] = (),
    ):
        self.f = f
        self.dropped: dict[str, str] = {}
        self._total = total
        self._fixed = batch_size
        self._limit = batch_size or 2**20
        self._to_choose = differentiable
        self._trials: list[_Trial] = []
        self._rescue: list[_Trial] = []  # what is tried before differences when all else has failed
        self._differences: CentralDifference = Widened(wide)
        self._fallback = _Trial(self._differences, batch_size or 8, growing=False)
        self._done = 0
        self.verifier = BlockVerifier(f, wide, sizes) if sizes else Verifier(f, wide)
        self._suspects: list[tuple[Tensor, Tensor]] = []  # images, with tangents, that contradicted something

    @property
    def strategy(self) -> Strategy:
        """The strategy in use (the fastest so far)."""
        return self._best().strategy

    @property
    def chunk(self) -> int:
        """Images per chunk at present."""
        return self._best().chunk

    def push(self, x: Tensor, tangents: Callable[[slice], Tensor]) -> Iterator[Outcome]:
        """Yield (slice of x, f(x), pushed tangents (T, b, ...)) until all of x is done.

        `tangents(s)` gives the tangents (T, b, ...) of x[s]; they are made chunk by chunk to bound the memory.
        """
        if self._to_choose:
            self._trials = self._candidates(x, len(tangents(slice(0, 1))))
            self._to_choose = False
        start = 0
        held: list[Outcome] = []
        while start < len(x):
            due = self._due()
            trial = due or self._best()
            chunk = trial.chunk if due else trial.next_chunk
            part = slice(start, start + min(chunk, self._limit, len(x) - start))
            outcome = self._attempt(trial, x[part], tangents(part))
            if outcome is None:
                if held:  # one of them was wrong, so what was held back for it is done again
                    self._done -= start - held[0][0].start
                    start, held = held[0][0].start, []
                continue
            held.append((part, *outcome))
            self._done += part.stop - start
            start = part.stop
            if self._due() is None:
                yield from held
                held = []
        yield from held

    def _candidates(self, x: Tensor, tangents: int) -> list[_Trial]:
        """The strategies for so many tangents of images x (B, ...), in the order in which they are tried."""
        start = self._fixed or (1 if x.device.type == "cpu" else 4)
        strategies = (Vectorised(), OneByOne(), Tiled()) if tangents > 1 else (OneByOne(),)
        trials = [_Trial(strategy, start) for strategy in strategies]
        self._rescue = [_Trial(ReverseTwice(), start)]
        y = self.f(x[:1])
        if y.ndim != 2:
            return trials
        outputs = y.shape[1]
        if outputs <= tangents:
            trials.insert(1, _Trial(Reverse(), start))  # before the last of those that are tried at all
        elif outputs <= _RESCUE_OUTPUTS * tangents:
            self._rescue.insert(0, _Trial(Reverse(), start))
        return trials

    def _due(self) -> _Trial | None:
        """The strategy whose trial is next; None when all have been compared."""
        if self._total is not None and self._done >= _TRIAL_SHARE * self._total:
            return None
        best = self._best()
        for trial in self._trials:
            hopeless = trial.runs > 0 and trial.seconds > _HOPELESS * best.seconds
            if trial.runs < 2 and not hopeless:
                return trial
        return None

    def _best(self) -> _Trial:
        return min(self._trials or [self._fallback], key=lambda trial: trial.seconds)

    def _attempt(self, trial: _Trial, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor] | None:
        """One chunk by one strategy, timed: f(x) (b, ...) and what it makes of v (T, b, ...).

        None where it failed, and something else is to be tried.
        """
        try:
            if trial is self._fallback and not trial.runs:
                trial.strategy = self._differences.settled(self.f, x[:_SETTLED_ON], v[:, :_SETTLED_ON])
            with peak_bytes(x.device) as peak:
                began = time.perf_counter()
                y, pushed = trial.strategy(self.f, x, v)
                if x.device.type == "cuda":
                    torch.cuda.synchronize(x.device)
                seconds = (time.perf_counter() - began) / len(x)
                used = peak()
        except Exception as error:
            self._failed(trial, x, error)
            return None
        to_verify = trial.strategy.exact and not trial.verified
        if to_verify and not self._verify(trial, x[:1], v[:, :1], pushed[:, :1]):
            return None
        trial.learn(len(x), seconds)
        self._mind_memory(used / len(x), x.device)
        if 2 * trial.chunk > self._limit:
            trial.growing = False
        return y, pushed

    def _verify(self, trial: _Trial, x: Tensor, v: Tensor, pushed: Tensor) -> bool:
        """Whether nothing contradicts a strategy on this image (1, ...), and on those that contradicted others."""
        reason = self.verifier.contradiction(trial.strategy, x, v, pushed)
        if reason is None:
            trial.verified = self._acquitted(trial)
        else:
            self._suspects.append((x, v))
            self._drop(trial, reason)
        if not trial.verified:
            for other in filter(attrgetter("verified"), self._trials):
                self._acquitted(other)
        return trial.verified

    def _acquitted(self, trial: _Trial) -> bool:
        """Whether a strategy passes on all suspects; it is dropped where it does not."""
        for x, v in self._suspects:
            try:
                reason = self.verifier.contradiction(trial.strategy, x, v, trial.strategy(self.f, x, v)[1])
            except Exception as error:
                reason = f"{type(error).__name__}: {first_line(error)}"
            if reason is not None:
                self._drop(trial, reason)
                return False
        return True

    def _mind_memory(self, used: float, device: torch.device) -> None:
        """Limit the next chunk to a share of what is free, judged by the bytes that this one used per image."""
        free = available_bytes(device)
        if free and used and not self._fixed:
            self._limit = min(self._limit, max(1, int(_MEMORY_SHARE * free / used)))

    def _failed(self, trial: _Trial, x: Tensor, error: Exception) -> None:
        """Make the chunk smaller or drop the strategy; raises when the function itself fails on x (b, ...)."""
        if out_of_memory(error) and len(x) > 1:
            self._limit = trial.chunk = len(x) // 2
            trial.growing = False
            return
        if trial.runs and len(x) > trial.chunk:  # a model may have its own limit to a batch
            self._limit, trial.growing = trial.chunk, False
            return
        if trial is self._fallback:
            raise error
        self.f(x)  # an image that the network cannot take is no fault of the strategy
        self._drop(trial, f"{type(error).__name__}: {first_line(error)}")

    def _drop(self, trial: _Trial, reason: str) -> None:
        """Go on without a strategy; before none is left, reverse mode is tried, where outputs are few, and twice."""
        self.dropped[trial.strategy.name] = reason
        self._trials = [t for t in self._trials if t is not trial]
        if not self._trials:
            self._trials, self._rescue = self._rescue, []
