"""Values that live in space: how motions move their components, and permutations the points that they belong to."""

from dataclasses import replace

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import rotation_by
from symmeter.domains.space.components import (
    Cells,
    Fractional,
    Positions,
    Scalars,
    Sum,
    Tensors,
    Vectors,
    Voigt,
    from_voigt,
    to_voigt,
)
from symmeter.domains.space.field import EDGE, GRAPH, NODE, PAIR, Field, Labels
from symmeter.domains.space.generators import GENERATORS
from symmeter.domains.space.irreps import Irreps
from symmeter.domains.space.motion import INVERSION, Motion, mirror, moved_by, rotation_about
from symmeter.domains.space.orientations import AxisAngles, Frames, Quaternions
from symmeter.symmetry.groups.permutations import CHANNELS, Permutation, Symmetric
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.trivial import Trivial

MOTIONS = (
    Motion(),
    rotation_about((1, 2, 3), 77),
    INVERSION @ rotation_about("x", 30),
    mirror("y"),
    moved_by((1.0, -2.0, 0.5)),
    Motion(rotation_about("z", 10).linear, (0.3, 0.0, 1.0), 1.5),
)
TURNS = [g for g in MOTIONS if not any(g.shift)]
PROPER = [g for g in TURNS if g.parity > 0]
GENERATORS_OF_SPACE = tuple(GENERATORS.values())
ROTATIONS = GENERATORS_OF_SPACE[:3]


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class TestPositions(RepresentationContract):
    representation = Field(Positions(), NODE)
    elements = (*MOTIONS, *Symmetric(3).enumerate()[1:])
    generators = GENERATORS_OF_SPACE
    example = random(2, 3, 3)
    linear = False  # translations are affine


class TestSetsOfOtherSpaces(RepresentationContract):
    representation = Field(Positions(), NODE)
    elements = Symmetric(3).enumerate()
    example = random(2, 3, 4)


class TestVectors(RepresentationContract):
    representation = Field(Vectors())
    elements = MOTIONS
    generators = GENERATORS_OF_SPACE
    example = random(2, 5, 3)


class TestPseudovectors(RepresentationContract):
    representation = Field(Vectors(axial=True), GRAPH)
    elements = MOTIONS
    generators = GENERATORS_OF_SPACE
    example = random(2, 3)


class TestTensors(RepresentationContract):
    representation = Field(Tensors())
    elements = MOTIONS
    generators = GENERATORS_OF_SPACE
    example = random(2, 3, 3)


class TestVoigt(RepresentationContract):
    representation = Field(Voigt())
    elements = MOTIONS
    generators = GENERATORS_OF_SPACE
    example = random(2, 6)


class TestCells(RepresentationContract):
    representation = Field(Cells())
    elements = MOTIONS
    generators = GENERATORS_OF_SPACE
    example = random(2, 3, 3)


class TestFrames(RepresentationContract):
    representation = Field(Frames(), NODE)
    elements = (*MOTIONS, Permutation((1, 2, 0, 3)))
    generators = GENERATORS_OF_SPACE
    example = random(2, 4, 3, 3)


class TestFractional(RepresentationContract):
    representation = Field(Fractional())
    elements = TURNS
    generators = ROTATIONS
    example = random(2, 4, 3)


class TestIrreps(RepresentationContract):
    representation = Field(Irreps.parse("2x0e+1o+2e+3o"))
    elements = MOTIONS
    generators = GENERATORS_OF_SPACE
    example = random(2, 4, 17)


class TestSum(RepresentationContract):
    representation = Field(Sum((Positions(), Vectors(), Irreps.parse("2x0e"))), NODE)
    elements = (*MOTIONS, Permutation((1, 2, 0, 3)))
    generators = GENERATORS_OF_SPACE
    example = random(2, 4, 8)
    linear = False


class TestPairs(RepresentationContract):
    representation = Field(Vectors(), PAIR)
    elements = (*MOTIONS, Permutation((1, 2, 0)))
    generators = GENERATORS_OF_SPACE
    example = random(2, 3, 3, 3)


class TestEdges(RepresentationContract):
    representation = Field(Scalars(), EDGE)
    elements = (*MOTIONS, Permutation((1, 2, 0)))
    generators = GENERATORS_OF_SPACE
    example = random(2, 7)


class TestLabels(RepresentationContract):
    representation = Labels()
    elements = (Permutation((0, 1, 2)), Permutation((1, 2, 0)), Permutation((1, 0, 2)))
    example = torch.tensor([[[0, 1, 2], [1, 2, -1]], [[2, 0, 0], [0, 1, 2]]], dtype=torch.float64)
    affine = False  # they are names, not numbers


class TestQuaternions(RepresentationContract):
    representation = Field(Quaternions())
    elements = (Motion(), rotation_about("z", 20), rotation_about((1, 1, 0), -15))
    generators = ROTATIONS
    example = torch.nn.functional.normalize(random(2, 5, 4).abs() + torch.tensor([2.0, 0, 0, 0]), dim=-1)
    affine = False  # of q and -q one is taken


class TestAxisAngles(RepresentationContract):
    representation = Field(AxisAngles())
    elements = (Motion(), rotation_about("z", 20), rotation_about((1, 1, 0), -15))
    generators = ROTATIONS
    example = 0.4 * random(2, 5, 3)
    affine = False


