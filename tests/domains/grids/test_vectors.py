"""Vector fields: components turn with the grid. Against plain torch, finite flows, and networks known to be equivariant."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.domains.grids.affine_map import AffineMap, rotation_by
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.local import Gruver2023
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.grids.planar import Reflection
from symmeter.domains.grids.planar_products import dihedral
from symmeter.domains.grids.vectors import Vectors
from symmeter.errors import SymmeterWarning

GRID = Vectors(Grid(Bandlimited()))
quiet = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")


class Gradient(nn.Module):
    """(d/dx, d/dy) of the mean over channels by circular central differences, y down."""

    def forward(self, x):
        x = x.mean(1, keepdim=True)
        along = lambda axis: (x.roll(-1, axis) - x.roll(1, axis)) / 2
        return torch.cat([along(3), along(2)], 1)


class Constant(nn.Module):
    def forward(self, x):
        return torch.tensor([1.0, 0.5], dtype=x.dtype)[:, None, None].expand(len(x), 2, *x.shape[-2:])


def test_a_quarter_turn_moves_and_turns_by_hand():
    """Counterclockwise as one looks: what points right at the right edge points up at the top."""
    u = torch.zeros(1, 2, 3, 3)
    u[0, 0, 1, 2] = 1.0
    moved, _ = GRID.act(rotation_by(90), u)
    expected = torch.zeros(1, 2, 3, 3)
    expected[0, 1, 0, 1] = -1.0
    torch.testing.assert_close(moved, expected)
    flipped, _ = GRID.act(Reflection().enumerate()[1], u)
    assert flipped[0, 0, 1, 0] == -1 and flipped.abs().sum() == 1


class TestVectors(RepresentationContract):
    elements = dihedral(4).enumerate()
    generators = tuple(GENERATORS[name] for name in FAMILIES["affine"])

    @pytest.fixture(autouse=True, params=["grid", "alone"])
    def _each(self, request: pytest.FixtureRequest) -> None:
        on_a_grid = request.param == "grid"
        self.representation = GRID if on_a_grid else Vectors()
        self.example = torch.randn((2, 2, 6, 6) if on_a_grid else (2, 2), dtype=torch.float64)


@pytest.mark.parametrize("name", FAMILIES["affine"])
def test_the_derivative_of_a_constant_field_is_that_of_the_flow_by_every_definition(name):
    """Of constant fields, for whose components it does not matter what the definition does at the border."""
    rho, generator, t = Vectors(Grid(Gruver2023())), GENERATORS[name], 1e-6
    u = torch.tensor([0.3, -1.2], dtype=torch.float64)[None, :, None, None].expand(1, 2, 8, 10).clone()
    ahead, behind = (rho.act(generator.exp(s), u)[0] for s in (t, -t))
    slope = (ahead - behind) / (2 * t)
    torch.testing.assert_close(slope, rho.differentiate(generator, u), atol=1e-8, rtol=1e-6)


def test_the_derivative_of_a_smooth_field_is_that_of_the_flow_inside():
    line = torch.linspace(-1, 1, 24, dtype=torch.float64)
    bump = torch.exp(-6 * (line**2 + line[:, None] ** 2))
    u = torch.stack([bump * (1 + line), bump * (line[:, None] - 2 * line)])[None]
    for name in ("rotation", "scale", "shear_x", "squeeze", "translation_y"):
        generator, t = GENERATORS[name], 1e-5
        ahead, behind = (GRID.act(generator.exp(s), u)[0] for s in (t, -t))
        quotient, exact = (ahead - behind) / (2 * t), GRID.differentiate(generator, u)
        torch.testing.assert_close(quotient, exact, atol=1e-6 * float(exact.abs().max()), rtol=0)


@pytest.mark.slow
@quiet
@pytest.mark.parametrize("symmetry", ["C4", "D4", "hflip", "vflip", "shift(2)"])
def test_an_equivariant_gradient_field_scores_at_the_floor_and_a_constant_one_does_not(symmetry):
    x = torch.rand(4, 3, 12, 12, dtype=torch.float64)
    spec = {
        "symmetry": symmetry,
        "measure": "geed(l2),relative_error,twirled_variance",
        "progress": False,
        "elements": 25,
    }
    for row in symmeter.measure(Gradient(), x, output="logits:vectors", **spec).rows:
        assert row.verdict == "not resolved" and row.error < 1e-12
    scalars = symmeter.measure(Gradient(), x, output="logits", **spec).rows
    constant = symmeter.measure(Constant(), x, output="logits:vectors", **spec).rows
    turning = not symmetry.startswith("shift")
    assert all((row.error > 1e-3) == turning for row in [*scalars, *constant])


class Spectral(nn.Module):
    """The gradient of a periodic image by its own derivative: exactly equivariant along every generator but at borders."""

    def forward(self, x):
        x = x.mean(1, keepdim=True)
        return torch.cat([Periodic().differentiate(x, axis) for axis in (-1, -2)], 1)


@quiet
def test_generators_turn_components_too():
    line = torch.linspace(-1, 1, 32, dtype=torch.float64)
    bump = torch.exp(-14 * (line**2 + line[:, None] ** 2))
    x = torch.stack([bump * (1 + a * line + b * line[:, None]) for a, b in ((1, 0), (0, 2), (-1, 1))])[
        :, None
    ]
    lee = lambda net, output: symmeter.measure(
        net, x, "rotation", output=output, definition="periodic", progress=False, control=False
    ).rows[0].value  # fmt: skip
    assert lee(Spectral(), "logits:vectors") < 1e-8 * lee(Spectral(), "logits")
    assert lee(Constant(), "logits:vectors") == pytest.approx((1 + 0.25) / 2, rel=1e-9)  # |M u|^2 / 2
    assert lee(Constant(), "logits") < 1e-20


def test_few_channels_that_do_not_turn_are_said_to():
    x = torch.rand(3, 3, 8, 8)
    with pytest.warns(SymmeterWarning) as caught:
        symmeter.measure(Gradient().eval(), x, "C4", output="logits", progress=False)
    said = [str(warning.message) for warning in caught]
    assert said[0].startswith(
        "the 2 channels of output 'logits' are taken as scalars that do not turn with the grid"
    )
    assert said[1].startswith(
        "output 'logits' has components that turn with the grid, as 'vectors': so the error"
    )
    with pytest.warns(SymmeterWarning, match="2 channels of output 'logits' are taken as scalars"):
        symmeter.measure(Gradient().eval(), x, "rotation", output="equivariant", progress=False)
    for symmetry, output in (("shift(1)", "logits"), ("translation_x", "logits"), ("C4", "logits:vectors")):
        result = symmeter.measure(Gradient().eval(), x, symmetry, output=output, progress=False)
        assert not any("scalars" in note for note in result.warnings)


def test_shapes_that_are_no_vectors_get_one_line():
    x = torch.rand(2, 3, 8, 8)
    check_refused(r"it has shape \(B, 3, 8, 8\), and vectors are \(B, 2, H, W\) or \(B, 2\)", symmeter.measure,
                  nn.Identity(), x, "C4", output="logits:vectors", progress=False)  # fmt: skip
    check_refused(
        "these vectors have 2 components; \\(1, 3\\) has 3", Vectors().act, AffineMap(), torch.rand(1, 3)
    )
