"""Groups and their elements; generators and their one-parameter groups, on matrices."""

import itertools
import math

import pytest
import torch
from tests.helpers import check_refused

from symmeter.domain import parse_group
from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.generators import GENERATORS, AffineGenerator, ColourGenerator
from symmeter.domains.images.names import GROUPS, named
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group, choose_elements
from symmeter.symmetry.groups.permutations import Permutation

AFFINE = [g for g in GENERATORS.values() if isinstance(g, AffineGenerator)]
COLOUR = [g for g in GENERATORS.values() if isinstance(g, ColourGenerator)]


@pytest.mark.parametrize("generator", AFFINE, ids=lambda g: g.name)
def test_affine_flow_is_a_one_parameter_group(generator):
    def flow(t):
        return generator.flow(t, (7.5, 4.0), (1.0, 1.0))

    torch.testing.assert_close(flow(0.0), torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(flow(0.3) @ flow(0.4), flow(0.7))
    torch.testing.assert_close(flow(0.3) @ flow(-0.3), torch.eye(3, dtype=torch.float64))


def test_rotation_keeps_distances_on_every_aspect_ratio():
    turn = GENERATORS["rotation"].flow(0.7, (40.0, 3.0), (1.0, 1.0))[:2, :2]
    torch.testing.assert_close(turn @ turn.T, torch.eye(2, dtype=torch.float64))


def test_translation_by_one_is_half_the_image():
    assert GENERATORS["translation_x"].flow(1.0, (8.0, 3.0), (1.0, 1.0))[0, 2] == 8
    assert GENERATORS["translation_y"].flow(1.0, (8.0, 3.0), (1.0, 1.0))[1, 2] == 3


@pytest.mark.parametrize("generator", COLOUR, ids=lambda g: g.name)
def test_colour_generators_leave_the_right_thing_alone(generator):
    s, m = generator.matrices(3)
    white = torch.ones(3, dtype=torch.float64)
    fixed = {"gain": None, "contrast": m, "saturation": s, "hue": s}[generator.name]
    if fixed is None:
        torch.testing.assert_close(s @ white, white)
    else:
        torch.testing.assert_close(fixed @ white, torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0)


def test_hue_returns_after_a_full_turn():
    s, _ = GENERATORS["hue"].matrices(3)
    turn = torch.linalg.matrix_exp(2 * torch.pi * s)
    torch.testing.assert_close(turn, torch.eye(3, dtype=torch.float64))


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_colour_without_three_channels_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} needs images with 3 channels, these have 1"):
        GENERATORS[name].matrices(1)


def test_elements_compose_only_along_one_generator():
    element = GENERATORS["rotation"].exp(0.5)
    assert (element @ element.inverse()).t == 0
    with pytest.raises(ValueError, match="in no one-parameter group"):
        element @ GENERATORS["scale"].exp(0.5)


FINITE = [
    "C1",
    "C4",
    "C8",
    "D1",
    "D4",
    "D3",
    "hflip",
    "vflip",
    "S3",
    "colours",
    "shift",
    "C4*colours",
    "shift*C4",
]


def bound(name):
    return parse_group(name).bind((3, 2) if name == "S3" else (3, 4, 4))


