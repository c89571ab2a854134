"""Actions on channels: regular ones, by matrices, side by side; and kernels."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import rotation_by
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.planar import Cyclic, Reflection
from symmeter.domains.grids.planar_products import dihedral
from symmeter.symmetry.groups.group import ProductElement
from symmeter.symmetry.groups.permutations import Permutation, Symmetric
from symmeter.symmetry.groups.products import multiply
from symmeter.symmetry.representations import kernel
from symmeter.symmetry.representations.linear import DirectSum, Matrices, Regular
from symmeter.symmetry.representations.trivial import Trivial

GRID = Grid(Bandlimited())


def rotation_matrix(g):
    return g.matrix


D4 = dihedral(4)


class TestLinear(RepresentationContract):
    elements = D4.enumerate()

    @pytest.fixture(autouse=True, params=[
        (Regular(D4, GRID), (2, 16, 5, 5)),
        (Regular(D4), (2, 8)),
        (Matrices(rotation_matrix, GRID), (2, 2, 5, 5)),
        (DirectSum(((GRID, 3), (Regular(D4, GRID), 8), (Matrices(rotation_matrix, GRID), 2))), (2, 13, 5, 5)),
        (DirectSum(((Trivial(), 1), (Matrices(rotation_matrix), 2))), (2, 3)),
    ], ids=["regular", "regular vector", "matrices", "sum", "vector sum"])  # fmt: skip
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation, shape = request.param
        self.example = torch.randn(shape, dtype=torch.float64)

    def test_there_is_no_derivative(self):
        check_refused(
            "has no derivative", self.representation.differentiate, GENERATORS["rotation"], self.example
        )


@pytest.mark.parametrize(("rho", "group", "shape", "expected"), [
    (Trivial(), Cyclic(4), (1, 3), [0, 1, 2, 3]),
    (GRID, Cyclic(4), (1, 3, 5, 5), [0]),
    (GRID, Cyclic(4), (1, 3, 1, 1), [0, 1, 2, 3]),  # one position: nothing can move
    (GRID, Reflection(), (1, 3, 5, 1), [0, 1]),
    (Regular(Cyclic(4)), Cyclic(4), (1, 8), [0]),
    (Matrices(lambda g: torch.eye(2) if g.turn[0] in (0, 180) else torch.eye(2)[[1, 0]]), Cyclic(4), (1, 2), [0, 2]),
    (GRID, multiply([Cyclic(4), Symmetric(3, "channels")]), (1, 3, 5, 5), [0, 1, 2, 3, 4, 5]),  # features know nothing of colours
])  # fmt: skip
def test_kernels_are_found_by_looking(rho, group, shape, expected):
    elements = group.bind((3, 8, 8)).enumerate()
    assert kernel(rho, elements, torch.zeros(shape)) == expected


def test_masks_of_sums_cover_all_channels():
    rho = DirectSum(((GRID, 1), (Matrices(rotation_matrix, GRID), 2)))
    moved, mask = rho.act(rotation_by(45), torch.randn(1, 3, 9, 9))
    assert mask.expand_as(moved).shape == moved.shape and 0 < float(mask.mean()) < 1


@pytest.mark.parametrize(("rho", "element", "shape", "words"), [
    (Regular(Cyclic(4)), rotation_by(90), (1, 6), "needs a multiple of 4 channels"),
    (Regular(Cyclic(4)), rotation_by(45), (1, 8), "rotate 45 is no element of C4"),
    (Matrices({"identity": torch.eye(2)}), rotation_by(90), (1, 2), "no matrix for the element 'rotate 90'"),
    (Matrices(rotation_matrix), rotation_by(90), (1, 3), "has 3 entries"),
    (DirectSum(((Trivial(), 2),)), rotation_by(90), (1, 3), "direct sum of 2 channels"),
])  # fmt: skip
def test_shapes_that_do_not_fit_get_one_line(rho, element, shape, words):
    check_refused(words, rho.act, element, torch.zeros(shape))


def test_pairs_reach_regular_blocks_part_by_part():
    rho, x = Regular(Cyclic(4), GRID), torch.randn(1, 4, 5, 5)
    swap = Permutation((1, 0, 2), "channels")
    assert torch.equal(rho.act(ProductElement((rotation_by(90), swap)), x)[0], rho.act(rotation_by(90), x)[0])
