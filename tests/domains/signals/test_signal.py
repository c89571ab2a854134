"""Signals: moved in time, and where they have amplitudes, amplified and turned in sign."""

import math

import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.signals.amplitude import Amplitude
from symmeter.domains.signals.names import named
from symmeter.domains.signals.part import Part
from symmeter.domains.signals.signal import GAIN, Signal
from symmeter.domains.signals.time_map import TimeAxis, TimeMap

SIGNALS = torch.randn(3, 2, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SHIFTS = named("shift(3)")[0].bind((2, 8)).enumerate()
(TRANSLATION,) = named("translation_x")
TURNED = Amplitude(-1.0)
BACKWARDS = TimeMap(backwards=True)


class TestSignal(RepresentationContract):
    representation = Signal(Periodic(), amplitude=True)
    elements = (*SHIFTS, TURNED, BACKWARDS, Amplitude(0.5))
    example = SIGNALS
    generators = (TRANSLATION, GAIN)


class TestWithoutAmplitude(TestSignal):
    representation = Signal(Periodic())


class TestFrames(TestSignal):
    """Shifts by whole hops of an input of 16 samples, which its output takes as shifts by whole frames."""

    representation = Signal(Periodic(), hop=2)
    elements = tuple(named("shift")[0].bind((2, 16)).enumerate()[::2])


class TestPart(RepresentationContract):
    """What is heard of the middle of a longer signal."""

    representation = Part(Signal(Bandlimited(), amplitude=True), named("shift(2,crop)")[0])
    elements = (*named("shift(2,crop)")[0].bind((2, 4)).enumerate(), TURNED)
    example = SIGNALS
    keeps_shape = False


def test_what_changes_amplitudes_leaves_scores_alone():
    scores, signal = Signal(Periodic()), Signal(Periodic(), amplitude=True)
    louder = GAIN.exp(0.5)
    assert torch.equal(scores.act(TURNED, SIGNALS)[0], SIGNALS)
    assert torch.equal(signal.act(TURNED, SIGNALS)[0], -SIGNALS)
    assert not scores.differentiate(GAIN, SIGNALS).any()
    assert torch.equal(signal.differentiate(GAIN, SIGNALS), SIGNALS)
    torch.testing.assert_close(signal.act(louder, SIGNALS)[0], SIGNALS * math.exp(0.5))


def test_reversal_and_shifts_are_exact():
    signal = Signal(Periodic())
    assert torch.equal(signal.act(BACKWARDS, SIGNALS)[0], SIGNALS.flip(-1))
    for g in SHIFTS:
        assert torch.equal(signal.act(g, SIGNALS)[0], SIGNALS.roll(int(g.shift), -1))


def test_parts_of_samples_are_band_limited():
    """A wave that fits on the circle, shifted by any amount, is that wave with another phase."""
    t = torch.arange(8, dtype=torch.float64)
    wave = lambda shift: torch.cos(2 * math.pi * 3 * (t - shift) / 8)[None, None]
    moved, _ = Signal(Periodic()).act(TimeMap(shift=0.3, axis=TimeAxis(8, True)), wave(0))
    torch.testing.assert_close(moved, wave(0.3), rtol=1e-12, atol=1e-12)


def test_frames_move_by_a_part_of_a_hop():
    """A shift by one sample is a third of a frame of three samples: also where frames do not fill the input."""
    frames = torch.arange(5.0, dtype=torch.float64)[None, None]
    line = Signal(Bandlimited(), hop=3)
    whole, mask = line.act(TimeMap(shift=3.0, axis=TimeAxis(17)), frames)
    assert (whole * mask)[0, 0].tolist() == [0, 0, 1, 2, 3]
    assert line.on_line(TimeMap(shift=1.0, axis=TimeAxis(17)), 5).shift == (1 / 3,)
    assert Signal(Bandlimited()).on_line(TimeMap(shift=1.0, axis=TimeAxis(20)), 5).shift == (0.25,)


def test_a_part_moves_as_the_whole_and_makes_nothing_up():
    """Any motion of what is heard is that of the long signal: pitch too."""
    (group,) = named("pitch(1,2,crop)")
    t = torch.arange(400, dtype=torch.float64) - 199.5
    tone = lambda pitch: torch.cos(0.2 * pitch * t)[None, None]
    signal = Signal(Bandlimited())
    part = Part(signal, group)
    for g in group.enumerate():
        heard, mask = part.act(g, tone(1.0))
        margin = group.margin(400)
        assert heard.shape[-1] == 400 - 2 * margin and bool(mask.all())
        inside = slice(margin + 10, 400 - margin - 10)
        torch.testing.assert_close(heard[..., 10:-10], tone(2**g.octaves)[..., inside], rtol=0, atol=1e-2)
