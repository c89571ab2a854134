"""A tensor that holds the grid in pieces moves as the image that it was cut from."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.axes.rearranged import Rearranged
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.local import Gruver2023
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.planar_products import dihedral

BATCH = ("batch", -1, 1, 0, ())
GENERATORS_HERE = [GENERATORS["translation_x"], GENERATORS["translation_y"], GENERATORS["rotation"]]


def axis(role, size, step=1):
    return (role, size, step, 0, ())


# name: (how the tensor is cut from a map (B, 3, 4, 6), its axes)
CUTS = {
    "channels before tokens": (
        lambda z: z.flatten(2),
        ((BATCH,), (axis("channel", 3),), (axis("y", 4), axis("x", 6))),
    ),
    "columns before rows": (
        lambda z: z.mT,
        ((BATCH,), (axis("channel", 3),), (axis("x", 6),), (axis("y", 4),)),
    ),
    "windows beside the images": (
        lambda z: z.view(-1, 3, 2, 2, 2, 3).permute(0, 2, 4, 3, 5, 1).reshape(-1, 6, 3),
        ((BATCH, axis("y", 2, 2), axis("x", 2, 3)), (axis("y", 2), axis("x", 3)), (axis("channel", 3),)),
    ),
    "fine rows among the channels": (
        lambda z: z.view(-1, 3, 2, 2, 6).transpose(2, 3).reshape(-1, 6, 2, 6),
        ((BATCH,), (axis("channel", 3), axis("y", 2)), (axis("y", 2, 2),), (axis("x", 6),)),
    ),
    "images last": (
        lambda z: z.flatten(2).permute(2, 0, 1),
        ((axis("y", 4), axis("x", 6)), (BATCH,), (axis("channel", 3),)),
    ),
}
IMAGE = torch.rand(5, 3, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


class TestRearranged(RepresentationContract):
    elements = dihedral(2).enumerate()
    generators = tuple(GENERATORS_HERE)
    items = 5

    @pytest.fixture(autouse=True, params=CUTS)
    def _each(self, request: pytest.FixtureRequest) -> None:
        cut, axes = CUTS[request.param]
        self.representation = Rearranged(Grid(Bandlimited()), axes)
        self.example = cut(IMAGE)
        self.batch_axis = 1 if request.param == "images last" else 0


@pytest.mark.parametrize("name", CUTS)
@pytest.mark.parametrize("definition", [Bandlimited(), Gruver2023()])
def test_acts_as_the_image_it_was_cut_from(name, definition):
    cut, axes = CUTS[name]
    rho, grid = Rearranged(Grid(definition), axes), Grid(definition)
    torch.testing.assert_close(rho.to_grid(cut(IMAGE)).sum(1), IMAGE.sum(1))
    found = rho.differentiate_all(GENERATORS_HERE, cut(IMAGE))
    for generator, tangent in zip(GENERATORS_HERE, found, strict=True):
        torch.testing.assert_close(tangent, cut(grid.differentiate(generator, IMAGE)))
    element = GENERATORS["rotation"].exp(0.2)
    moved, valid = rho.act(element, cut(IMAGE))
    expected, mask = grid.act(element, IMAGE)
    torch.testing.assert_close(moved, cut(expected))
    torch.testing.assert_close(valid, cut(mask.expand_as(expected)))
    torch.testing.assert_close(
        rho.pairing(cut(IMAGE))(GENERATORS_HERE, cut(IMAGE**2)),
        grid.pairing(IMAGE)(GENERATORS_HERE, IMAGE**2),
    )


def test_rolled_maps_are_rolled_back_first():
    axes = ((BATCH,), (axis("channel", 3),), (axis("y", 4),), (axis("x", 6),))
    rho, roll = Rearranged(Grid(Bandlimited()), axes, (1, 5)), lambda z: z.roll((1, -1), (2, 3))
    for generator in GENERATORS_HERE:
        expected = roll(Grid(Bandlimited()).differentiate(generator, IMAGE))
        torch.testing.assert_close(rho.differentiate(generator, roll(IMAGE)), expected)


def test_prefix_tokens_stay():
    inside = (("y", 4, 1), ("x", 6, 1))
    rho = Rearranged(Grid(Bandlimited()), ((BATCH,), (axis("channel", 3),), (("tokens", 26, 1, 2, inside),)))
    behind = lambda z, prefix: torch.cat([prefix, z.flatten(2)], 2)
    prefix = torch.rand(5, 3, 2, dtype=torch.float64)
    for generator in GENERATORS_HERE:
        expected = behind(Grid(Bandlimited()).differentiate(generator, IMAGE), torch.zeros_like(prefix))
        torch.testing.assert_close(rho.differentiate(generator, behind(IMAGE, prefix)), expected)
    moved, valid = rho.act(GENERATORS["translation_x"].exp(0.1), behind(IMAGE, prefix))
    torch.testing.assert_close(moved[..., :2], prefix)
    assert valid[..., :2].all() and valid.shape == moved.shape
