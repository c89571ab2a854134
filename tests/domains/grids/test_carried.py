"""Fields whose values change with the grid: contracts of all kinds, and what flips, turns and scales do, by hand."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import FLIP_X, AffineMap, rotation_by
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.one_plane import OnePlane
from symmeter.domains.grids.planar_products import dihedral
from symmeter.domains.grids.scalars import Disparity, Masks, Pseudoscalars, Scalars
from symmeter.domains.grids.vectors import Gradients, Pseudovectors, Vectors
from symmeter.domains.space.point_groups import OCTAHEDRAL

GRID = Grid(Bandlimited())
FLIP, TWICE = AffineMap(FLIP_X), AffineMap(((2.0, 0.0), (0.0, 2.0)))
AFFINE = tuple(GENERATORS[name] for name in FAMILIES["affine"])
PAIRED = (Pseudovectors(GRID), Gradients(GRID), Vectors(GRID, basis="up"), Vectors(GRID, basis="yx"))


class TestPaired(RepresentationContract):
    elements = dihedral(4).enumerate()
    generators = AFFINE

    @pytest.fixture(autouse=True, params=PAIRED, ids=lambda rho: f"{rho.noun} {rho.basis}")
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation = request.param
        self.example = torch.randn((2, 4, 6, 6), dtype=torch.float64)


class TestInSpace(RepresentationContract):
    elements = OCTAHEDRAL.enumerate()[:6]
    generators = ()

    @pytest.fixture(autouse=True, params=[Vectors, Pseudovectors, Gradients], ids=lambda kind: kind.noun)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation = request.param(Grid(Bandlimited(), axes=3), 3)
        self.example = torch.randn((2, 3, 4, 4, 4), dtype=torch.float64)


class TestSingle(RepresentationContract):
    elements = dihedral(4).enumerate()
    generators = AFFINE

    @pytest.fixture(
        autouse=True, params=[Scalars(GRID), Masks(GRID), Pseudoscalars(GRID)], ids=lambda rho: rho.noun
    )
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation = request.param
        self.example = torch.randn((2, 3, 6, 6), dtype=torch.float64)


class TestDisparity(RepresentationContract):
    elements = (AffineMap(), FLIP)
    generators = tuple(GENERATORS[name] for name in ("translation_x", "scale", "stretch_x", "shear_x"))
    representation = Disparity(GRID)
    example = torch.randn((2, 1, 6, 6), dtype=torch.float64)


class TestOnePlane(RepresentationContract):
    elements = dihedral(4).enumerate()
    generators = AFFINE
    representation = OnePlane(Pseudoscalars(GRID))
    example = torch.randn((2, 6, 6), dtype=torch.float64)


@pytest.mark.parametrize(
    ("kind", "flipped", "twice"),
    [
        (Vectors, (-3.0, 5.0), (6.0, 10.0)),
        (Pseudovectors, (3.0, -5.0), (6.0, 10.0)),
        (Gradients, (-3.0, 5.0), (1.5, 2.5)),
        (Scalars, (3.0, 5.0), (3.0, 5.0)),
        (Pseudoscalars, (-3.0, -5.0), (3.0, 5.0)),
        (Disparity, (-3.0, -5.0), (6.0, 10.0)),
    ],
)
def test_what_flips_and_scales_make_of_values(kind, flipped, twice):
    u = torch.tensor([[3.0, 5.0]])
    found = [kind().act(g, u)[0][0].tolist() for g in (FLIP, TWICE)]
    assert found == [list(flipped), list(twice)]


def test_a_turn_by_basis():
    u = torch.tensor([[3.0, 5.0]])
    turned = {
        basis: Vectors(basis=basis).act(rotation_by(90), u)[0][0].tolist() for basis in ("xy", "up", "yx")
    }
    assert turned == {"xy": [5.0, -3.0], "up": [-5.0, 3.0], "yx": [-5.0, 3.0]}


def test_disparity_is_not_turned():
    for element in (rotation_by(90), rotation_by(30)):
        check_refused("disparity is along x", Disparity(GRID).act, element, torch.rand(1, 1, 4, 4))
    check_refused(
        "disparity is along x", Disparity(GRID).differentiate, GENERATORS["rotation"], torch.rand(1, 1, 4, 4)
    )
