"""Tensors inside of networks: how they are moved, and in which ways they might be."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.space.candidates import candidates, irreps_of
from symmeter.domains.space.components import Positions, Tensors, Vectors
from symmeter.domains.space.generators import GENERATORS
from symmeter.domains.space.hidden import Hidden, NodeAxis
from symmeter.domains.space.irreps import Irreps
from symmeter.domains.space.motion import INVERSION, Motion, mirror, moved_by, rotation_about
from symmeter.symmetry.groups.group import ProductElement
from symmeter.symmetry.groups.permutations import Permutation, Symmetric

TURNS = (Motion(), rotation_about((1, 2, 3), 77), mirror("y"))
ROTATIONS = tuple(GENERATORS.values())[:3]
CYCLE = Permutation((1, 2, 0))


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class TestVectorsInTheMiddle(RepresentationContract):
    representation = Hidden(Vectors(), at=2)
    elements = TURNS
    generators = ROTATIONS
    example = random(2, 5, 3, 4)


class TestTensorsBeforeChannels(RepresentationContract):
    representation = Hidden(Tensors(), at=1)
    elements = TURNS
    generators = ROTATIONS
    example = random(2, 3, 3, 4)


class TestPositionsOfPointsOnTheLastAxis(RepresentationContract):
    representation = Hidden(Positions(), at=1, nodes=(NodeAxis(2),))
    elements = (*TURNS, moved_by((1, 2, 3)), *Symmetric(3).enumerate())
    generators = tuple(GENERATORS.values())
    example = random(2, 3, 3)
    linear = False  # translations are affine


class TestPairs(RepresentationContract):
    representation = Hidden(nodes=(NodeAxis(1), NodeAxis(2)))
    elements = Symmetric(3).enumerate()
    example = random(2, 3, 3, 4)


class TestPointsBehindAToken(RepresentationContract):
    representation = Hidden(nodes=(NodeAxis(1, 1, first=True),))
    elements = Symmetric(3).enumerate()
    example = random(2, 4, 5)


class TestPointsOfAllGraphs(RepresentationContract):
    representation = Hidden(nodes=(NodeAxis(0, joined="outer"),), rows=3)
    elements = Symmetric(3).enumerate()
    example = random(6, 5)
    items = 2


class TestLoopsBehindEdges(RepresentationContract):
    representation = Hidden(nodes=(NodeAxis(1, joined="last"),))
    elements = Symmetric(3).enumerate()
    example = random(2, 7, 4)


def test_joined_axes_are_permuted_in_blocks():
    x = random(2, 3, 4)
    flat = Hidden(nodes=(NodeAxis(1, joined="inner"),)).act(CYCLE, x.flatten(1))[0]
    assert torch.equal(flat.unflatten(1, (3, 4)), Hidden(nodes=(NodeAxis(1),)).act(CYCLE, x)[0])
    other = Hidden(nodes=(NodeAxis(1, joined="outer"),)).act(CYCLE, x.mT.flatten(1))[0]
    assert torch.equal(other.unflatten(1, (4, 3)).mT, Hidden(nodes=(NodeAxis(1),)).act(CYCLE, x)[0])


def test_numbers_of_points_go_on_from_graph_to_graph_and_padding_stays():
    edges = torch.tensor([[0, 1, 5], [2, 3, -1]])
    assert Hidden(labels=True).act(CYCLE, edges)[0].tolist() == [[1, 2, 3], [0, 4, -1]]


def test_products_with_covectors_are_by_sample():
    rho, x, w = Hidden(Vectors(), at=1, rows=2), random(6, 3), random(6, 3)
    found = rho.pairing(x)(ROTATIONS, w)
    tangents = torch.stack(rho.differentiate_all(ROTATIONS, x))
    torch.testing.assert_close(found, (w * tangents).reshape(3, 3, 6).sum(2))
    alone = Hidden(Vectors(), at=1, rows=None).pairing(x)(ROTATIONS, w)
    torch.testing.assert_close(alone, found.sum(1, keepdim=True))
    assert Hidden(rows=2).pairing(x)(ROTATIONS, w).tolist() == torch.zeros(3, 3).tolist()


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        ((2, 5, 8), "scalars, points on axis 1"),
        ((2, 8, 5), "scalars, points on axis 2"),
        ((2, 6, 8), "scalars, points on axis 1 with a token before them"),
        ((10, 8), "scalars, points on axis 0"),
        ((2, 40), "scalars, points on axis 1"),
        ((2, 5, 5), "scalars, points on axis 1, points on axis 2"),
    ],
)
def test_what_could_be_permuted_is_among_the_candidates_behind_what_stays(shape, word):
    g = Permutation((1, 2, 3, 4, 0))
    found = [one.describe() for one in candidates([g], torch.zeros(shape), 2)]
    assert found[0] == "scalars"
    assert word in found
    assert all(
        one.act(g, torch.zeros(shape))[0].shape == shape for one in candidates([g], torch.zeros(shape), 2)
    )


def test_a_tensor_of_other_lengths_can_only_stay():
    assert candidates([Permutation((1, 2, 3, 4, 0)), TURNS[1]], torch.zeros(2, 7, 4), 2) == [Hidden()]


def test_motions_that_cannot_tell_them_apart_have_one_candidate_for_them():
    words = lambda motion: [
        one.components.describe() for one in candidates([motion], torch.zeros(2, 5, 3), 2)
    ]
    assert words(TURNS[1]) == ["scalars", "vectors"]
    assert words(moved_by((1, 0, 0))) == ["scalars", "vectors", "points"]
    assert words(INVERSION) == ["scalars", "vectors", "pseudovectors"]


def test_what_a_module_promises_is_the_only_candidate_and_what_others_do_one_of_several():
    x = torch.zeros(2, 4)
    (only,) = candidates([TURNS[1]], x, 2, ["0e+1o"], sure=True)
    assert only.components == Irreps.parse("0e+1o")
    assert [one.describe() for one in candidates([TURNS[1]], x, 2, ["0e+1o", "1o"])] == ["scalars", "0e+1o"]


def test_both_parts_of_a_product_have_their_candidates():
    g = ProductElement((TURNS[1], CYCLE))
    found = {one.describe() for one in candidates([g], torch.zeros(2, 3, 3), 2)}
    assert {"scalars", "vectors", "vectors, points on axis 1", "tensors"} <= found


def test_irreps_that_a_module_names_are_read_and_others_are_not():
    class Layer:
        irreps_in1, irreps_in2, irreps_out = "1x0e+2x1o", "anything", None

    assert irreps_of(Layer(), False, 0) == "0e+2x1o"
    assert irreps_of(Layer(), False, 1) is None
    assert irreps_of(Layer(), True, 0) is None
    assert irreps_of(object(), True, 0) is None
