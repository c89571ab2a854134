"""Matrices of a user's own: they act as what they stand for, and what is no representation is refused."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.domains.space.test_field import ROTATIONS, TURNS, random
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.domains.space.components import Tensors
from symmeter.domains.space.field import GRAPH, NODE, Field
from symmeter.domains.space.harmonics import mixing
from symmeter.domains.space.irreps import Irreps
from symmeter.domains.space.matrices import Matrices
from symmeter.domains.space.orthogonal import Orthogonal

SHUFFLED = [4, 0, 3, 1, 2]  # an order of l = 2 that nobody else uses
POINTS = torch.randn(4, 6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
PARITY = lambda R: torch.linalg.det(R).sign()


def quadrupole(R):
    """D of l = 2, even, in the order SHUFFLED, as an array."""
    return mixing(2, R * PARITY(R))[SHUFFLED][:, SHUFFLED].numpy()


def outer(R):
    return torch.kron(R, R)


class TestOuter(RepresentationContract):
    representation = Field(Matrices(outer), NODE)
    elements = TURNS
    generators = ROTATIONS
    example = random(2, 4, 9)


class TestQuadrupole(RepresentationContract):
    representation = Field(Matrices(quadrupole))
    elements = TURNS
    generators = ROTATIONS
    example = random(2, 5)


def test_they_act_as_what_they_stand_for():
    tensors, irrep = random(2, 4, 3, 3), random(2, 5)
    for g in TURNS:
        expected = Tensors().act(g, tensors).flatten(-2)
        torch.testing.assert_close(Matrices(outer).act(g, tensors.flatten(-2)), expected)
        expected = Irreps.parse("2e").act(g, irrep)[:, SHUFFLED]
        torch.testing.assert_close(Matrices(quadrupole).act(g, irrep[:, SHUFFLED]), expected)


@pytest.mark.parametrize(("matrices", "words"), [
    (lambda R: R.mT, r"no representation: D\(R S\) is not D\(R\) D\(S\)"),
    (lambda R: R + 0.1, "no representation"),
    (lambda R: 0 * R, "no representation"),
    (lambda R: R * float("nan"), "no representation"),
    (lambda R: torch.diag(torch.tensor([1.0, 0.0])), r"D\(1\) is not 1"),
    (lambda R: R[:2], r"must be square, \(d, d\), and not \(2, 3\)"),
])  # fmt: skip
def test_what_is_no_representation_is_refused(matrices, words):
    check_refused(words, Matrices, matrices)


def test_one_of_rotations_alone_acts_on_no_mirror_image():
    proper = Matrices(lambda R: R if PARITY(R) > 0 else 2 * R)
    x = random(2, 3)
    for g in TURNS:
        if g.parity > 0:
            proper.act(g, x)
        else:
            check_refused("is no rotation", proper.act, g, x)


class Outer(nn.Module):
    """The sum of p p^T over points, nine numbers; broken, not all of them turn."""

    def __init__(self, broken: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(9, dtype=torch.float64))
        self.broken = broken
        self.eval()

    def forward(self, x):
        y = torch.einsum("bni,bnj->bij", x, x).flatten(1)
        return self.weight * (torch.cat([y[:, :1].square(), y[:, 1:]], 1) if self.broken else y)


def test_a_run_with_matrices_of_ones_own():
    field = Field(Matrices(outer), GRAPH)
    symmetry = symmeter.Symmetry("SO3", groups=(Orthogonal(),), rho_out=field)
    options = {"inputs": "points", "output": "logits", "elements": 4, "sampling": "haar", "progress": False}
    (row,) = symmeter.measure(Outer(), POINTS, symmetry, "relative_error", control=False, **options).rows
    assert row.verdict == "not resolved"
    (row,) = symmeter.measure(Outer(True), POINTS, symmetry, "relative_error", control=False, **options).rows
    assert row.value > 0.1
