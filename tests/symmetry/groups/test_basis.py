"""A basis of generators spans them all."""

import pytest
import torch

from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.pixels import Pixels
from symmeter.symmetry.groups.basis import Basis
from symmeter.symmetry.groups.generators import Generator

OWN = [Generator("mine", "unit"), Generator("yours", "unit")]
CASES = [
    (FAMILIES["affine"], 6), (FAMILIES["colour"], 4), (FAMILIES["affine"] + FAMILIES["colour"], 10), (("rotation",), 1),
    (("shear_x", "shear_y", "rotation", "squeeze"), 2), (("stretch_x", "hue", "stretch_y", "scale"), 3),
]  # fmt: skip


@pytest.mark.parametrize(("names", "rank"), CASES)
def test_tangents_of_a_basis_make_all_tangents(names, rank):
    generators = [GENERATORS[name] for name in names]
    basis = Basis.of(generators)
    assert len(basis.generators) == rank and basis.coefficients.shape == (len(names), rank)
    image = Grid(Bandlimited(), pixels=Pixels())
    x = torch.rand(2, 3, 7, 9, dtype=torch.float64)
    spanned = torch.stack(image.differentiate_all(basis.generators, x))
    whole = torch.stack(image.differentiate_all(generators, x))
    torch.testing.assert_close(basis.combined(spanned), whole, atol=1e-12, rtol=1e-12)


def test_blocks_hold_the_generators_of_one_class():
    basis = Basis.of([GENERATORS[name] for name in ("hue", "rotation", "gain", "scale")])
    assert [[one.name for one in basis.generators[block]] for block in basis.blocks] == [
        ["hue", "gain"], ["rotation", "scale"],
    ]  # fmt: skip
    assert basis.combined(torch.arange(4.0)).tolist() == [0.0, 2.0, 1.0, 3.0]


def test_generators_of_their_own_are_a_basis_of_themselves():
    assert torch.equal(Basis.of(OWN).coefficients, torch.eye(2, dtype=torch.float64))
