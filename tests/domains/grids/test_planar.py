"""Groups of affine maps of the plane, and windows of them."""

import pytest
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.planar import AffineBox, Cyclic, Reflection, Rotations
from symmeter.domains.grids.planar_products import Dihedral, dihedral, rigid_motions
from symmeter.domains.grids.scales import Scales
from symmeter.domains.grids.translations import Translations
from symmeter.domains.images.names import named


def read(name):
    (group,) = named(name)
    return group


class PlaneContract(GroupContract):
    shape = (3, 6, 6)
    parse = read


class TestFinite(PlaneContract):
    @pytest.fixture(
        autouse=True,
        params=[
            *map(Cyclic, (1, 3, 4, 8)),
            *map(dihedral, (1, 3)),
            Dihedral((Cyclic(4), Reflection()), "D4"),
            Reflection(True),
            Reflection(False),
        ],
        ids=lambda group: group.name,
    )
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = request.param


class TestRotations(PlaneContract):
    group = Rotations()

    def contains(self, element):
        return element.turn is not None and element.turn[1:] == (1.0, False) and not any(element.shift)


class TestRotationsUpToALimit(PlaneContract):
    group = Rotations(30.0)

    def contains(self, element):
        return element.parameter_unit == "degree" and (element.parameter <= 30 or element.parameter >= 330)


class TestTranslations(PlaneContract):
    @pytest.fixture(
        autouse=True,
        params=[Translations(), Translations(0.25, wrap=True), Translations(0.125, axis="x")],
        ids=lambda group: group.name,
    )
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = request.param

    def contains(self, element):
        x, y = element.shift
        if self.group.axis == "x" and y != 0:
            return False
        return element.translates and max(abs(x), abs(y)) <= self.group.extent * 6


class TestScales(PlaneContract):
    group = Scales(0.5, 2.0)

    def contains(self, element):
        return element.parameter_unit == "factor" and 0.5 <= element.parameter <= 2


class TestAffineBox(PlaneContract):
    group = AffineBox(rotation=20.0, translation=0.1, scale=1.3, shear=5.0)

    def contains(self, element):
        (a, b), (c, d) = element.linear
        area = a * d - b * c
        return 1.3**-2 <= area <= 1.3**2 and max(map(abs, element.shift)) <= 0.6


class TestRigidMotions(PlaneContract):
    group = rigid_motions()

    def contains(self, element):
        return element.turn[1:] == (1.0, False) and max(map(abs, element.shift)) <= 0.75


@pytest.mark.parametrize(("group", "shape", "words"), [
    (Cyclic(4), (3, 4, 6), "4 x 6 image; give square images, or .*--padding reflect"),
    (dihedral(4), (3, 4, 6), "square images"),
    (Cyclic(4), (10,), r"C4 moves images \(B, C, H, W\); these inputs have shape \(B, 10\)"),
])  # fmt: skip
def test_a_group_that_cannot_act_on_a_shape_says_so(group, shape, words):
    check_refused(words, group.bind, shape)


def test_padding_lets_a_frame_turn():
    assert Cyclic(4).bind((3, 4, 6), padded=True).order == 4
    assert Cyclic(2).bind((3, 4, 6)).order == 2


def test_groups_that_depend_on_the_size_of_the_image_are_bound_first():
    check_refused(r"T2\(0.125\) depends on the size of the grid", Translations().sample, 1, None)


def test_elements_are_named_for_people():
    names = [g.name for g in dihedral(4).enumerate()]
    assert names[:2] == ["identity", "hflip"]
    assert {"rotate 90", "rotate 180", "rotate 270", "vflip"} <= set(names)
    assert AffineMap(shift=(2.0, -1.0), frame=(4, 4)).name == "shift 2 -1"
    assert AffineMap(((1.0, 0.25), (0.0, 1.0))).name == "affine 1.00 0.25 0.00 1.00"


def test_parameters_have_units():
    quarter, double = (
        Cyclic(4).enumerate()[1],
        Scales(0.5, 2.0).quadrature(1)[0] @ Scales(1.0, 4.0).quadrature(1)[0],
    )
    assert (quarter.parameter, quarter.parameter_unit) == (90.0, "degree")
    assert (double.parameter, double.parameter_unit) == (2.0, "factor")
    assert (quarter @ double).parameter is (quarter @ double).parameter_unit is None
