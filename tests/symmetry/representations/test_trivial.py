"""The trivial representation, on tensors and on trees of them."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.planar_products import dihedral
from symmeter.symmetry.representations.trivial import Trivial

CLASSES = torch.randn(3, 5, dtype=torch.float64)
MAPS = torch.randn(3, 2, 4, 6, dtype=torch.float64)


class TestTrivial(RepresentationContract):
    representation = Trivial()
    elements = dihedral(4).enumerate()
    generators = tuple(GENERATORS.values())

    @pytest.fixture(
        autouse=True,
        params=[CLASSES, MAPS, (CLASSES, MAPS), {"classes": CLASSES, "maps": MAPS}],
        ids=["classes", "maps", "tuple", "dict"],
    )
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.example = request.param


def test_the_derivative_costs_no_memory_for_every_generator():
    tangents = Trivial().differentiate_all(TestTrivial.generators, MAPS)
    assert len({tangent.data_ptr() for tangent in tangents}) == 1
    assert tangents[0].untyped_storage().nbytes() == 8
