"""Points without an order: permutations act on them."""

import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import rotation_by
from symmeter.domains.sets import Points
from symmeter.symmetry.groups.permutations import Permutation, Symmetric


class TestPoints(RepresentationContract):
    representation = Points()
    elements = Symmetric(3).enumerate()
    example = torch.randn(2, 3, 4, dtype=torch.float64)


def test_points_are_permuted():
    x = torch.randn(2, 4, 3)
    moved, _ = Points().act(Permutation((1, 2, 3, 0)), x)
    assert torch.equal(moved[:, 1], x[:, 0]) and torch.equal(moved[:, 0], x[:, 3])
    assert torch.equal(Points().act(rotation_by(90), x)[0], x)
    check_refused("3 points cannot act", Points().act, Permutation((1, 0, 2)), x)
