"""Groups of space: those without end, those of solids and prisms, translations and permutations, and their names."""

import itertools

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.space.harmonics import harmonics, mixing, rates
from symmeter.domains.space.motion import INVERSION, Motion, mirror, rotation_about
from symmeter.domains.space.orthogonal import AxisRotations, Orthogonal
from symmeter.domains.space.permutations import Permutations, PointPermutations, permutations_of
from symmeter.domains.space.point_groups import (
    INVERSIONS,
    MIRRORED_TETRAHEDRAL,
    ROTATIONS,
    WITH_INVERSION,
    PointGroup,
    cyclic,
    dihedral,
    mirror_image,
)
from symmeter.domains.space.translations import Translations
from symmeter.domains.space.words import GROUPS, components_of, generators_of, groups_of, parse_word
from symmeter.symmetry.groups.group import Group

EYE = torch.eye(3, dtype=torch.float64)


def group_named(text: str) -> Group:
    (group,) = groups_of(text) or permutations_of(text)
    return group


class Named(GroupContract):
    shape = (4, 3)
    parse = staticmethod(group_named)


class TestRotations(Named):
    group = Orthogonal()

    def contains(self, element):
        return element.parity > 0 and torch.allclose(element.rotation @ element.rotation.T, EYE)


class TestRotationsAndMirrorImages(Named):
    group = Orthogonal(mirrored=True)

    def contains(self, element):
        return torch.allclose(element.rotation @ element.rotation.T, EYE)


class TestAxisRotations(Named):
    group = AxisRotations("y")

    def contains(self, element):
        return torch.allclose(element.rotation @ EYE[1], EYE[1]) and element.parity > 0


def length_of(motion):
    return float(torch.linalg.vector_norm(torch.tensor(motion.shift)))


class TestRigidMotions(Named):
    group = group_named("SE3")

    def contains(self, element):
        return element.parity > 0 and length_of(element) in (0, pytest.approx(1))  # 0: those of a design


class TestRigidMotionsAndMirrorImages(Named):
    group = group_named("E3(5)")

    def contains(self, element):
        return length_of(element) in (0, pytest.approx(5))


class TestTranslations(Named):
    group = Translations((1.0, 40.0))

    def contains(self, element):
        return any(element.parameter == pytest.approx(length) for length in self.group.lengths)


class TestPermutations(Named):
    group = Permutations()


class TestPointPermutations(Named):
    group = PointPermutations(4)


class TestTetrahedron(Named):
    group = MIRRORED_TETRAHEDRAL


class TestPrism(Named):
    group = dihedral(3, "x")


class TestWhatTwoMirrorsGenerate(GroupContract):
    group = PointGroup("C2v", (mirror("x"), mirror("y")))
    shape = (4, 3)


class TestInversion(Named):
    group = INVERSIONS


@pytest.mark.parametrize(
    "group", [*ROTATIONS, *WITH_INVERSION, cyclic(5), mirror_image("y")], ids=lambda g: g.name
)
class TestSolids(Named):
    @pytest.fixture(autouse=True)
    def _each(self, group: PointGroup) -> None:
        self.group = group


def test_they_have_as_many_elements_as_the_books_say():
    orders = {group.name: group.order for group in (*ROTATIONS, *WITH_INVERSION, MIRRORED_TETRAHEDRAL)}
    assert orders == {
        "icosahedral": 60, "octahedral": 24, "tetrahedral": 12, "Ih": 120, "Oh": 48, "Th": 24, "Td": 24
    }  # fmt: skip
    corners = {tuple(c) for c in itertools.product((-1.0, 1.0), repeat=3) if c[0] * c[1] * c[2] > 0}
    for g in MIRRORED_TETRAHEDRAL.enumerate():  # it keeps a tetrahedron, and Th does not
        assert {
            tuple((g.rotation @ torch.tensor(c, dtype=torch.float64)).tolist()) for c in corners
        } == corners
    assert not any(g.is_identity for g in (INVERSION, mirror("x"), rotation_about("z", 72)))


