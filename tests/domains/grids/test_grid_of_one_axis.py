"""Lines move as images of one row do."""

import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.grids.shifts import parse_shifts

SIGNALS = torch.randn(3, 2, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SHIFT, SCALE = GENERATORS["translation_x"], GENERATORS["scale"]


class TestLine(RepresentationContract):
    representation = Grid(Periodic(), axes=1)
    elements = parse_shifts("2").bind((2, 1, 9)).enumerate()
    example = SIGNALS
    generators = (SHIFT,)


def test_it_is_a_row_of_an_image():
    line, image = Grid(Bandlimited(), axes=1), Grid(Bandlimited())
    for generator in (SHIFT, SCALE, GENERATORS["translation_y"], GENERATORS["hue"]):
        moved = line.differentiate(generator, SIGNALS)
        row = image.differentiate(generator, SIGNALS[:, :, None])
        torch.testing.assert_close(moved, row[:, :, 0], rtol=1e-12, atol=1e-12)
    g = SHIFT.exp(0.3)
    for a, b in zip(line.act(g, SIGNALS), image.act(g, SIGNALS[:, :, None]), strict=True):
        assert torch.equal(a, b.squeeze(-2))


def test_its_border_are_its_ends():
    border = Grid(Bandlimited(), axes=1).border(torch.zeros(1, 1, 40))
    assert border.nonzero().flatten().tolist() == [0, 1, 38, 39]
