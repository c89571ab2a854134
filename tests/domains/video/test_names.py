"""Symmetries of video by name."""

import pytest
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.video.names import GENERATORS, FrameShifts, moves_time, named
from symmeter.symmetry.groups.group import Group


def group_named(text: str) -> Group:
    """The group of a name."""
    (group,) = named(text)
    assert isinstance(group, Group)
    return group


class TestFrameShifts(GroupContract):
    group = FrameShifts(axis="z")  # shift(t)
    shape = (1, 5, 2, 3)


def test_time_has_its_own_name():
    assert group_named("shift(t)") == TestFrameShifts.group
    assert (
        isinstance(group_named("shift(2,t)"), FrameShifts) and group_named("shift_t(2)").name == "shift(2,t)"
    )
    assert group_named("shift(2,t)").bind((1, 5, 4, 4)).order == 5
    assert group_named("shift(1)").bind((1, 5, 4, 4)).order == 9  # in the plane alone
    check_refused(r"shift\(4,t\)", named, "shift(2,z)")
    check_refused("do not fit", named, "shift(0,t)")


def test_orders_and_what_moves_time():
    orders = {word: group_named(word).order for word in ("C4", "C8", "D4", "hflip", "vflip", "reversal")}
    assert orders == {"C4": 4, "C8": 8, "D4": 8, "hflip": 2, "vflip": 2, "reversal": 2}
    assert moves_time(group_named("reversal*shift(1,t)")) and not moves_time(group_named("shift(1)*C4"))
    assert named("octahedral") == () and named("C1") == ()


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_of_the_plane_leave_time_alone(name: str):
    generator = GENERATORS[name]
    moved = [generator.linear[2], [row[2] for row in generator.linear], [generator.shift[2]]]
    assert any(map(any, moved)) == (name == "translation_t")
