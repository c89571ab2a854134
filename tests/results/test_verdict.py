"""From intervals to words."""

import pytest

from symmeter.results.intervals import Interval, Ratio
from symmeter.results.verdict import MEANINGS, against_untrained, on_contribution, resolved, verdict


def ratio(low, high, n=16):
    return Ratio((low * high) ** 0.5, Interval(low, high), n)


NARROW, BELOW, NEAR, WIDE = ratio(0.1, 0.2), ratio(0.6, 0.99), ratio(0.6, 1.4), ratio(0.4, 1.1)


@pytest.mark.parametrize(("stability", "specificity", "untrained", "word"), [
    (None, None, None, "no control"), (NARROW, None, None, "stable"), (BELOW, NEAR, None, "stable"),
    (BELOW, BELOW, None, "specific"), (NEAR, NARROW, None, "not stable"), (WIDE, NARROW, None, "unclear"),
    (ratio(1.2, 1.5), None, None, "not stable"), (NARROW, NEAR, NEAR, "stable"), (NARROW, NEAR, BELOW, "learned"),
    (BELOW, BELOW, BELOW, "learned"), (NEAR, NEAR, NARROW, "not stable"), (None, BELOW, None, "specific"),
    (None, NEAR, None, "unclear"), (Ratio(0.5, Interval(), 2), None, None, "unclear"),
])  # fmt: skip
def test_words_come_from_intervals_alone(stability, specificity, untrained, word):
    said = verdict(True, 16, stability, specificity)
    assert (said if untrained is None else against_untrained(said, untrained)) == word
    assert verdict(False, 16, stability, specificity) == "not resolved"
    assert word in MEANINGS


def test_below_8_images_there_is_no_verdict():
    assert verdict(True, 7, NARROW, NARROW) == against_untrained("too few", NARROW) == "too few"
    assert verdict(True, 8, NARROW) == "stable"
    assert verdict(False, 7, NARROW) == "not resolved"  # of the instrument, not of the images
    assert on_contribution(1.0, Interval(0.9, 1.1), None, 7) == "too few"


@pytest.mark.parametrize(("value", "interval", "floor", "word"), [
    (0.0, Interval(), None, "none"), (1.0, Interval(0.1, 2.0), None, "adds"), (1.0, Interval(), None, "unclear"),
    (-1.0, Interval(-1.8, -0.2), 0.3, "takes away"), (1.0, Interval(-0.1, 2.0), None, "unclear"),
    (1.0, Interval(0.9, 1.1), 0.4, "not resolved"), (-1.0, Interval(-1.1, -0.9), 0.34, "not resolved"),
])  # fmt: skip
def test_contributions(value, interval, floor, word):
    assert on_contribution(value, interval, floor, 16) == word


@pytest.mark.parametrize(("value", "power", "clear"), [
    (2.9, 1, False), (3.1, 1, True), (-3.1, 1, True), (9.9, 2, False), (10.1, 2, True), (-10.1, 2, True),
])  # fmt: skip
def test_squares_stand_clear_of_more_floors_than_amplitudes(value, power, clear):
    assert resolved(value, 1.0, power) == clear
    assert resolved(value, None, power)
