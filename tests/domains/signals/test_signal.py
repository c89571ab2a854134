"""Signals: moved in time, and where they have amplitudes, amplified and turned in sign."""

import math

import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.domains.signals.groups import POLARITY, REVERSAL, Involution, OfOrderTwo, named
from symmeter.domains.signals.signal import GAIN, Signal

SIGNALS = torch.randn(3, 2, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SHIFTS = named("shift(3)")[0].bind((2, 8)).enumerate()
(TRANSLATION,) = named("translation_x")


class TestSignal(RepresentationContract):
    representation = Signal(Periodic(), amplitude=True)
    elements = (*SHIFTS, *OfOrderTwo(POLARITY).enumerate(), *OfOrderTwo(REVERSAL).enumerate())
    example = SIGNALS
    generators = (TRANSLATION, GAIN)


class TestWithoutAmplitude(TestSignal):
    representation = Signal(Periodic())


def test_what_changes_amplitudes_leaves_scores_alone():
    scores, signal = Signal(Periodic()), Signal(Periodic(), amplitude=True)
    turned, louder = Involution(POLARITY), GAIN.exp(0.5)
    assert torch.equal(scores.act(turned, SIGNALS)[0], SIGNALS)
    assert torch.equal(signal.act(turned, SIGNALS)[0], -SIGNALS)
    assert not scores.differentiate(GAIN, SIGNALS).any()
    assert torch.equal(signal.differentiate(GAIN, SIGNALS), SIGNALS)
    torch.testing.assert_close(signal.act(louder, SIGNALS)[0], SIGNALS * math.exp(0.5))


def test_reversal_and_shifts_are_exact():
    signal = Signal(Periodic())
    assert torch.equal(signal.act(Involution(REVERSAL), SIGNALS)[0], SIGNALS.flip(-1))
    for g in SHIFTS:
        assert torch.equal(signal.act(g, SIGNALS)[0], SIGNALS.roll(int(g.shift[0]), -1))