def test_random_rotations_are_those_of_haar():
    """The entries of R have mean 0 and variance 1/3, and the angle that of (1 - cos a) / pi."""
    drawn = Orthogonal().sample(4000, torch.Generator().manual_seed(0))
    matrices = torch.stack([g.rotation for g in drawn])
    assert matrices.mean(0).abs().max() < 0.04 and (matrices.var(0) - 1 / 3).abs().max() < 0.02
    angles = torch.tensor([g.turn[1] for g in drawn], dtype=torch.float64).deg2rad()
    assert angles.mean() == pytest.approx(torch.pi / 2 + 2 / torch.pi, abs=0.03)
    mirrored = Orthogonal(mirrored=True).sample(1000, torch.Generator().manual_seed(0))
    assert abs(sum(g.parity for g in mirrored)) < 100


def test_translations_are_a_sweep_over_lengths():
    drawn = Translations().sample(Translations().usual, torch.Generator().manual_seed(0))
    assert len(drawn) == 24 and {round(g.parameter, 6) for g in drawn} == {1.0, 40.0, 1000.0}
    assert {g.parameter_unit for g in drawn} == {"length"}


def test_a_sample_of_permutations_has_an_exchange_and_the_reversal():
    drawn = Permutations(10).sample(5, torch.Generator().manual_seed(0))
    assert drawn[0].images == (1, 0, *range(2, 10)) and drawn[1].images == tuple(reversed(range(10)))
    assert len(set(drawn)) == 5
    assert len(Permutations(2).sample(3, torch.Generator().manual_seed(0))) == 3


def test_harmonics_are_those_of_the_textbook_in_the_order_of_e3nn():
    p = torch.nn.functional.normalize(torch.randn(7, 3, dtype=torch.float64), dim=-1)
    x, y, z = p.unbind(-1)
    torch.testing.assert_close(harmonics(1, p), p)
    second = torch.stack(
        [x * z, x * y, (y * y - (x * x + z * z) / 2) / 3**0.5, y * z, (z * z - x * x) / 2], -1
    )
    torch.testing.assert_close(harmonics(2, p), 3**0.5 * second)
    for degree in range(9):
        torch.testing.assert_close(harmonics(degree, p).square().sum(-1), torch.ones_like(x))
        g = rotation_about((1, 2, 3), 50)
        torch.testing.assert_close(
            harmonics(degree, p @ g.rotation.T), harmonics(degree, p) @ mixing(degree, g.rotation).T
        )
        step, v = 1e-6, torch.linalg.cross(torch.randn(7, 3, dtype=torch.float64), p)
        ahead, behind = (torch.nn.functional.normalize(p + s * v, dim=-1) for s in (step, -step))
        slope = (harmonics(degree, ahead) - harmonics(degree, behind)) / (2 * step)
        torch.testing.assert_close(rates(degree, p, v), slope, atol=1e-7, rtol=1e-7)


def test_characters_are_those_of_the_books():
    """The trace of Wigner's matrix is sin((l + 1/2) a) / sin(a / 2)."""
    for degree in range(13):
        for degrees in (30.0, 72.0, 151.0):
            half = torch.deg2rad(torch.tensor(degrees / 2, dtype=torch.float64))
            expected = ((2 * degree + 1) * half).sin() / half.sin()
            found = mixing(degree, rotation_about((1, -2, 0.5), degrees).rotation).trace()
            torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-9)


def test_names_are_read():
    assert all(groups_of(text) for text in GROUPS)
    assert [g.name for g in generators_of("rotation")] == ["rotation_x", "rotation_y", "rotation_z"]
    assert [groups_of(text)[0].name for text in ("so2", "C4", "d2(X)", "mirror")] == [
        "SO2(z)", "C4(z)", "D2(x)", "mirror(x)"
    ]  # fmt: skip
    assert groups_of("S4") == groups_of("hue") == groups_of("c") == ()
    for text in ("C4(w)", "SO3(2)", "translation(-1)", "translation(far)", "C1"):
        check_refused("write it as", groups_of, text)
    for text in (
        "vectors",
        "node scalars",
        "pair  vectors",
        "2x0e+1o",
        "points+vectors",
        "graph tensors",
        "index",
    ):
        assert parse_word(text) is not None
        assert parse_word(parse_word(text).describe()) == parse_word(text)
    assert components_of("arrows") is None and parse_word("edge arrows") is None


def test_motions_can_be_compared():
    assert rotation_about("z", 90) == rotation_about("z", 90) and len({Motion(), Motion()}) == 1
