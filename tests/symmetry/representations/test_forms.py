"""Direct sums of several forms: on each the action is that of its own."""

import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.space.components import Positions, Vectors
from symmeter.domains.space.field import NODE, Field
from symmeter.domains.space.generators import GENERATORS
from symmeter.domains.space.motion import moved_by, rotation_about
from symmeter.symmetry.representations.forms import Forms
from symmeter.symmetry.representations.packed import Packed


def packed(nodes: int) -> Packed:
    return Packed(((nodes, 3), (1, 3)), (Field(Positions(), NODE), Field(Vectors())))


FORMS = Forms({3 * nodes + 3: packed(nodes) for nodes in (2, 4)})
ELEMENTS = (rotation_about("z", 90), rotation_about("x", 30), moved_by([1.0, 2.0, -3.0]))
ROWS = {nodes: torch.randn(3, 3 * nodes + 3, dtype=torch.float64) for nodes in (2, 4)}


class TestForms(RepresentationContract):
    representation = FORMS
    elements = (ELEMENTS[0] @ ELEMENTS[0].inverse(), *ELEMENTS)
    generators = tuple(GENERATORS[name] for name in ("rotation_x", "translation_z"))
    example = ROWS[4]
    linear = False  # translations move positions


def test_each_form_is_acted_on_as_it_is_alone():
    for nodes, rows in ROWS.items():
        assert FORMS.fitted(rows) == FORMS.leaves(rows) == packed(nodes)
        assert FORMS.bound_shape(tuple(rows.shape[1:])) == (nodes, 3)
        for g in ELEMENTS:
            assert torch.equal(FORMS.act(g, rows)[0], packed(nodes).act(g, rows)[0])
