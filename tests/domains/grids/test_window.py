"""A window of a larger image, which whole shifts move."""

import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import AffineMap, rotation_by
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.shifts import Shifts
from symmeter.domains.grids.window import Window

X = torch.randn(2, 3, 6, 8, dtype=torch.float64)


class TestWindow(RepresentationContract):
    representation = Window((1, 1))
    elements = Shifts(1, "crop").bind((3, 4, 6)).enumerate()
    example = X
    keeps_shape = False  # what is seen is smaller than the image

    def test_the_identity_shows_the_middle(self):
        assert torch.equal(self.moved(self.elements[0]), X[..., 1:-1, 1:-1])


def test_what_a_window_cannot_do_gets_one_line():
    check_refused("only shifted, not moved by 'rotate 90'", Window((1, 1)).act, rotation_by(90), X)
    check_refused("leaves the grid: the margin is 1 x 1", Window((1, 1)).act, AffineMap(shift=(2.0, 0.0)), X)
    check_refused("have no window inside a margin of 3 x 1", Window((3, 1)).act, AffineMap(), X)
    check_refused("it has no derivative", Window((1, 1)).differentiate, GENERATORS["scale"], X)
