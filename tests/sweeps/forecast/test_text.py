"""Times and sizes of a forecast as a person reads them."""

import math

import pytest

from symmeter.sweeps.forecast.text import duration, si


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (60, "1.0 min"),
        (3599, "60 min"),
        (3600, "1.0 h"),
        (36000, "10 h"),
        (math.nan, "?"),
    ],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0"), (999, "999"), (1e3, "1 k"), (1.8e9, "1.8 G"), (4e12, "4 T")]
)
def test_numbers(number, words):
    assert si(number) == words
