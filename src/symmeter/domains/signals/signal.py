"""How symmetries act on a signal: it is moved in time, and its amplitudes change where they are known to."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.grid import Grid
from symmeter.domains.signals.groups import GENERATORS_OF_SIGNALS, POLARITY, Involution
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted

GAIN = GENERATORS_OF_SIGNALS["gain"]


@dataclass(frozen=True)
class Signal(Grid):
    """Signals (B, C, L). With `amplitude`, gain and polarity act on the values; without, they leave them alone.

    So does the network's input have amplitudes, and a denoised signal, but not the scores of classes at every time.

    >>> from symmeter.domains.grids.interpolants.series import Periodic
    >>> Signal(Periodic(), amplitude=True).act(Involution(POLARITY), torch.ones(1, 1, 2))[0].tolist()
    [[[-1.0, -1.0]]]
    """

    axes: int = 1
    amplitude: bool = False

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
            if isinstance(element, Involution):
                return self._turned(element, x), everywhere
            if isinstance(element, Flow) and element.generator == GAIN:
                return (x * math.exp(element.t) if self.amplitude else x), everywhere
            return acting(element)

        return act

    def _turned(self, element: Involution, x: Tensor) -> Tensor:
        if element.is_identity or (element.of == POLARITY and not self.amplitude):
            return x
        return -x if element.of == POLARITY else x.flip(-1)

    def describe(self) -> str:
        return "signal" if self.amplitude else "signal, amplitudes left alone"
