"""Symmetries of images by name: what is read, and what is refused."""

import pytest
from tests.helpers import check_refused

from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.images.names import GROUPS, named
from symmeter.kinds_of_data import parse_group
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group


@pytest.mark.parametrize("text", [
    "C0", "D0", "shift(8,0)", "shift(8,x,y)", "shift(crop,x)", "shift(8,8)", "shift(0)",
    "T2(0.1,x)", "T1(0.1,0.2,x)", "colors(3)", "scale(2,1)", "scale(1)", "affine(tilt=3)", "T2(3)", "C4*", "SO2(a)", "Q8", "S4(2)",
])  # fmt: skip
def test_names_that_are_no_groups_are_refused_in_one_line(text):
    check_refused(".", parse_group, text)


@pytest.mark.parametrize("text", ["shift_z(8)", "T1(0.1)", "T1(0.1,z)"])
def test_other_kinds_of_data_have_groups_that_images_lack(text):
    check_refused("arguments that do not fit; write it as", named, text)


@pytest.mark.parametrize("text", [t for t in GROUPS if "..." not in t])
def test_every_listed_group_is_read_and_named(text):
    (group,) = named(text)
    assert isinstance(group, Group)
    (again,) = named(group.name)
    assert again == group


@pytest.mark.parametrize("name", [*GENERATORS, *FAMILIES])
def test_generators_are_not_taken_for_groups(name):
    assert all(isinstance(one, Generator) for one in named(name))


def test_names_that_nobody_has_have_no_meaning():
    assert named("no-such") == ()
