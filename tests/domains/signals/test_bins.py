"""Outputs over bins of log-frequency, moved by pitch."""

from typing import ClassVar

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.signals.actions import is_action, representation_of
from symmeter.domains.signals.amplitude import Amplitude
from symmeter.domains.signals.bins import Bins
from symmeter.domains.signals.names import named
from symmeter.domains.signals.signal import Signal
from symmeter.domains.signals.time_map import TimeAxis, TimeMap

SCORES = torch.randn(2, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
AROUND = Grid(Periodic(), axes=1)  # bins on a circle, so that nothing is lost
BY_OCTAVES = tuple(TimeMap(octaves=k / 12, steps=12) for k in (0, 1, 2, -1, 5))
(SCALE,), (TRANSLATION,) = named("scale"), named("translation")


class TestBins(RepresentationContract):
    representation = Bins(AROUND, 12)
    elements = (*BY_OCTAVES, Amplitude(-1.0), TimeMap(backwards=True), TimeMap(shift=2.0))
    example = torch.randn(3, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    generators = (SCALE, TRANSLATION)


class TestBinsAndFrames(RepresentationContract):
    representation = Bins(AROUND, 12, Signal(Periodic()))
    elements = named("shift")[0].bind((1, 8)).enumerate()
    example = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    generators: ClassVar = (TRANSLATION,)


def test_pitch_moves_bins_up_and_masks_what_comes_from_outside():
    rho = representation_of("bins(60 per octave)", SCORES, Signal(Bandlimited()))
    up, mask = rho.act(TimeMap(octaves=2 / 60, steps=60), SCORES)
    assert torch.equal(up[:, 2:], SCORES[:, :-2]) and mask.tolist() == [0, 0, 1, 1, 1, 1]
    down, mask = rho.act(TimeMap(octaves=-1 / 12, steps=12), SCORES)  # a semitone: five bins
    assert torch.equal(down[:, :1], SCORES[:, 5:]) and mask.tolist() == [1, 0, 0, 0, 0, 0]
    assert torch.equal(rho.act(TimeMap(shift=3.0), SCORES)[0], SCORES)


def test_bins_and_frames_move_each_along_their_own_axis():
    """(B, K, T): pitch moves bins, a shift by one hop moves frames."""
    grid = torch.arange(12.0, dtype=torch.float64).reshape(1, 4, 3)
    rho = representation_of("bins(60 per octave, hop=10)", grid, Signal(Bandlimited()))
    moved, mask = rho.act(TimeMap(shift=10.0, axis=TimeAxis(30)), grid)
    assert torch.equal((moved * mask)[0, :, 1:], grid[0, :, :-1]) and not mask[:, 0].any()
    higher, mask = rho.act(TimeMap(octaves=1 / 60, steps=60), grid)
    assert mask[0].tolist() == [0, 0, 0] and mask[1:, 1].tolist() == [1, 1, 1]
    assert higher[0, 1:, 1].tolist() == pytest.approx(grid[0, :-1, 1].tolist())


def test_words_are_read_and_print_back():
    signal = Signal(Bandlimited())
    frames, bins = torch.rand(2, 5, 8), torch.rand(2, 60)
    for word, y in (
        ("frames(hop=160)", frames), ("bins(60 per octave)", bins), ("bins(24 per octave)", frames),
        ("bins(60 per octave, hop=160)", frames),
    ):  # fmt: skip
        assert is_action(word) and representation_of(word, y, signal).describe() == word
    assert not any(map(is_action, ("frames(hop=0)", "bins(per octave)", "bins(60)", "frames")))
    with pytest.raises(ValueError, match="no axis of time"):
        representation_of("frames(hop=4)", bins, signal)
