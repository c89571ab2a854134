"""Symmetries from strings, generators and lists, and what is said of those that do not exist."""

import re

import pytest
from tests.helpers import check_refused

from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.images.domain import Images
from symmeter.domains.points.domain import Points
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import parse_group
from symmeter.symmetry.hypothesis import Symmetry, generators_only
from symmeter.symmetry.hypothesis import parse_symmetry as parse_with
from symmeter.symmetry.representations.trivial import Trivial


def parse_symmetry(what):
    """With the names of images, and of sets."""
    return parse_with(what, lambda word: Images.symmetry(word) or Points.symmetry(word), Images.symmetries)


def names(what):
    return [g.name for g in parse_symmetry(what).generators]


@pytest.mark.parametrize(("what", "expected"), [
    ("rotation", ["rotation"]), ("rotation,", ["rotation"]), (" Scale , translation-x ", ["scale", "translation_x"]),
    ("translation,translation_x", ["translation_x", "translation_y"]), ("color", ["gain", "contrast", "saturation", "hue"]),
    (GENERATORS["hue"], ["hue"]), ([GENERATORS["hue"], "shear"], ["hue", "shear_x", "shear_y"]),
])  # fmt: skip
def test_what_names_a_symmetry(what, expected):
    assert names(what) == expected


def test_affine_is_all_of_the_former():
    assert names("affine") == [
        "translation_x", "translation_y", "rotation", "scale", "shear_x", "shear_y", "stretch_x", "stretch_y", "squeeze",
    ]  # fmt: skip
    assert set(FAMILIES["affine"]) | set(FAMILIES["colour"]) == set(GENERATORS)


@pytest.mark.parametrize("group", ["C4", "C8", "D4", "hflip", "vflip", "shift(8)", "S5"])
def test_finite_groups_have_no_generator(group):
    symmetry = parse_symmetry(group)
    assert [g.name for g in symmetry.groups] == [group] and not symmetry.generators
    with pytest.raises(SymmeterError, match="has no generator, and attribution needs one of"):
        generators_only(symmetry, "attribution")


@pytest.mark.parametrize(("what", "message"), [
    ("rotations", "did you mean 'rotation'"), ("", "unknown symmetry ''; choose from"), ([], "no symmetry given"),
    ("rotation,,scale", "unknown symmetry ''"),
    ([Symmetry("a", (), Trivial()), Symmetry("b", ())], "'a' has its own representations"),
])  # fmt: skip
def test_mistakes(what, message):
    with pytest.raises(SymmeterError, match=message):
        parse_symmetry(what)


@pytest.mark.parametrize(("given", "words"), [
    ({"generators": ("rotation",)}, "generators is ('rotation',); give a list of generators, such as GENERATORS['rotation']"),
    ({"groups": ("C4",)}, "groups is ('C4',); give a list of groups, such as parse_group('C4')"),
    ({"groups": (parse_group("C4"),), "rho_in": "image"}, "rho_in is 'image'; give "),
    ({"groups": (parse_group("C4"),), "rho_out": Trivial}, "rho_out is "),
    ({"name": 3}, "name is 3; give "),
])  # fmt: skip
def test_members_of_the_wrong_type_are_named(given, words):
    check_refused(re.escape(words), lambda: Symmetry(**{"name": "mine"} | given))


def test_a_list_of_one_keeps_the_representations_and_several_are_refused():
    own = Symmetry("C4", groups=(parse_group("C4"),), rho_out=Trivial())
    assert parse_symmetry([own]) is own and parse_symmetry((own,)).rho_out is own.rho_out
    along = Symmetry("x", generators=(GENERATORS["translation_x"],), rho_in=Trivial())
    check_refused(
        "symmetry 'C4' has its own representations: measure it alone", parse_symmetry, [own, "hflip"]
    )
    check_refused("symmetry 'C4' has its own representations: measure it alone", parse_symmetry, [own, along])
    check_refused("symmetry 'x' has its own", parse_symmetry, ["C4", along])
    plain = Symmetry("both", groups=(parse_group("C4"),))
    assert [g.name for g in parse_symmetry([plain, "hflip"]).groups] == ["C4", "hflip"]
    check_refused("symmetry is 5; give names", parse_symmetry, 5)
