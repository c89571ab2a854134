"""Symmetries of signals by name."""

import pytest
from tests.helpers import check_refused

from symmeter.domains.signals.groups import TimeShifts
from symmeter.domains.signals.names import named
from symmeter.domains.signals.spans import Span, parse_span


@pytest.mark.parametrize("text", ["shift(8)", "shift_x(8)", "shift(8,x)", " Shift(8) "])
def test_the_axis_may_be_named(text: str):
    assert named(text) == (TimeShifts(limit=Span(8)),)


@pytest.mark.parametrize(
    ("text", "samples"), [("160", 160), ("10ms", 160), ("0.5s", 8000), ("125 us", 2), (".01s", 160)]
)
def test_spans_are_samples_at_a_rate(text: str, samples: float):
    span = parse_span(text)
    assert span.samples(16000, "it") == samples and parse_span(str(span)) == span


@pytest.mark.parametrize("text", ["", "0", "0ms", "-1", "1m", "ms", "1e3"])
def test_what_is_no_span_is_refused(text: str):
    with pytest.raises(ValueError, match=r"^" + text):
        parse_span(text)


def test_what_does_not_fit_is_refused_in_one_line():
    for text in (
        "shift(8,y)", "shift(0)", "shift(crop)", "shift(2,3)", "shift(far)", "shift(2.5)", "shift(8,crop,open)",
        "pitch", "pitch(0)", "pitch(2,circular)", "pitch(2,0)", "gain(2,3,4)", "scale(1)", "T1(2)", "T1(5 m)", "polarity(2)",
    ):  # fmt: skip
        check_refused("arguments that do not fit", named, text)
    check_refused("factors 2,0.5: give two above 0, the smaller first", named, "gain(2,0.5)")
    assert named("rotation") == () == named("shifty")
