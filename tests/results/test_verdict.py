"""From numbers to words."""

import pytest

from symmeter.results.verdict import on_contribution, on_selectivity, resolved


@pytest.mark.parametrize(("selectivity", "error", "word"), [
    (None, None, "no control"), (0.2, None, "learned"), (0.2, 0.1, "learned"), (0.45, 0.1, "partly"),
    (0.6, None, "partly"), (0.9, 0.2, "not learned"), (0.9, 0.21, "unclear"), (0.4, 0.3, "unclear"), (1.5, 0.1, "not learned"),
])  # fmt: skip
def test_selectivities(selectivity, error, word):
    assert on_selectivity(selectivity, error) == word


@pytest.mark.parametrize(("value", "error", "floor", "word"), [
    (0.0, 0.0, None, "none"), (1.0, None, None, "adds"), (-1.0, 0.4, 0.3, "takes away"),
    (1.0, 0.6, None, "unclear"), (1.0, 0.6, 0.4, "not resolved"), (-1.0, 0.1, 0.34, "not resolved"),
])  # fmt: skip
def test_contributions(value, error, floor, word):
    assert on_contribution(value, error, floor) == word


@pytest.mark.parametrize(("value", "power", "clear"), [
    (2.9, 1, False), (3.1, 1, True), (-3.1, 1, True), (9.9, 2, False), (10.1, 2, True), (-10.1, 2, True),
])  # fmt: skip
def test_squares_stand_clear_of_more_floors_than_amplitudes(value, power, clear):
    assert resolved(value, 1.0, power) == clear
    assert resolved(value, None, power)
