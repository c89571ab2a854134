"""The engine pushes tangents through a network and learns on the way which strategy and chunk is fastest."""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.autodiff.memory import available_bytes, out_of_memory, peak_bytes
from symmeter.autodiff.strategies import CentralDifference, OneByOne, Reverse, Strategy, Tiled, Vectorised, Widened
from symmeter.errors import SymmeterWarning

_GAIN = 0.95  # a candidate must beat the best by 5 % to be worth a further trial of its kind
_TRIAL_SHARE = 0.25  # at most this share of the images is spent on comparing strategies


@dataclass
class _Trial:
    """One strategy's state: the chunk to try next, and what is known of it."""

    strategy: Strategy
    chunk: int
    seconds: float = float("inf")  # per image, at the best chunk so far
    best_chunk: int = 1
    exploring: bool = True


class Engine:
    """(f(x), df_x(v)) for batches of images, chunk by chunk.

    Every trial is on images that have to be done anyway, so choosing costs nothing but its bad choices. A
    strategy that the network cannot take is dropped with its reason in `dropped`; when none that is exact is
    left, central differences remain, in float64 where `wide` (f in float64) runs. Running out of memory halves
    the chunk.
    """

    def __init__(
        self,
        f: Callable[[Tensor], Tensor],
        *,
        total: int | None = None,
        batch_size: int | None = None,
        wide: Callable[[Tensor], Tensor] | None = None,
    ):
        self.f = f
        self.total = total
        self.limit = batch_size
        self.dropped: dict[str, str] = {}
        self._fixed = batch_size
        self._trials: list[_Trial] | None = None
        self._rescue: _Trial | None = None
        self._fallback = _Trial(Widened(wide), batch_size or 8, best_chunk=batch_size or 8, exploring=False)
        self._done = 0
        self._verified = False

    @property
    def strategy(self) -> Strategy:
        """The strategy in use (the fastest so far)."""
        return self._current().strategy

    @property
    def chunk(self) -> int:
        """Images a chunk at present."""
        return self._current().best_chunk

    def push(
        self, x: Tensor, tangents: Callable[[slice], Tensor]
    ) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """Yield (slice of x, f(x), pushed tangents (T, b, ...)) until all of x is done.

        `tangents(s)` gives the tangents (T, b, ...) of x[s]; they are made chunk by chunk to bound the memory.
        """
        start = 0
        while start < len(x):
            trial = self._next(x, tangents)
            chunk = min(trial.chunk if trial.exploring else trial.best_chunk, self.limit or len(x), len(x) - start)
            part = slice(start, start + chunk)
            outcome = self._attempt(trial, x[part], tangents(part))
            if outcome is None:
                continue
            yield part, *outcome
            start += chunk
            self._done += chunk

    def _attempt(self, trial: _Trial, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor] | None:
        """One chunk by one strategy, timed; None when it failed and something else is to be tried."""
        chunk = len(x)
        try:
            with peak_bytes(x.device) as peak:
                began = time.perf_counter()
                y, pushed = trial.strategy(self.f, x, v)
                if x.device.type == "cuda":
                    torch.cuda.synchronize(x.device)
                seconds = (time.perf_counter() - began) / chunk
                used = peak()
        except Exception as error:
            self._failed(trial, chunk, error)
            return None
        if not self._verified and trial.strategy.exact:
            self._verified = True
            if self._contradicted(x[:1], v[:1, :1], pushed[:1, :1]):
                self._trials = []
                return None
        self._learn(trial, chunk, seconds, used, x.device)
        return y, pushed

    def _next(self, x: Tensor, tangents: Callable[[slice], Tensor]) -> _Trial:
        if self._trials is None:
            self._trials = self._candidates(x, tangents)
        affordable = self.total is None or self._done <= _TRIAL_SHARE * self.total
        first = self._trials[0] if self._trials else self._fallback
        for trial in self._trials:
            if trial.exploring and (affordable or (trial is first and trial.seconds == float("inf"))):
                return trial
        return self._current()

    def _current(self) -> _Trial:
        tried = [t for t in self._trials or [] if t.seconds < float("inf")]
        return min(tried, key=lambda t: t.seconds) if tried else (self._trials or [self._fallback])[0]

    def _candidates(self, x: Tensor, tangents: Callable[[slice], Tensor]) -> list[_Trial]:
        count = len(tangents(slice(0, 1)))
        start = self._fixed or (1 if x.device.type == "cpu" else 4)
        trials = [
            _Trial(Vectorised(), start),
            _Trial(OneByOne(), self._fixed or max(4, start)),
            _Trial(Tiled(), self._fixed or max(2, start)),
        ]
        y = self.f(x[:1])
        if y.ndim == 2 and y.shape[1] <= count:
            trials.insert(0, _Trial(Reverse(), self._fixed or 8))
        elif y.ndim == 2 and y.shape[1] <= 8 * count:
            self._rescue = _Trial(Reverse(), self._fixed or 8)
        return trials

    def _learn(self, trial: _Trial, chunk: int, seconds: float, used: int, device: torch.device) -> None:
        if not trial.exploring:
            return
        better = seconds < _GAIN * trial.seconds
        if seconds < trial.seconds:
            trial.seconds, trial.best_chunk = seconds, chunk
        memory = available_bytes(device)
        if self._fixed is None and memory and used:
            # Another chunk may take half of what is free, judged by what this one took an image.
            roof = max(1, int(0.5 * memory / (used / chunk)))
            self.limit = min(self.limit or roof, roof)
        trial.chunk = 2 * chunk
        best = min((t.seconds for t in self._trials or [] if t is not trial), default=float("inf"))
        hopeless = seconds > 1.5 * best
        if not better or hopeless or self._fixed or (self.limit and trial.chunk > self.limit):
            trial.exploring = False

    def _failed(self, trial: _Trial, chunk: int, error: Exception) -> None:
        if out_of_memory(error) and chunk > 1:
            self.limit = chunk // 2
            self._fixed = None if self._fixed is None else self.limit
            trial.chunk = trial.best_chunk = self.limit
            trial.exploring = False
            if trial.seconds == float("inf"):
                trial.exploring = True
            return
        if trial is self._fallback:
            raise error
        self.dropped[trial.strategy.name] = f"{type(error).__name__}: {first_line(error)}"
        assert self._trials is not None
        self._trials.remove(trial)
        if not self._trials and self._rescue is not None:
            self._trials, self._rescue = [self._rescue], None

    def _contradicted(self, x: Tensor, v: Tensor, pushed: Tensor) -> bool:
        """Whether central differences, where they agree among themselves, deny the derivative.

        A network that detaches, rounds or leaves torch on its way has a forward derivative that is wrong in
        silence. Two steps that agree within 20 % and differ from it by half are taken as the truth.
        """
        quotients = [CentralDifference(step)(self.f, x, v)[1].double() for step in (3e-2, 1e-2, 3e-3)]
        exact = pushed.double()
        for a, b in zip(quotients, quotients[1:], strict=False):
            size = torch.maximum(a.norm(), b.norm())
            if not bool(size > 0) or not bool((a - b).norm() <= 0.2 * size):
                continue
            if bool((a - exact).norm() > 0.5 * torch.maximum(size, exact.norm())):
                reason = "the forward derivative disagrees with central differences (does the model detach or round?)"
                self.dropped["forward mode"] = reason
                warnings.warn(reason + "; measured by central differences", SymmeterWarning, stacklevel=2)
                return True
        return False


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, at most 200 characters.

    >>> first_line(ValueError("too big" + chr(10) + "by far"))
    'too big'
    """
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
