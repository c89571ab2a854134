"""Derivatives checked against differences of the function itself, in float64 where it runs in that.

A network that detaches, rounds, or has a backward pass of its own may have a derivative that is wrong in silence. The
function is not: where its difference quotients agree among themselves, they are the truth.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.autodiff.steps import along, ends, quotient, root_mean_square, step_size
from symmeter.autodiff.strategies import Strategy
from symmeter.errors import first_line

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class _Terms:
    """What a comparison in one precision can ask for: relative steps, and how closely things must agree."""

    steps: tuple[float, ...]
    agreement: float  # of the quotients among themselves, relative
    tolerance: float  # of the derivative with them


# In float64 a smooth function's quotients agree to 1e-9 at these steps; in float32 to some 1e-2.
_WIDE = _Terms((6e-6, 6e-5, 6e-7), agreement=1e-3, tolerance=1e-3)
_NARROW = _Terms((1e-2, 3e-3, 3e-2), agreement=0.05, tolerance=0.2)
_COARSE = (0.03, 0.1)  # steps that the grid of a quantised network does not hide
_RESOLVED = 4.0  # units of round-off
_NOISES = 100.0  # a change this many times what round-off makes is one
_NUDGES, _NUDGE, _SPREADS = (
    8,
    8.0,
    10.0,
)  # draws, units of round-off, and how much of what they change is excused


@dataclass
class Verifier:
    """Holds strategies to difference quotients of `f`, by `wide` (f in float64) while that runs.

    All tangents of an image are tested at once, along sum_t a_t v_t with random signs and weights that make their
    responses alike: the derivative is linear. Images whose quotients do not agree at all steps (a kink) say nothing.
    """

    f: Function
    wide: Function | None
    seed: int = 0
    left_out: str = ""  # why nothing could be compared, for the reader
    _checked: int = field(default=0, init=False)
    _wide_runs: bool | None = field(default=None, init=False)

    def contradiction(self, strategy: Strategy, x: Tensor, v: Tensor, pushed: Tensor) -> str | None:
        """What speaks against `pushed` (T, b, ...) of images x (b, ...) along v (T, b, ...); None for nothing."""
        weights = self._weights(v, pushed)
        direction = torch.einsum("tb,tb...->b...", weights, v.double())
        found = torch.einsum("tb,tb...->b...", weights, pushed.double())
        self._checked += 1
        if self.wide is not None and not self._runs_wide(x[:1]):
            self.wide = None  # some part of the model is float32 whatever its input
        f, terms = (self.wide, _WIDE) if self.wide is not None else (self.f, _NARROW)
        x, direction = (u.double() if terms is _WIDE else u.to(pushed.dtype) for u in (x, direction))
        try:
            return self._compare(f, terms, strategy, x, direction, found)
        except Exception:
            return self._within_range(f, terms, strategy, x, direction)

    def _weights(self, v: Tensor, pushed: Tensor) -> Tensor:
        """(T, b): random signs over the size of each response, or over what the size of the tangent lets expect."""
        draw = torch.Generator().manual_seed(self.seed + self._checked)
        signs = (torch.randint(0, 2, v.shape[:2], generator=draw) * 2 - 1).to(v.device).double()
        sizes, responses = (u.double().flatten(2).norm(dim=2) for u in (v, pushed))
        gain = responses.sum(0) / sizes.sum(0).clamp(min=torch.finfo(torch.float64).tiny)
        expected = torch.maximum(responses, 1e-3 * gain * sizes)
        expected = torch.where(expected > 0, expected, sizes)
        return torch.where(expected > 0, signs / expected, 0.0)

    def _compare(
        self, f: Function, terms: _Terms, strategy: Strategy, x: Tensor, w: Tensor, found: Tensor
    ) -> str | None:
        zero = ~found.flatten(1).any(1)
        if bool(zero.any()) and self._moves(f, terms, strategy, x[zero], w[zero]):
            return "it is 0 where the outputs change"
        first, noise = ends(f, x, w, terms.steps[0])
        # Round-off of float32 in the outputs, over the way that doubles the image: no derivative resolves less.
        slack = _RESOLVED * torch.finfo(torch.float32).eps / torch.finfo(x.dtype).eps * terms.steps[0] * noise
        wrong = ~_close(first, found, terms.tolerance, slack)
        if not bool(wrong.any()):
            return None
        x, w, found, first = x[wrong], w[wrong], found[wrong], first[wrong]
        others = [quotient(f, x, w, step) for step in terms.steps[1:]]
        sure = torch.stack([_close(first, other, terms.agreement) for other in others]).all(0)
        if terms is _WIDE and bool(sure.any()):
            sure = sure & ~self._at_a_kink(strategy, x, w, found, first)
        if not bool(sure.any()):
            return None
        a, b = (u[sure].flatten(1).norm(dim=1).mean() for u in (found, first))
        return f"it disagrees with central differences, {float(a):.3g} for {float(b):.3g}"

    def _at_a_kink(self, strategy: Strategy, x: Tensor, w: Tensor, found: Tensor, truth: Tensor) -> Tensor:
        """(b,) whether float32 lies on the other side of a kink: float64 has the truth, and round-off changes sides."""
        assert self.wide is not None
        exact = strategy(self.wide, x, w[None])[1][0]
        narrow = found.float()  # nothing but its type
        draws = []
        for seed in range(_NUDGES):
            noise = torch.randn(
                x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
            ).to(x)
            moved = x + _NUDGE * torch.finfo(narrow.dtype).eps * along(root_mean_square(x), x) * noise
            draws.append(strategy(self.f, moved.to(narrow), w[None].to(narrow))[1][0].double().flatten(1))
        spread = (torch.stack(draws) - draws[0]).norm(dim=2).amax(0)
        error = (found - exact).flatten(1).norm(dim=1)
        return _close(exact, truth, _WIDE.tolerance) & (error <= _SPREADS * spread)

    @staticmethod
    def _moves(f: Function, terms: _Terms, strategy: Strategy, x: Tensor, w: Tensor) -> bool:
        """Whether the outputs of images without a derivative change over larger steps, as a staircase does.

        A softmax that float32 cannot tell from 1 has no derivative in float32 either: float64 is asked first.
        """
        if terms is _WIDE:
            still = ~strategy(f, x, w[None])[1][0].flatten(1).any(1)
            x, w = x[still], w[still]
        if not len(x):
            return False
        changes = [ends(f, x, w, step) for step in _COARSE]
        return any(bool((q.flatten(1).norm(dim=1) > _NOISES * noise).any()) for q, noise in changes)

    def _runs_wide(self, x: Tensor) -> bool:
        """Whether the function takes and returns float64; asked once."""
        if self._wide_runs is None:
            try:
                self._wide_runs = self.wide is not None and self.wide(x.double()).dtype == torch.float64
            except Exception:
                self._wide_runs = False
        return self._wide_runs

    def _within_range(
        self, f: Function, terms: _Terms, strategy: Strategy, x: Tensor, w: Tensor
    ) -> str | None:
        """The comparison where the model refuses images that leave their range: on images drawn to its middle."""
        low, high = x.amin(), x.amax()
        farthest = float((step_size(x, w, max(terms.steps)) * w.flatten(1).abs().amax(1)).max())
        share = min(1.0, 2 * farthest / max(float(high - low), 1e-30))
        inside = x + share * ((low + high) / 2 - x)
        try:
            return self._compare(f, terms, strategy, inside, w, strategy(f, inside, w[None])[1][0].double())
        except Exception as error:
            self.left_out = ("the derivative was not verified: the model refuses images that are moved a little "
                             f"({first_line(error)})")  # fmt: skip
            return None


def _close(a: Tensor, b: Tensor, tolerance: float, slack: Tensor | float = 0.0) -> Tensor:
    """(b,) whether two derivatives agree relative to the larger, or to `slack`; those that are not finite do not."""
    a, b = a.double().flatten(1), b.double().flatten(1)
    return (a - b).norm(dim=1) <= tolerance * torch.maximum(a.norm(dim=1), b.norm(dim=1)) + slack
