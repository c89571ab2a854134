"""What else a value might be: unmoved, turned the other way, of the other parity."""

import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.space.alternatives import alternatives
from symmeter.domains.space.components import Cells, Scalars, Vectors
from symmeter.domains.space.field import NODE, Field
from symmeter.domains.space.generators import GENERATORS
from symmeter.domains.space.motion import Motion, rotation_about
from symmeter.symmetry.alternatives import Transposed
from symmeter.symmetry.representations.trivial import Trivial


class TestTransposed(RepresentationContract):
    """An action where elements commute, as turns about one axis do."""

    representation = Transposed(Field(Vectors()))
    elements = (Motion(), rotation_about("z", 20), rotation_about("z", 130))
    generators = (GENERATORS["rotation_z"],)
    example = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def words(rho, *shape):
    return [one.words for one in alternatives(rho, torch.full((2, *shape), 0.5))]


def test_they_are_those_that_the_shape_allows():
    assert "looks like pseudovectors" in words(Field(Vectors()), 4, 3)
    assert "looks like vectors" in words(Field(Vectors(axial=True)), 3)
    unmoved = words(Trivial(), 3, 3)
    assert unmoved[0].startswith("does not turn with the positions") and len(unmoved) > 3
    assert (
        words(Trivial(), 5)
        == words(Field(Scalars()), 5)
        == ["is permuted with the points, as 'node scalars'"]
    )
    assert words(Trivial()) == []


def test_only_cells_are_asked_whether_they_are_read():
    asked = [one for one in alternatives(Field(Cells()), torch.zeros(2, 3, 3)) if one.unread]
    assert len(asked) == 1 and isinstance(asked[0].rho, Trivial)
    assert not any(one.unread for one in alternatives(Field(Vectors(), NODE), torch.zeros(2, 4, 3)))
