"""Symmetries of volumes by name."""

import pytest
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.volumes.names import GROUPS, MEANINGS, named
from symmeter.symmetry.groups.group import Group


def group_named(text: str) -> Group:
    """The group of a name."""
    (group,) = named(text)
    assert isinstance(group, Group)
    return group


class TestShiftsAlongZ(GroupContract):
    group = group_named("shift(1,z)")
    shape = (2, 5, 4, 4)


class TestShiftsAlongAll(GroupContract):
    group = group_named("shift")
    shape = (1, 2, 3, 2)


@pytest.mark.parametrize("name", [*MEANINGS, *GROUPS])
def test_every_name_that_is_listed_means_something(name: str):
    assert named(name)


def test_the_same_is_written_in_several_ways():
    for words in (
        ("shift_z(8)", "shift(8,z)", " Shift( 8 , Z )"),
        ("Octahedral", "octahedral"),
        ("T1(z,0.2)", "t1_z(0.20)", "T1(0.2,z)"),
        ("T3", "T3(0.125)"),
        ("C4", "C4(z)"),
    ):
        assert len({named(word) for word in words}) == 1
    assert [one.name for one in named("translation")] == ["translation_x", "translation_y", "translation_z"]
    assert [one.name for one in named("rotation_y")] == ["rotation_y"]


def test_groups_have_the_orders_of_the_solids():
    orders = {
        word: group_named(word).order
        for word in ("octahedral", "Oh", "Td", "Th", "tetrahedral", "D4(x)", "mirror(y)")
    }
    assert orders == {
        "octahedral": 24,
        "Oh": 48,
        "Td": 24,
        "Th": 24,
        "tetrahedral": 12,
        "D4(x)": 8,
        "mirror(y)": 2,
    }
    assert group_named("SO3").order is None


def test_what_is_misspelt_is_refused_and_what_is_unknown_is_none():
    check_refused(r"shift\(8,z\)", named, "shift(8,w)")
    check_refused("do not fit", named, "C4(q)")
    check_refused(r"write it as T1\(0.125,z\)", named, "T1(0.125)")
    check_refused(r"write it as T3\(0.125\)", named, "T3(0.125,z)")
    check_refused("do not fit", named, "scale(0.8)")
    assert named("hflip") == () and named("no-such") == ()
