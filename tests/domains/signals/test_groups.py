"""Groups of signals, and their names."""

import pytest
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.signals.groups import POLARITY, REVERSAL, Involution, OfOrderTwo, TimeShifts, named
from symmeter.symmetry.groups.group import Group


def group_named(text: str) -> Group:
    (group,) = named(text)
    assert isinstance(group, Group)
    return group


class Named(GroupContract):
    shape = (2, 9)
    parse = staticmethod(group_named)


class TestPolarity(Named):
    group = OfOrderTwo(POLARITY)


class TestReversal(Named):
    group = OfOrderTwo(REVERSAL)


class TestAllShifts(Named):
    group = TimeShifts(axis="x")


class TestSomeShifts(Named):
    group = TimeShifts(3, axis="x")


class TestShiftsOfAWindow(Named):
    group = TimeShifts(3, "crop", "x")


@pytest.mark.parametrize("text", ["shift(8)", "shift_x(8)", "shift(8,x)", " Shift(8) "])
def test_the_axis_may_be_named(text: str):
    assert group_named(text) == TimeShifts(8, axis="x")


def test_what_does_not_fit_is_refused_in_one_line():
    for text in ("shift(8,y)", "shift(0)", "shift(crop)", "shift(2,3)", "shift(far)"):
        check_refused("arguments that do not fit", named, text)
    check_refused("acts on signals", group_named("shift(2)").bind, (1, 4, 4))
    check_refused(
        "more than half of a signal of 8 samples; give at most shift.3.", group_named("shift(4)").bind, (1, 8)
    )
    check_refused("too short", group_named("shift").bind, (1, 1))
    assert named("rotation") == () == named("shifty")


def test_elements_of_different_groups_have_no_product():
    with pytest.raises(ValueError, match="do not act on the same thing"):
        Involution(POLARITY) @ Involution(REVERSAL)
