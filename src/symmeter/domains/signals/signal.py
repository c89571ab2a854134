"""How symmetries act on a signal: it is moved in time, and its amplitudes change where they are known to."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.grid import Grid
from symmeter.domains.signals.amplitude import Amplitude
from symmeter.domains.signals.names import GENERATORS_OF_SIGNALS
from symmeter.domains.signals.time_map import TimeMap
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted

GAIN = GENERATORS_OF_SIGNALS["gain"]


@dataclass(frozen=True)
class Signal(Grid):
    """Signals (B, C, L). With `amplitude`, gain and polarity act on the values; without, they leave them alone.

    So does the network's input have amplitudes, and a denoised signal, but not the scores of classes at every time. An
    output in frames, (B, C, L'), moves by as large a share of its length as the input does; with `hop`, the samples
    from one frame to the next, by so many frames.

    >>> from symmeter.domains.grids.interpolants.series import Periodic
    >>> Signal(Periodic(), amplitude=True).act(Amplitude(-1.0), torch.ones(1, 1, 2))[0].tolist()
    [[[-1.0, -1.0]]]
    """

    axes: int = 1
    amplitude: bool = False
    hop: int | None = None

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, (B, C, L) each: that of gain is x itself."""
        found = super().differentiate_all(generators, x)
        if not self.amplitude:
            return found
        return [x.clone() if one == GAIN else moved for one, moved in zip(generators, found, strict=True)]

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (rho(g) x (B, C, L), mask)."""
        acting = super().acting(x)
        everywhere = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            factor = _gain(element)
            if factor is not None:
                return (x * factor if self.amplitude else x), everywhere
            moves = isinstance(element, TimeMap)
            return acting(self.on_line(element, x.shape[-1]) if moves else element)

        return act

    def on_line(self, motion: TimeMap, length: int) -> AffineMap:
        """The motion of a line of this length, in its own samples: of frames, a shift is a part of one."""
        spacing = self.hop or (motion.axis.length or length) / length
        return AffineMap(((motion.factor,),), (motion.shift / spacing,), wrap=motion.axis.wrap)

    def describe(self) -> str:
        if self.hop is not None:
            return f"frames(hop={self.hop})"
        return "signal" if self.amplitude else "signal, amplitudes left alone"


def _gain(element: Element) -> float | None:
    """By which factor an element changes amplitudes; None for what is no change of amplitude."""
    if isinstance(element, Flow) and element.generator == GAIN:
        return math.exp(element.t)
    return element.factor if isinstance(element, Amplitude) else None
