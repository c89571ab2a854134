"""Groups of signals: motions of time and changes of amplitude."""

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.signals.amplitude import Amplitude
from symmeter.domains.signals.groups import (
    Factors,
    Gains,
    InTime,
    OfOrderTwo,
    Pitches,
    TimeScales,
    TimeShifts,
    TimeTranslations,
)
from symmeter.domains.signals.names import named
from symmeter.domains.signals.spans import Span
from symmeter.domains.signals.time_map import TimeMap
from symmeter.symmetry.groups.group import Element, Group


def group_named(text: str) -> Group:
    (group,) = named(text)
    assert isinstance(group, Group)
    return group


class Named(GroupContract):
    shape = (2, 9)
    parse = staticmethod(group_named)


class TestPolarity(Named):
    group = OfOrderTwo(Amplitude(-1.0))


class TestReversal(Named):
    group = OfOrderTwo(TimeMap(backwards=True))


class TestAllShifts(Named):
    group = TimeShifts()


class TestSomeShifts(Named):
    group = TimeShifts(limit=Span(3))


class TestShiftsOfAPart(Named):
    group = TimeShifts("crop", limit=Span(3))


class TestShiftsUpToATime(Named):
    """At 1000 Hz."""

    group = TimeShifts(limit=Span(3, "ms")).at_rate(1000)
    parse = staticmethod(lambda text: group_named(text).at_rate(1000))


class TestPitches(Named):
    group = Pitches(limit=3, per_octave=60)


class TestPitchesOfAPart(Named):
    group = Pitches("crop", limit=2)


class Window(Named):
    """Elements of a window are in it by their parameter."""

    def contains(self, element: Element) -> bool:
        low, high = self.ends
        return low <= element.parameter <= high


class TestTranslations(Window):
    group, ends = TimeTranslations(extent=Span(0.125)), (-9 / 8, 9 / 8)


class TestScales(Window):
    group, ends = TimeScales(factors=Factors(0.8, 1.25)), (0.8, 1.25)


class TestGains(Window):
    group, ends = Gains(Factors(0.5, 2.0)), (0.5, 2)


def test_a_time_is_samples_at_the_rate_of_the_data():
    group = group_named("shift(10ms)")
    assert isinstance(group, InTime)
    at_16000, at_44100 = (group.at_rate(rate).bind((1, 4000)) for rate in (16000, 44100))
    assert at_16000.order == 2 * 160 + 1 and at_44100.order == 2 * 441 + 1
    assert at_16000.name == group.name == "shift(10ms)"
    assert [g.name for g in at_16000.enumerate()[:3]] == [
        "identity",
        "shift -1 (-0.0625 ms)",
        "shift 1 (0.0625 ms)",
    ]
    check_refused(r"shift\(10ms\): 10ms takes the sample rate: say sample_rate", group.bind, (1, 4000))
    check_refused("less than one sample at 8 Hz", group_named("shift(1ms)").at_rate(8).bind, (1, 4000))


def test_margins_are_what_the_motion_reads_outside():
    """A part of the signal in which every element of the window finds its source."""
    for text in ("shift(3,crop)", "pitch(12,60,crop)", "scale(0.8,1.25,crop)", "T1(0.1,crop)"):
        group = group_named(text)
        assert isinstance(group, InTime)
        margin = group.margin(100)
        heard = group.bind((1, 100 - 2 * margin))
        ends = torch.tensor([-1.0, 1.0]) * (100 - 2 * margin) / 2
        random = torch.Generator().manual_seed(0)
        reach = max(float(_source(heard.draw(random), ends).abs().max()) for _ in range(200))
        assert 0 < margin < 50 and 45 < reach <= 50, text


def _source(g: Element, t: torch.Tensor) -> torch.Tensor:
    assert isinstance(g, TimeMap)
    back = g.inverse()
    return back.factor * t + back.shift


def test_groups_refuse_what_they_cannot_move():
    check_refused("acts on signals", group_named("shift(2)").bind, (1, 4, 4))
    check_refused(
        "more than half of a signal of 8 samples; give at most shift.3.", group_named("shift(4)").bind, (1, 8)
    )
    check_refused("too short", group_named("shift").bind, (1, 1))


def test_elements_of_different_groups_have_no_product():
    with pytest.raises(ValueError, match="do not act on the same thing"):
        Amplitude(-1.0) @ TimeMap(backwards=True)
    with pytest.raises(ValueError, match="share no motion"):
        group_named("shift").bind((1, 8)).enumerate()[1] @ group_named("shift").bind((1, 9)).enumerate()[1]


def test_windows_are_uniform_in_the_logarithm():
    group = group_named("gain(0.5,2)")
    assert isinstance(group, Gains)
    drawn = torch.tensor([g.factor for g in group.sample(4000, torch.Generator().manual_seed(0))]).log2()
    assert abs(float(drawn.mean())) < 0.05 and abs(float(drawn.std()) - (1 / 3) ** 0.5) < 0.02
    assert [round(g.factor, 6) for g in group.quadrature(2)] == [round(2**-0.5, 6), round(2**0.5, 6)]
