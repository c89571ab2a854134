"""Outputs over bins of log-frequency, as pitch networks have them: what sounds higher lies further along."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap, identity
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import Grid
from symmeter.domains.signals.names import GENERATORS_OF_SIGNALS
from symmeter.domains.signals.signal import Signal
from symmeter.domains.signals.time_map import TimeMap
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation

_FASTER = GENERATORS_OF_SIGNALS["scale"]  # exp(t X) reads a signal at e^t times its time
_ALONG = identity(1)
_OCTAVES = 1 / math.log(2)  # of one log-unit of scale


@dataclass(frozen=True)
class Bins(Representation):
    """Values of bins, (B, K), or of bins and frames, (B, ..., K, T): a change of pace moves them by octaves.

    `per_octave` bins are one octave, bin 0 the lowest. Bins whose source lies outside of the K are masked. Frames move
    as `frames` says; without frames there is no time, and shifts and reversal do nothing.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> up = TimeMap(octaves=2 / 60, steps=60)
    >>> moved, mask = Bins(Grid(Bandlimited(), axes=1), 60).act(up, torch.arange(4.0)[None])
    >>> (moved * mask).tolist()
    [[0.0, 0.0, 0.0, 1.0]]
    """

    line: Grid
    per_octave: int
    frames: Signal | None = None

    @property
    def channel_axis(self) -> int | None:
        return None

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (rho(g) x (B, K) or (B, ..., K, T), mask (K,) or (K, T))."""
        everywhere = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            octaves = _octaves(element)
            if octaves is None:
                return x, everywhere
            higher = AffineMap(_ALONG, (octaves * self.per_octave,))
            moved, mask = self.line.act(higher, self._bins_last(x))
            moved = self._bins_back(moved, x)
            if self.frames is None:
                return moved, mask
            moved, in_time = self.frames.act(element, moved.flatten(1, -2))
            return moved.unflatten(1, x.shape[1:-1]), mask[:, None] * in_time

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, of the shape of x each: of `scale` a move towards higher bins."""
        slope = self._bins_back(self.line.interpolant.differentiate(self._bins_last(x), -1), x)
        higher = -_OCTAVES * self.per_octave * slope
        moved = [higher if one == _FASTER else torch.zeros_like(x) for one in generators]
        if self.frames is None:
            return moved
        in_time = self.frames.differentiate_all(generators, x.flatten(1, -2))
        return [a + b.unflatten(1, x.shape[1:-1]) for a, b in zip(moved, in_time, strict=True)]

    def describe(self) -> str:
        hop = f", hop={self.frames.hop}" if self.frames is not None and self.frames.hop else ""
        return f"bins({self.per_octave} per octave{hop})"

    def _bins_last(self, x: Tensor) -> Tensor:
        """(B, 1, K), or (B, ... T, K) as lines along the bins."""
        return x[:, None] if self.frames is None else x.movedim(-2, -1).flatten(1, -2)

    def _bins_back(self, lines: Tensor, x: Tensor) -> Tensor:
        """The shape of x again."""
        if self.frames is None:
            return lines[:, 0]
        return lines.unflatten(1, (*x.shape[1:-2], x.shape[-1])).movedim(-1, -2)


def _octaves(element: Element) -> float | None:
    """By how much an element makes sounds higher; None for what does nothing to time."""
    if isinstance(element, Flow) and isinstance(element.generator, AffineGenerator):
        return element.t * _OCTAVES * (element.generator == _FASTER)
    return element.octaves if isinstance(element, TimeMap) else None