@pytest.mark.parametrize("name", FINITE)
def test_finite_groups_obey_the_laws(name):
    group = bound(name)
    elements = group.enumerate()
    assert len(elements) == group.order and group.closed
    assert elements[0].is_identity and not any(g.is_identity for g in elements[1:])
    some = elements if len(elements) <= 16 else elements[:: len(elements) // 13]
    for g in some:
        assert (g @ g.inverse()).is_identity and (g.inverse() @ g).is_identity
        for h in some:
            assert sum(same(g @ h, k) for k in elements) == 1
            for k in some[:3]:
                assert same((g @ h) @ k, g @ (h @ k))


def same(g, h):
    """Whether two elements are one."""
    return (g @ h.inverse()).is_identity


@pytest.mark.parametrize(
    "name", ["SO2", "SE2", "T2(0.2)", "scale(0.5,2)", "affine(rotation=20,scale=1.3,shear=5)", "SO2(30)"]
)
def test_elements_of_continuous_groups_have_inverses_and_products(name):
    group = bound(name)
    assert group.order is None
    with pytest.raises(SymmeterError, match="infinitely many"):
        group.enumerate()
    for g, h in itertools.pairwise(group.sample(6, torch.Generator().manual_seed(0))):
        assert (g @ g.inverse()).is_identity
        assert ((g @ h) @ h.inverse() @ g.inverse()).is_identity
        assert g.name


def test_sampling_is_reproducible_uniform_and_inside_the_window():
    draw = lambda name, seed: choose_elements(bound(name), 200, seed).elements
    assert draw("SO2", 1) == draw("SO2", 1) != draw("SO2", 2)
    angles = torch.tensor([g.parameter for g in draw("SO2", 0)])
    assert abs(float(torch.cos(torch.deg2rad(angles)).mean())) < 0.15
    assert 80 < float((angles < 180).sum()) < 120
    within = torch.tensor([g.parameter for g in draw("SO2(30)", 0)])
    assert bool(((within <= 30) | (within >= 330)).all())
    factors = torch.tensor([g.parameter for g in draw("scale(0.5,2)", 0)])
    assert bool(((factors >= 0.5) & (factors <= 2)).all())
    assert abs(float(factors.log().mean())) < 0.1


def test_small_groups_are_enumerated_and_large_ones_sampled():
    assert not choose_elements(bound("D4")).sampled
    assert choose_elements(parse_group("shift(8)").bind((3, 32, 32))).sampled
    assert choose_elements(parse_group("shift(8)").bind((3, 32, 32)), 289).count == 289
    assert choose_elements(bound("SO2"), 12, sampling="quadrature").elements == bound("C12").enumerate()
    assert not choose_elements(bound("SO2"), 12, sampling="quadrature").sampled


def test_quadrature_integrates_low_harmonics_exactly():
    angles = [math.radians(g.parameter) for g in parse_group("SO2").quadrature(8)]
    for k in range(1, 8):
        assert abs(sum(math.cos(k * a) for a in angles)) < 1e-12
    with pytest.raises(SymmeterError, match="no quadrature is known for SE2"):
        parse_group("SE2").quadrature(8)


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("C4", (3, 4, 6), "4 x 6 image; give square images, or .*--padding reflect"),
        ("D4", (3, 4, 6), "square images"),
        ("C4", (10,), r"C4 moves images \(B, C, H, W\); these inputs have shape \(B, 10\)"),
        ("S5", (6, 2), r"S5 permutes 5 points, but inputs \(B, 6, 2\) have 6; use S6"),
        ("S5", (3, 4, 4), r"S5 permutes points \(B, 5, features\)"),
        ("shift(8)", (3, 8, 8), r"more than half of a 8 x 8 image; give at most shift\(3\)"),
    ],
)
def test_a_group_that_cannot_act_on_a_shape_says_so(name, shape, words):
    check_refused(words, parse_group(name).bind, shape)


def test_padding_lets_a_frame_turn():
    assert parse_group("C4").bind((3, 4, 6), padded=True).order == 4
    assert parse_group("C2").bind((3, 4, 6)).order == 2


@pytest.mark.parametrize(
    "text",
    [
        "C0",
        "D0",
        "shift(8,0)",
        "shift(8,x,y)",
        "shift(crop,x)",
        "shift(8,8)",
        "shift_z(8)",
        "shift(0)",
        "T1(0.1)",
        "T2(0.1,x)",
        "T1(0.1,0.2,x)",
        "colors(3)",
        "scale(2,1)",
        "scale(1)",
        "affine(tilt=3)",
        "T2(3)",
        "Q8",
        "C4*",
        "SO2(a)",
        "S4(2)",
    ],
)
def test_names_that_are_no_groups_are_refused_in_one_line(text):
    check_refused(".", parse_group, text)


@pytest.mark.parametrize("text", [t for t in GROUPS if "..." not in t])
def test_every_listed_group_is_read_and_named(text):
    group = parse_group(text)
    assert parse_group(group.name).name == group.name


@pytest.mark.parametrize("name", [*GENERATORS, "affine", "translation", "colour"])
def test_generators_are_not_taken_for_groups(name):
    assert not any(isinstance(one, Group) for one in named(name))


def test_only_a_normal_factor_makes_a_semidirect_product():
    with pytest.raises(SymmeterError, match="hflip is not normal under C8"):
        parse_group("hflip*C8").enumerate()


def test_elements_are_named_for_people():
    names = [g.name for g in parse_group("D4").enumerate()]
    assert names[:2] == ["identity", "hflip"]
    assert {"rotate 90", "rotate 180", "rotate 270", "vflip"} <= set(names)
    assert Permutation((1, 0, 2)).name == "points (0 1)"
    assert AffineMap(shift=(2.0, -1.0), frame=(4, 4)).name == "shift 2 -1"
