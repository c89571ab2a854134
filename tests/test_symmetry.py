"""Symmetries from strings, generators and lists, and what is said of those that do not exist."""

import pytest

from symmeter.errors import SymmeterError
from symmeter.groups import FAMILIES, GENERATORS
from symmeter.measures import LEE, parse_measures
from symmeter.representations import Trivial
from symmeter.symmetry import Symmetry, generators_only, parse_symmetry


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


def test_measures_are_named_once():
    assert parse_measures("lee, LEE") == parse_measures(["lee"])
    lee = LEE()
    assert parse_measures(lee) == [lee]
    with pytest.raises(SymmeterError, match="unknown measure 'le'; did you mean 'lee'"):
        parse_measures("le")
