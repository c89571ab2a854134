"""Several tensors at once, each with its own representation."""

import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.planar_products import dihedral
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.product import Product
from symmeter.symmetry.representations.trivial import Trivial

GRID = Grid(Bandlimited())
IMAGES = torch.randn(2, 1, 6, 6, dtype=torch.float64)
LABELS = torch.randn(2, 3, dtype=torch.float64)
GENERATORS_HERE = (GENERATORS["rotation"], GENERATORS["translation_x"])


class TestTuple(RepresentationContract):
    representation = Product((GRID, Trivial()))
    elements = dihedral(4).enumerate()
    generators = GENERATORS_HERE
    example = (IMAGES, LABELS)


class TestDict(RepresentationContract):
    representation = Product({"image": GRID, "both": Product((Trivial(), GRID))})
    elements = dihedral(4).enumerate()
    generators = GENERATORS_HERE

    @property
    def example(self):
        return {"image": IMAGES, "both": (LABELS, IMAGES**2)}


class TestPacked(RepresentationContract):
    representation = Packed(((1, 6, 6), (3,)), (GRID, Trivial()))
    elements = dihedral(4).enumerate()
    generators = GENERATORS_HERE
    example = torch.cat([IMAGES.flatten(1), LABELS], 1)


def test_product_acts_part_by_part():
    rho, generator = Product((GRID, Trivial())), GENERATORS["rotation"]
    moved, still = rho.differentiate(generator, (IMAGES, LABELS))
    torch.testing.assert_close(moved, GRID.differentiate(generator, IMAGES))
    assert not still.any()
    (acted, same), (mask, _) = rho.act(generator.exp(0.1), (IMAGES, LABELS))
    assert torch.equal(same, LABELS)
    assert acted.shape == IMAGES.shape and mask.shape == (6, 6)
