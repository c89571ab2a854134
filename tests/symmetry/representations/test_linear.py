"""Actions on channels and points: homomorphisms, direct sums, kernels."""

import pytest
import torch
from tests.helpers import check_refused

from symmeter.domain import parse_group
from symmeter.domains.grids.affine_map import rotation_by
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Image
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.sets import Points
from symmeter.symmetry.groups.group import ProductElement
from symmeter.symmetry.groups.permutations import Permutation
from symmeter.symmetry.representations import kernel
from symmeter.symmetry.representations.linear import DirectSum, Matrices, Regular
from symmeter.symmetry.representations.trivial import Trivial

GRID = Image(Bandlimited())


def rotation_matrix(g):
    return g.matrix


REPRESENTATIONS = {
    "regular": (Regular(parse_group("D4"), GRID), (2, 16, 5, 5)),
    "regular vector": (Regular(parse_group("D4")), (2, 8)),
    "matrices": (Matrices(rotation_matrix, GRID), (2, 2, 5, 5)),
    "sum": (
        DirectSum(((GRID, 3), (Regular(parse_group("D4"), GRID), 8), (Matrices(rotation_matrix, GRID), 2))),
        (2, 13, 5, 5),
    ),
    "vector sum": (DirectSum(((Trivial(), 1), (Matrices(rotation_matrix), 2))), (2, 3)),
}


@pytest.mark.parametrize(("rho", "shape"), REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_actions_are_homomorphisms(rho, shape):
    x = torch.randn(shape, dtype=torch.float64)
    elements = parse_group("D4").enumerate()
    torch.testing.assert_close(rho.act(elements[0], x)[0], x)
    for g in elements:
        torch.testing.assert_close(rho.act(g.inverse(), rho.act(g, x)[0])[0], x)
        for h in elements:
            torch.testing.assert_close(rho.act(g, rho.act(h, x)[0])[0], rho.act(g @ h, x)[0])


@pytest.mark.parametrize(("rho", "shape"), REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_finite_actions_have_no_derivative_and_are_linear(rho, shape):
    check_refused("has no derivative", rho.differentiate, GENERATORS["rotation"], torch.zeros(shape))
    x, y = torch.randn(2, *shape, dtype=torch.float64)
    g = rotation_by(90)
    torch.testing.assert_close(rho.act(g, 2 * x - y)[0], 2 * rho.act(g, x)[0] - rho.act(g, y)[0])
    assert rho.describe()


def test_points_are_permuted():
    x = torch.randn(2, 4, 3)
    moved, _ = Points().act(Permutation((1, 2, 3, 0)), x)
    assert torch.equal(moved[:, 1], x[:, 0]) and torch.equal(moved[:, 0], x[:, 3])
    assert torch.equal(Points().act(rotation_by(90), x)[0], x)
    check_refused("3 points cannot act", Points().act, Permutation((1, 0, 2)), x)


@pytest.mark.parametrize(("rho", "group", "shape", "expected"), [
    (Trivial(), "C4", (1, 3), [0, 1, 2, 3]),
    (GRID, "C4", (1, 3, 5, 5), [0]),
    (GRID, "C4", (1, 3, 1, 1), [0, 1, 2, 3]),  # one position: nothing can move
    (GRID, "hflip", (1, 3, 5, 1), [0, 1]),
    (Regular(parse_group("C4")), "C4", (1, 8), [0]),
    (Matrices(lambda g: torch.eye(2) if g.turn[0] in (0, 180) else torch.eye(2)[[1, 0]]), "C4", (1, 2), [0, 2]),
    (GRID, "C4*colours", (1, 3, 5, 5), [0, 1, 2, 3, 4, 5]),  # features know nothing of colours
])  # fmt: skip
def test_kernels_are_found_by_looking(rho, group, shape, expected):
    elements = parse_group(group).bind((3, 8, 8)).enumerate()
    assert kernel(rho, elements, torch.zeros(shape)) == expected


def test_masks_of_sums_cover_all_channels():
    rho = DirectSum(((GRID, 1), (Matrices(rotation_matrix, GRID), 2)))
    moved, mask = rho.act(rotation_by(45), torch.randn(1, 3, 9, 9))
    assert mask.expand_as(moved).shape == moved.shape and 0 < float(mask.mean()) < 1


@pytest.mark.parametrize(("rho", "element", "shape", "words"), [
    (Regular(parse_group("C4")), rotation_by(90), (1, 6), "needs a multiple of 4 channels"),
    (Regular(parse_group("C4")), rotation_by(45), (1, 8), "rotate 45 is no element of C4"),
    (Matrices({"identity": torch.eye(2)}), rotation_by(90), (1, 2), "no matrix for the element 'rotate 90'"),
    (Matrices(rotation_matrix), rotation_by(90), (1, 3), "has 3 entries"),
    (DirectSum(((Trivial(), 2),)), rotation_by(90), (1, 3), "direct sum of 2 channels"),
])  # fmt: skip
def test_shapes_that_do_not_fit_get_one_line(rho, element, shape, words):
    check_refused(words, rho.act, element, torch.zeros(shape))


def test_pairs_reach_regular_blocks_part_by_part():
    rho, x = Regular(parse_group("C4"), GRID), torch.randn(1, 4, 5, 5)
    swap = Permutation((1, 0, 2), "channels")
    assert torch.equal(rho.act(ProductElement((rotation_by(90), swap)), x)[0], rho.act(rotation_by(90), x)[0])
