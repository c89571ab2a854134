"""The part of a longer signal that a network hears: motions of the whole move it, and nothing is made up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from symmeter.domains.signals.groups import InTime
from symmeter.domains.signals.signal import Signal
from symmeter.domains.signals.time_map import TimeMap
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Part(Representation):
    """Signals (B, C, L) moved as a whole, and heard (B, C, L - 2 margin) without the margin that a group needs.

    >>> import torch
    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> from symmeter.domains.signals.names import named
    >>> heard = Part(Signal(Bandlimited()), named("shift(1,crop)")[0])
    >>> heard.act(TimeMap(shift=1.0), torch.arange(6.0)[None, None])[0].tolist()
    [[[0.0, 1.0, 2.0, 3.0]]]
    """

    signal: Signal
    group: InTime

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (the part of rho(g) x that is heard (B, C, L - 2 margin), its mask)."""
        acting, heard = self.signal.acting(x), self._heard(x.shape[-1])

        def act(element: Element) -> Acted:
            whole = element.in_samples() if isinstance(element, TimeMap) else element
            moved, mask = acting(whole)
            return moved[..., heard], mask.expand(x.shape[-1])[heard]

        return act

    def shape_for(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        heard = self._heard(shape[-1])
        return (*shape[:-1], heard.stop - heard.start)

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        raise SymmeterError("a part of a longer signal is moved by elements of groups: it has no derivative")

    def describe(self) -> str:
        return f"part of a longer signal, {self.group.name}"

    def _heard(self, length: int) -> slice:
        """Where it lies in a signal of this length."""
        margin = self.group.margin(length)
        return slice(margin, length - margin)
