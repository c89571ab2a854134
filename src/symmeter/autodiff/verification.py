"""Derivatives checked against differences of the function itself, in float64 where it runs in that.

A network that detaches, rounds, or has a backward pass of its own may have a derivative that is wrong in silence. The
function is not: where its difference quotients agree among themselves, they are the truth. Images are x (b, ...), a
direction w is of their shape, and so is what is found along it of outputs (b, ...).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import torch
from torch import Tensor

from symmeter.autodiff.steps import TensorFunction, along, ends, quotient, root_mean_square, step_size
from symmeter.autodiff.strategies import Strategy
from symmeter.errors import first_line


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
_NUDGES = 8  # draws of round-off
_NUDGE = 8.0  # units of round-off in each
_SPREADS = 10.0  # how much of what they change is excused


@dataclass
class Verifier:
    """Holds strategies to difference quotients of `f`, by `wide` (f in float64) while that runs.

    All tangents of an image are tested at once, along sum_t a_t v_t with random signs and weights that make their
    responses alike: the derivative is linear. Images whose quotients do not agree at all steps (a kink) say nothing.
    """

    f: TensorFunction
    wide: TensorFunction | None
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
        if self.wide is not None:
            f, terms, dtype = self.wide, _WIDE, torch.float64
        else:
            f, terms, dtype = self.f, _NARROW, pushed.dtype
        x, direction = x.to(dtype), direction.to(dtype)
        try:
            return self._compare(f, terms, strategy, x, direction, found)
        except Exception:
            return self._within_range(f, terms, strategy, x, direction)

    def _weights(self, v: Tensor, pushed: Tensor) -> Tensor:
        """(T, b): random signs over the size of each response, or over what the size of the tangent lets expect."""
        draw = torch.Generator().manual_seed(self.seed + self._checked)
        coins = torch.randint(0, 2, v.shape[:2], generator=draw)
        signs = (coins * 2 - 1).to(v.device).double()
        sizes = v.double().flatten(2).norm(dim=2)
        responses = pushed.double().flatten(2).norm(dim=2)
        gain = responses.sum(0) / sizes.sum(0).clamp(min=torch.finfo(torch.float64).tiny)
        expected = torch.maximum(responses, 1e-3 * gain * sizes)
        expected = torch.where(expected > 0, expected, sizes)
        return torch.where(expected > 0, signs / expected, 0.0)

    def _compare(
        self, f: TensorFunction, terms: _Terms, strategy: Strategy, x: Tensor, w: Tensor, found: Tensor
    ) -> str | None:
        """What speaks against the derivative `found` of f at x along w."""
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
        if self.wide is not None:
            clear = ~self._within_round_off(self.wide, strategy, x, w, found, first)
            x, w, found, first = x[clear], w[clear], found[clear], first[clear]
        sure = [self._is_sure(f, terms, *those) for those in zip(x, w, first, strict=True)]
        if not any(sure):
            return None
        size = float(found[sure].flatten(1).norm(dim=1).mean())
        expected = float(first[sure].flatten(1).norm(dim=1).mean())
        return f"it disagrees with central differences, {size:.3g} for {expected:.3g}"

    @staticmethod
    def _is_sure(f: TensorFunction, terms: _Terms, x: Tensor, w: Tensor, first: Tensor) -> bool:
        """Whether the quotients of one image x (...) at other steps agree with its first: there is no kink."""
        others = (quotient(f, x[None], w[None], step) for step in terms.steps[1:])
        return all(bool(_close(first[None], other, terms.agreement)) for other in others)

    def _within_round_off(
        self, wide: TensorFunction, strategy: Strategy, x: Tensor, w: Tensor, found: Tensor, truth: Tensor
    ) -> Tensor:
        """(b,) whether float32 cannot tell: float64 has the truth, and round-off changes sides of a kink, or decides.

        It decides where terms cancel, as in the mean of a derivative over all positions.
        """
        exact = _pushed(strategy, wide, x, w)
        known = _close(exact, truth, _WIDE.tolerance)
        error = (found - exact).flatten(1).norm(dim=1)
        excused = torch.zeros_like(known)
        draws: list[Tensor] = []
        while not bool((excused | ~known).all()) and len(draws) < _NUDGES:
            generator = torch.Generator().manual_seed(len(draws))
            moved, turned = (_nudged(value, generator).float() for value in (x, w))
            draws.append(_pushed(strategy, self.f, moved, turned).double().flatten(1))
            excused |= error <= _SPREADS * (draws[-1] - draws[0]).norm(dim=1)
        return known & excused

    @staticmethod
    def _moves(f: TensorFunction, terms: _Terms, strategy: Strategy, x: Tensor, w: Tensor) -> bool:
        """Whether the outputs of images without a derivative change over larger steps, as a staircase does.

        A softmax that float32 cannot tell from 1 has no derivative in float32 either: float64 is asked first.
        """
        if terms is _WIDE:
            still = ~_pushed(strategy, f, x, w).flatten(1).any(1)
            x, w = x[still], w[still]
        if not len(x):
            return False
        for step in _COARSE:
            change, noise = ends(f, x, w, step)
            if bool((change.flatten(1).norm(dim=1) > _NOISES * noise).any()):
                return True
        return False

    def _runs_wide(self, x: Tensor) -> bool:
        """Whether the function takes and returns float64, seen on an image x (1, ...); asked once."""
        if self._wide_runs is None:
            try:
                self._wide_runs = self.wide is not None and self.wide(x.double()).dtype == torch.float64
            except Exception:
                self._wide_runs = False
        return self._wide_runs

    def _within_range(
        self, f: TensorFunction, terms: _Terms, strategy: Strategy, x: Tensor, w: Tensor
    ) -> str | None:
        """The comparison where the model refuses images that leave their range: on images drawn to its middle."""
        low, high = x.amin(), x.amax()
        farthest = float((step_size(x, w, max(terms.steps)) * w.flatten(1).abs().amax(1)).max())
        share = min(1.0, 2 * farthest / max(float(high - low), 1e-30))
        inside = x + share * ((low + high) / 2 - x)
        try:
            found = _pushed(strategy, f, inside, w).double()
            return self._compare(f, terms, strategy, inside, w, found)
        except Exception as error:
            self.left_out = (
                "the derivative was not verified: the model refuses images that are moved a little "
                f"({first_line(error)})"
            )
            return None


def _pushed(strategy: Strategy, f: TensorFunction, x: Tensor, w: Tensor) -> Tensor:
    """df_x(w) (b, ...) by a strategy."""
    _, derivative = strategy(f, x, w[None])
    return derivative[0]


class BlockVerifier:
    """A verifier for each of several outputs, so that a large one does not hide a small one.

    `f` gives them side by side, (B, entries); `sizes` are their entries.
    """

    def __init__(self, f: TensorFunction, wide: TensorFunction | None, sizes: Sequence[int]):
        ends = list(accumulate(sizes))
        self._blocks = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        self._verifiers = [
            Verifier(_part(f, block), None if wide is None else _part(wide, block)) for block in self._blocks
        ]

    @property
    def left_out(self) -> str:
        """Why nothing could be compared, for the reader."""
        return next((verifier.left_out for verifier in self._verifiers if verifier.left_out), "")

    def contradiction(self, strategy: Strategy, x: Tensor, v: Tensor, pushed: Tensor) -> str | None:
        """What speaks against `pushed` (T, b, entries) of x (b, ...) along v (T, b, ...); None for nothing."""
        for verifier, block in zip(self._verifiers, self._blocks, strict=True):
            reason = verifier.contradiction(strategy, x, v, pushed[..., block])
            if reason is not None:
                return reason
        return None


def _nudged(x: Tensor, generator: torch.Generator) -> Tensor:
    """x (b, ...) moved by some units of round-off of float32, of the size of each image."""
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x)
    return x + _NUDGE * torch.finfo(torch.float32).eps * along(root_mean_square(x), x) * noise


def _part(f: TensorFunction, block: slice) -> TensorFunction:
    """x -> the entries of f(x), (B, entries), that are in this block."""
    return lambda x: f(x)[:, block]


def _close(a: Tensor, b: Tensor, tolerance: float, slack: Tensor | float = 0.0) -> Tensor:
    """(b,) whether two derivatives agree relative to the larger, or to `slack`; those that are not finite do not."""
    a, b = a.double().flatten(1), b.double().flatten(1)
    return (a - b).norm(dim=1) <= tolerance * torch.maximum(a.norm(dim=1), b.norm(dim=1)) + slack
