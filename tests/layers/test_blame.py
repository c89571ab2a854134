"""Only places whose share of an error is resolved, and adds to it, are named."""

import numpy as np
import pytest

from symmeter.layers.blame import Blame, named

RANDOM = np.random.default_rng(0)
WHOLE = RANDOM.lognormal(size=64)
UNSURE = RANDOM.standard_normal(64) + 0.1  # 10 % of the mean, and an interval of twice that to either side


def test_what_takes_from_the_error_is_not_named_however_much_it_is():
    amounts = {"adds": 1.5 * WHOLE, "takes": -0.5 * WHOLE}
    assert named(amounts, WHOLE, {}) == ["adds (150%)"]
    assert named({"takes": -WHOLE}, WHOLE, {}) == []


def test_a_share_whose_interval_holds_0_is_not_named():
    assert 0.02 < UNSURE.mean() / WHOLE.mean() < 0.3
    assert named({"sure": WHOLE - UNSURE, "unsure": UNSURE}, WHOLE, {})[0].startswith("sure")
    assert len(named({"sure": WHOLE - UNSURE, "unsure": UNSURE}, WHOLE, {})) == 1
    steady = 0.1 * RANDOM.lognormal(size=64, sigma=0.3)
    assert len(named({"sure": WHOLE - steady, "small": steady}, WHOLE, {})) == 2


@pytest.mark.parametrize(("floor", "count"), [(0.01, 1), (0.1, 0)])
def test_a_share_below_three_floors_is_not_named(floor, count):
    assert len(named({"a": 0.2 * WHOLE}, WHOLE, {"a": floor})) == count


def test_of_few_samples_all_have_to_add():
    few = np.array([1.0, 3.0])
    assert named({"a": few * (0.4, 0.6), "b": few * (0.6, 0.4)}, few, {}) == ["a (55%)", "b (45%)"]
    assert named({"a": few * (1.2, 0.6), "b": few * (-0.2, 0.4)}, few, {}) == ["a (75%)"]


def test_the_three_largest_are_named_in_their_order():
    parts = {"a": 0.1, "b": 0.4, "c": 0.3, "d": 0.15, "e": 0.05}
    found = named({place: part * WHOLE for place, part in parts.items()}, WHOLE, {})
    assert found == ["b (40%)", "c (30%)", "d (15%)"]


def test_a_place_that_a_batch_does_not_meet_has_nothing_there():
    blame = Blame()
    blame.add([{"a": np.ones(2), "b": np.full(2, 2.0)}])
    blame.add([{"b": np.ones(3)}])
    assert blame.amounts["a"].tolist() == [1, 1, 0, 0, 0] and blame.amounts["b"].tolist() == [2, 2, 1, 1, 1]
