"""Signals: what symmeter has to know of them, in one class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from symmeter.domain import Inputs, Symmetries
from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.gridded import Gridded
from symmeter.domains.grids.options import DEFINITION, PADDING
from symmeter.domains.grids.shifts import margin_of
from symmeter.domains.grids.window import Window
from symmeter.domains.signals.data import SIGNALS, open_signals, rows_of
from symmeter.domains.signals.groups import POLARITY, SYMMETRIES, Involution, named
from symmeter.domains.signals.signal import Signal
from symmeter.models.loaded import LoadedModel
from symmeter.options import option
from symmeter.samples import Draw, Samples
from symmeter.symmetry.displaced import as_far, displaced, turned
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker


@dataclass(frozen=True)
class SignalOptions:
    """How signals are moved in time."""

    definition: Any = option("bandlimited", DEFINITION, "of the derivative (default: bandlimited)", "D")
    padding: Any = option(None, PADDING, "what motions bring in: reflect, zeros or circular", "P")


class Signals(Gridded):
    """Signals (B, C, L), moved in time, amplified, turned in sign and reversed.

    A batch of them looks like one image, so this kind of data is said: `domain="signals"`.

    >>> [one.name for word in ("translation", "shift(8)", "polarity") for one in Signals.symmetry(word)]
    ['translation_x', 'shift(8)', 'polarity']
    """

    name = "signals"
    item = "signal"
    position = "sample"
    Options = SignalOptions
    symmetries = SYMMETRIES
    actions = ("invariant", "equivariant", "channels_first", "signal")
    input_words = ("signal",)
    class_axis = 1

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        return named(word)

    @classmethod
    def takes(cls, data: Any) -> bool:
        """Only what says so: a batch of three axes is one image as well, or sets of points, and that is not guessed."""
        return isinstance(data, Mapping) and bool({"signals", "signal"} & set(data))

    def open(self, data: Any, model: LoadedModel, draw: Draw, group: Group | None = None) -> Samples:
        return open_signals(data, draw, _margin(group))

    def check(self, data: str, model: str) -> None:
        SIGNALS.check_path(data)

    def leaf(self, word: str, tensor: Tensor, model: LoadedModel) -> tuple[Tensor, Representation]:
        """Signals (N, C, L)."""
        if word != "signal":
            return super().leaf(word, tensor, model)
        return rows_of(tensor, f"input {word!r}"), self.rho_in(model)

    def rho_in(self, model: LoadedModel, group: Group | None = None) -> Representation:
        if _margin(group):
            return Window((0, _margin(group)))
        return self._signal(amplitude=True)

    def act_by(self, action: str, y: Tensor) -> Representation:
        """How the symmetry acts on y: (B, C', L') where it moves, of any shape where it is invariant."""
        if action == "invariant":
            return Trivial()
        if y.ndim != 3:
            shape = ", ".join(["B", *map(str, y.shape[1:])])
            raise ValueError(f"it has shape ({shape}) and so no axis of time: that takes (B, C, L)")
        return self.still(self._signal(amplitude=action == "signal"), "an output in time")

    def known_action(self, name: str, y: Tensor, model: LoadedModel) -> str:
        """Outputs (B, C', L') are taken to have time last; their amplitudes are left alone."""
        return "channels_first" if y.ndim == 3 else super().known_action(name, y, model)

    def displaced(
        self, rho: Representation, x: Tensor, other: Tensor, still: Callable, replaced: Callable
    ) -> Inputs:
        """g -> x (B, C, L) moved as far as by g in another direction, with the contrast that it has.

        Polarity goes to the far side of all signals of one contrast, so there only the distance is kept.
        """
        in_time = lambda x, displacement, step: turned(x, displacement, step, axes=(2,))
        of_same_contrast = displaced(rho, x, other, still, replaced, in_time)
        at_a_distance = displaced(rho, x, other, still, replaced, as_far)

        def inputs(g: Element) -> Tensor:
            negated = isinstance(g, Involution) and g.of == POLARITY
            return at_a_distance(g) if negated else of_same_contrast(g)

        return inputs

    def tracker(self, x: Tensor) -> Tracker:
        return AxisTracker(x, Grid(self.interpolant, padding=self.padding, axes=1))

    def _signal(self, amplitude: bool) -> Signal:
        return Signal(self.interpolant, padding=self.padding, amplitude=amplitude)


def _margin(group: Group | None) -> int:
    """Samples at either end that a group needs beyond what the network sees."""
    _, beside = margin_of(group) or (0, 0)
    return beside
