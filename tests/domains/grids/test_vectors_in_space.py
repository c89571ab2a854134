"""Vector fields on grids of one and three axes."""

import itertools

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import linear_map
from symmeter.domains.grids.deformations import deformed
from symmeter.domains.grids.generators_in_space import GENERATORS_IN_SPACE
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.grids.vectors import Vectors
from symmeter.domains.space.motion import rotation_about
from symmeter.domains.space.point_groups import WITH_INVERSION
from symmeter.measuring.reference_samples import random_numbers

ALL = tuple(GENERATORS_IN_SPACE.values())
CUBES = torch.randn(2, 3, 4, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class TestVectorsOnCubes(RepresentationContract):
    representation = Vectors(Grid(Bandlimited(), axes=3), 3)
    elements = WITH_INVERSION[1].enumerate()[::5]
    generators = ALL
    example = CUBES


class TestVectorsOnUnequalSteps(RepresentationContract):
    """Components are lengths, whatever the steps."""

    representation = Vectors(Grid(Periodic(), axes=3, spacing=(1.0, 1.5, 3.0)), 3)
    elements = tuple(
        linear_map(torch.diag(torch.tensor(d)).tolist()) for d in itertools.product((1.0, -1.0), repeat=3)
    )
    generators = ALL
    example = torch.randn(2, 3, 3, 4, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


class TestVectorsOnALine(RepresentationContract):
    """A component along x changes sign where x does."""

    representation = Vectors(Grid(Bandlimited(), axes=1), 1)
    elements = (linear_map([[1]]), linear_map([[-1]]))
    example = torch.randn(2, 1, 7, dtype=torch.float64)

    def test_a_mirror_image_changes_sign(self) -> None:
        assert torch.equal(self.moved(self.elements[1]), -self.example.flip(-1))


def hedgehog(sizes, spacing):
    """Arrows that point away from the centre and fade out, as lengths: (1, 3, D, H, W)."""
    axes = [
        (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * step
        for n, step in zip(reversed(sizes), spacing, strict=True)
    ]
    z, y, x = torch.meshgrid(*reversed(axes), indexing="ij")
    away = torch.stack([x, y, z])
    return (away * torch.exp(-away.square().sum(0) / 18))[None]


def test_a_field_that_points_away_from_the_centre_is_turned_into_itself():
    spacing = (1.0, 1.5, 3.0)
    u = hedgehog((12, 20, 30), spacing)
    rho = Vectors(Grid(Bandlimited(), axes=3, spacing=spacing), 3)
    blind = Vectors(Grid(Bandlimited(), axes=3), 3)
    off = lambda rho, g: float(((rho.act(g, u)[0] - u) * rho.act(g, u)[1]).abs().max() / u.abs().max())
    turn = rotation_about((1, 2, 0.5), 50)
    assert off(rho, turn) < 0.03 and off(blind, turn) > 0.2  # steps of 3 carry the field up to 2 %
    for axis in "xyz":
        turning = GENERATORS_IN_SPACE[f"rotation_{axis}"]
        assert float(rho.differentiate(turning, u).abs().max()) < 0.1 * float(
            blind.grid.differentiate(turning, u).abs().max()
        )


@pytest.mark.parametrize("spacing", [None, (1.0, 1.5, 3.0)])
def test_components_of_a_constant_field_turn_with_the_deformation(spacing):
    """w . grad u is 0, so that -(Dw) u is left, which is smooth and linear in u."""
    rho = Vectors(Grid(Bandlimited(), axes=3, spacing=spacing), 3)
    u = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64).reshape(1, 3, 1, 1, 1).expand(2, 3, 5, 6, 7)
    found = deformed(rho, ALL[:4], u, random_numbers(2, seed=0))
    twice = deformed(rho, ALL[:4], 2 * u, random_numbers(2, seed=0))
    for one, other in zip(found, twice, strict=True):
        assert one.shape == u.shape and bool(one.any())
        torch.testing.assert_close(2 * one, other)


def test_other_numbers_of_components_are_refused():
    check_refused("vectors on 3 axes do not have 2 components", Vectors, Grid(Bandlimited(), axes=3))
    check_refused(
        "these vectors have 3 components", Vectors(components=3).act, linear_map([[1]]), torch.rand(1, 4)
    )
