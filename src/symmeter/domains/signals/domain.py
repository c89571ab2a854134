"""Signals: what symmeter has to know of them, in one class."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from symmeter.corruption import Corruption, corruptions_in
from symmeter.domain import Inputs, Symmetries
from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.gridded import Gridded
from symmeter.domains.grids.shifts import CROP
from symmeter.domains.signals.actions import ACTIONS, SIGNAL, hop_of, is_action, representation_of
from symmeter.domains.signals.alternatives import alternatives
from symmeter.domains.signals.amplitude import Amplitude
from symmeter.domains.signals.data import OneRate, check_data, open_signals, rate_of, rows_of
from symmeter.domains.signals.files import is_sound
from symmeter.domains.signals.groups import InTime
from symmeter.domains.signals.names import SYMMETRIES, named
from symmeter.domains.signals.options import SignalOptions
from symmeter.domains.signals.part import Part
from symmeter.domains.signals.signal import Signal
from symmeter.domains.signals.time_map import TimeMap
from symmeter.draw import Draw
from symmeter.models.loaded import LoadedModel
from symmeter.samples import Samples
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.displaced import as_far, displaced, turned
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.tracker import Tracker


class Signals(Gridded):
    """Signals (B, C, L), moved in time, amplified, turned in sign and reversed.

    A batch of them looks like one image, so this kind of data is said: `domain="signals"`. Files of sound say so
    themselves.

    >>> [one.name for word in ("translation", "shift(8)", "polarity") for one in Signals.symmetry(word)]
    ['translation_x', 'shift(8)', 'polarity']
    """

    name = "signals"
    item = SIGNAL
    position = "sample"
    files = "sound (.wav, .flac, .ogg), EDF, CSV, .npy, a folder of these, or an .npz"
    Options = SignalOptions
    symmetries = SYMMETRIES
    actions = ACTIONS
    input_words = (SIGNAL,)
    corrupted_inputs = (SIGNAL,)
    class_axis = 1
    array_names = frozenset({"signals", SIGNAL})

    def __init__(self, options: Any = None):
        super().__init__(options)
        self._at = OneRate(self.options.sample_rate)

    @classmethod
    def corruptions(cls) -> Mapping[str, Corruption]:
        return corruptions_in("symmeter.domains.signals.corruptions")

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        return named(word)

    @classmethod
    def takes(cls, data: Any) -> bool:
        """Only what says so: a batch of three axes is one image as well, or sets of points, and that is not guessed."""
        return (isinstance(data, Mapping) and not cls.array_names.isdisjoint(data)) or cls.claims(data)

    @classmethod
    def claims(cls, data: Any) -> bool:
        """Files of sound and of EDF, and archives with `signals`."""
        return (isinstance(data, str | Path) and is_sound(data)) or super().claims(data)

    def window_axes(self, group: Group) -> set[str]:
        """Along x, where a group lets the network hear a part of a longer signal."""
        return {"x"} if isinstance(group, InTime) and group.edge == CROP else set()

    def asked(self, model: LoadedModel, output: Any, data: Any) -> tuple[LoadedModel, Any]:
        """The same model and outputs; what the rate of the data is has to be known before anything moves."""
        self._at = rate_of(data, self.options)
        return model, output

    def open(self, data: Any, model: LoadedModel, draw: Draw, group: Group | None = None) -> Samples:
        return open_signals(data, self.options, draw, self._at, self._timed(group))

    def check(self, data: str, model: str) -> None:
        check_data(data)

    def leaf(self, word: str, tensor: Tensor, model: LoadedModel) -> tuple[Tensor, Representation]:
        """Signals (N, C, L)."""
        if word != SIGNAL:
            return super().leaf(word, tensor, model)
        return rows_of(tensor, f"input {word!r}"), self.rho_in(model)

    def bound(self, group: Group, rho: Representation, x: Tensor) -> Group:
        return super().bound(self._timed(group) or group, rho, x)

    def rho_in(self, model: LoadedModel, group: Group | None = None) -> Representation:
        """How inputs move; of groups which need what lies beside them, a part of a longer signal is heard."""
        timed = self._timed(group)
        return self._signal if timed is None or timed.edge != CROP else Part(self._signal, timed)

    def act_by(self, action: str, y: Tensor) -> Representation:
        """How the symmetry acts on y: (B, C', L') where it moves, of any shape where it is invariant."""
        return self.still(representation_of(action, y, self._signal), "an output in time")

    def is_action(self, word: str) -> bool:
        return is_action(word)

    def alternatives(self, rho: Representation, value: Tensor) -> Sequence[Alternative]:
        return alternatives(rho, value, self._signal)

    def known_action(self, name: str, y: Tensor, model: LoadedModel) -> str:
        """Outputs (B, C', L') are taken to have time last; their amplitudes are left alone."""
        return "channels_first" if y.ndim == 3 else super().known_action(name, y, model)

    def facts(
        self, shape: tuple[int, ...], outputs: Mapping[str, tuple[str, tuple[int, ...]]]
    ) -> Mapping[str, Any]:
        """The rate, the length in samples, and for outputs in frames how many samples lie between two of them."""
        rate, length = self._at.rate, shape[-1]
        hops = {name: hop_of(action) or _hop(length, own) for name, (action, own) in outputs.items()}
        found: dict[str, Any] = {"sample_rate": rate, "length": length}
        found["hops"] = {name: hop for name, hop in hops.items() if hop}
        half = (
            f"half of {length} samples, the unit of translation_x, is {length / 2 / rate:.4g} s"
            if rate
            else ""
        )
        found["explained"] = [f"{rate:g} Hz: {half}, one sample is {1e3 / rate:.4g} ms"] if rate else []
        return found

    def as_map(self, element: Element) -> Element:
        return self._signal.on_line(element, 1) if isinstance(element, TimeMap) else super().as_map(element)

    def displaced(
        self, rho: Representation, x: Tensor, other: Tensor, still: Callable, replaced: Callable
    ) -> Inputs:
        """g -> x (B, C, L) moved as far as by g in another direction, with the contrast that it has.

        Changes of amplitude change the contrast, or go to the far side of all signals that have it, so there only the
        distance is kept.
        """
        in_time = lambda x, displacement, step: turned(x, displacement, step, axes=(2,))
        of_same_contrast = displaced(rho, x, other, still, replaced, in_time)
        at_a_distance = displaced(rho, x, other, still, replaced, as_far)
        return lambda g: (at_a_distance if isinstance(g, Amplitude) else of_same_contrast)(g)

    def tracker(self, x: Tensor) -> Tracker:
        return AxisTracker(x, Grid(self.interpolant, padding=self.padding, axes=1))

    @property
    def _signal(self) -> Signal:
        return Signal(self.interpolant, padding=self.padding, amplitude=True)

    def _timed(self, group: Group | None) -> InTime | None:
        """A group that moves time, as it does at the rate of the data; None for any other."""
        return group.at_rate(self._at.rate) if isinstance(group, InTime) else None


def _hop(length: int, shape: tuple[int, ...]) -> int | None:
    """How many samples of an input make one position of an output (C, L'); None where that is no whole number."""
    if len(shape) != 2 or length % shape[-1]:
        return None
    return length // shape[-1]