def test_frames_are_cells_with_their_vectors_as_columns():
    x = random(2, 3, 3)
    for g in TURNS:
        if g.scale == 1:
            torch.testing.assert_close(Frames().act(g, x), Cells().act(g, x.mT).mT)


def test_points_are_permuted():
    x, points = torch.randn(2, 4, 3), Field(Positions(), NODE)
    moved, _ = points.act(Permutation((1, 2, 3, 0)), x)
    assert torch.equal(moved[:, 1], x[:, 0]) and torch.equal(moved[:, 0], x[:, 3])
    assert torch.equal(points.act(rotation_by(90), x)[0], x)  # of the plane
    assert torch.equal(points.act(Permutation((1, 0), CHANNELS), x)[0], x)
    check_refused("3 points cannot act", points.act, Permutation((1, 0, 2)), x)


def test_pairs_move_with_both_their_points_and_the_index_names_the_same_ones():
    x = random(1, 5, 3)
    pairs = (x[:, :, None] - x[:, None]).norm(dim=-1)
    g = Permutation((3, 0, 4, 1, 2))
    moved = Field(Positions(), NODE).act(g, x)[0]
    expected = (moved[:, :, None] - moved[:, None]).norm(dim=-1)
    torch.testing.assert_close(Field(Scalars(), PAIR).act(g, pairs)[0], expected)
    edges = torch.tensor([[[0, 1, 2], [1, 4, 0]]])
    named = Labels().act(g, edges)[0]
    assert torch.equal(moved[0][named[0]], x[0][edges[0]])


def test_values_of_points_are_told_by_the_length_of_their_axis():
    g, charges = Permutation((1, 2, 0)), random(2, 3)
    assert torch.equal(Field(Scalars()).act(g, charges)[0], charges[:, [2, 0, 1]])
    assert torch.equal(Field(Scalars()).act(g, random(2, 4))[0], random(2, 4))
    dipole = random(2, 3)
    assert torch.equal(Field(Vectors()).act(g, dipole)[0], dipole)


def test_voigt_has_no_norm_of_its_own():
    """The one of the tensor is kept, that of the six numbers is not."""
    six = random(1, 6)
    g = rotation_about((1, 2, 3), 77)
    moved = Field(Voigt()).act(g, six)[0]
    torch.testing.assert_close(from_voigt(moved).norm(), from_voigt(six).norm())
    assert abs(moved.norm() / six.norm() - 1) > 0.01
    assert torch.equal(to_voigt(from_voigt(six)), six)


def test_cross_products_are_pseudovectors_and_products_of_vectors_tensors():
    v, w = random(2, 3), random(2, 3).flip(0)
    for g in MOTIONS:
        move = lambda x, g=g: Field(Vectors()).act(g, x)[0]
        cross = torch.linalg.cross(move(v), move(w))
        torch.testing.assert_close(cross, Field(Vectors(axial=True)).act(g, torch.linalg.cross(v, w))[0])
        outer = move(v)[:, :, None] * move(w)[:, None]
        torch.testing.assert_close(outer, Field(Tensors()).act(g, v[:, :, None] * w[:, None])[0])
        torch.testing.assert_close(move(v), Field(Irreps.parse("1o")).act(g, v)[0])


def test_what_has_the_wrong_shape_is_refused_in_one_line():
    check_refused("vectors are", Field(Vectors()).act, rotation_about("x", 3), random(2, 5))
    check_refused(
        "points of three coordinates", Field(Positions()).act, rotation_about("x", 3), random(2, 5, 4)
    )
    check_refused("no mirror image", Field(Quaternions()).act, INVERSION, random(2, 4))
    check_refused("in every cell", Field(Fractional()).act, moved_by((1, 0, 0)), random(2, 4, 3))


@pytest.mark.parametrize(("first", "shape"), [(Trivial(), (4, 3)), (Field(Scalars()), (4, 3))])
def test_a_group_is_bound_to_the_points_among_several_tensors(first, shape):
    packed = Packed(((4,), shape), (first, Field(Positions(), NODE)))
    assert packed.bound_shape((16,)) == shape


def test_what_stands_in_for_another_translation_is_turned_with_the_axes():
    """Along y what it is along x, of points whose axes are turned; linear in the direction; nothing moves the mean."""
    points = random(2, 5, 3)
    field = Field(Positions(), NODE)
    x, y, z = (GENERATORS[f"translation_{axis}"] for axis in "xyz")
    along = field.changes([x, y, z], points)
    torch.testing.assert_close(along[0], points - points.mean(1, keepdim=True))
    for first, second in ((0, 1), (1, 2), (2, 0)):
        torch.testing.assert_close(along[second], along[first].roll(1, -1))
    both = replace(x, shift=(0.5, -2.0, 0.0), growth=3.0)
    expected = 0.5 * along[0] - 2 * along[1] + 3 * points
    torch.testing.assert_close(field.changes([both], points)[0], expected)
    with_normals = Field(Sum((Positions(), Vectors())), NODE)
    beside = with_normals.changes([y], torch.cat([points, random(2, 5, 3)], -1))[0]
    torch.testing.assert_close(beside, torch.cat([along[1], torch.zeros(2, 5, 3, dtype=points.dtype)], -1))
