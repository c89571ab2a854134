"""Images and tokens: velocity fields, group laws, and finite against infinitesimal actions."""

import math
from typing import ClassVar

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.generators import GENERATORS, AffineGenerator
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import INTERPOLANTS
from symmeter.domains.grids.interpolants.local import Gruver2023
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.pixels import Pixels
from symmeter.domains.grids.planar_products import dihedral
from symmeter.domains.grids.tokens import Tokens
from symmeter.symmetry.groups.permutations import CHANNELS, Symmetric

PIXELS = Pixels((0.4, 0.5, 0.6), (0.2, 0.3, 0.25))
AFFINE = [name for name, g in GENERATORS.items() if isinstance(g, AffineGenerator)]


def smooth(height, width, batch=2, channels=3, cut=0.25):
    """A signal without content above `cut` of the Nyquist frequency."""
    y, x = ((torch.arange(n, dtype=torch.float64) + 0.5) / n for n in (height, width))
    image = torch.zeros(batch, channels, height, width, dtype=torch.float64)
    for k in range(math.ceil(cut * height)):
        for j in range(math.ceil(cut * width)):
            wave = torch.cos(math.pi * k * y)[:, None] * torch.cos(math.pi * j * x)
            image += torch.randn(batch, channels, 1, 1, dtype=torch.float64) * wave
    return image


HALF_TURNS = (*dihedral(2).enumerate(), AffineMap(shift=(2.0, -3.0), frame=(7, 9), wrap=True))
ALL, SMOOTH = tuple(GENERATORS.values()), tuple(GENERATORS[name] for name in AFFINE)
ISOMETRIES = tuple(GENERATORS[name] for name in ("translation_x", "translation_y", "rotation"))


class TestImage(RepresentationContract):
    """Images with more columns than rows, by every definition."""

    elements = HALF_TURNS
    example = torch.randn(2, 3, 7, 9, dtype=torch.float64)
    # Stretched by less than a pixel, local kernels begin to filter, or meet a kink at the pixels.
    differentiable: ClassVar = {"bandlimited": SMOOTH, "periodic": SMOOTH, "gruver2023": ()}

    @pytest.fixture(autouse=True, params=INTERPOLANTS)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation = Grid(INTERPOLANTS[request.param])
        self.generators = self.differentiable.get(request.param, ISOMETRIES)
        if request.param in ("bicubic", "bilinear"):
            self.step = 1e-8  # a kink at the pixels makes the error of the quotient one of the first order


class TestSquareImage(TestImage):
    """What turns by quarters."""

    elements = dihedral(4).enumerate()
    example = torch.randn(2, 2, 6, 6, dtype=torch.float64)


class TestChannelsLast(RepresentationContract):
    representation = Grid(Bandlimited(), "channels_last")
    elements = HALF_TURNS
    generators = SMOOTH
    example = torch.randn(2, 7, 9, 3, dtype=torch.float64)


class TestPaddings(RepresentationContract):
    elements = HALF_TURNS
    example = torch.randn(2, 3, 7, 9, dtype=torch.float64)

    @pytest.fixture(autouse=True, params=["zeros", "circular"])
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation = Grid(Bandlimited(), padding=request.param)


class TestPicture(RepresentationContract):
    """Pixels with known mean and standard deviation, which colours act on: an affine action on network inputs."""

    representation = Grid(Bandlimited(), pixels=PIXELS)
    elements = (
        *Symmetric(3, CHANNELS).enumerate(),
        *[GENERATORS[name].exp(t) for name in ("gain", "contrast", "saturation", "hue") for t in (0.2, 0.3)],
    )
    generators = ALL
    example = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    linear = False


class TestTokens(RepresentationContract):
    representation = Tokens(Bandlimited(), (3, 3), prefix=1)
    elements = dihedral(4).enumerate()
    generators = SMOOTH
    example = torch.randn(2, 1 + 9, 4, dtype=torch.float64)


@pytest.mark.parametrize("shape", [(8, 8), (7, 9)])
@pytest.mark.parametrize("name", AFFINE)
def test_gruver2023_is_the_identity_at_zero_and_differentiates_forward(name, shape):
    """Its slope to the right where both velocities are non-negative is the forward difference."""
    x = torch.randn(1, 1, *shape, dtype=torch.float64)
    rho, generator, h = Grid(Gruver2023()), GENERATORS[name], 1e-7
    torch.testing.assert_close(rho.act(generator.exp(0), x)[0], x)
    slope = (rho.act(generator.exp(h), x)[0] - x) / h
    vx, vy = rho.velocity(generator, *shape)
    forward = (vx >= 0) & (vy >= 0)
    torch.testing.assert_close(
        slope[..., forward], rho.differentiate(generator, x)[..., forward], rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("name", ["translation_x", "rotation", "scale", "squeeze"])
def test_affine_actions_compose_on_smooth_images(name):
    """exp(sX) exp(tX) = exp((s + t)X) up to what re-sampling a smooth image costs, away from the border."""
    rho, generator, x = Grid(Bandlimited()), GENERATORS[name], smooth(48, 40, batch=1, channels=1, cut=0.06)
    once, _ = rho.act(generator.exp(0.05), x)
    twice, _ = rho.act(generator.exp(0.05), once)
    whole, _ = rho.act(generator.exp(0.1), x)
    inner = (..., slice(10, -10), slice(10, -10))
    assert (twice - whole)[inner].abs().max() < 2e-3 * whole.abs().max()


def test_rotation_is_a_rotation_in_pixels_on_a_wide_image():
    """A radial pattern is invariant only if circles stay circles."""
    px, py = torch.arange(48, dtype=torch.float64) - 23.5, torch.arange(24, dtype=torch.float64) - 11.5
    radial = torch.exp(-(px**2 + py[:, None] ** 2) / 8)[None, None]
    change = Grid(Bandlimited()).differentiate(GENERATORS["rotation"], radial)
    assert change.abs().max() < 1e-6
    assert Grid(Gruver2023()).differentiate(GENERATORS["rotation"], radial).abs().max() > 0.05


def test_published_closed_forms_on_64_by_64():
    """Root mean square of the rotation derivative of x and x^2 - y^2 on [-1, 1]^2, exact gradients."""
    vx, vy = Grid(Gruver2023()).velocity(GENERATORS["rotation"], 64, 64)
    u = torch.linspace(-1, 1, 64, dtype=torch.float64)
    vx, vy = vx / 31.5, vy / 31.5  # from pixels to the unit of u

    def rms(du, dv):
        return (vx * du + vy * dv).square().mean().sqrt().item()

    assert rms(1, 0) == pytest.approx(0.5864429587908292, rel=1e-12)
    assert rms(2 * u, -2 * u[:, None]) == pytest.approx(1.3756613756613754, rel=1e-12)


def test_gruver2023_of_a_ramp_reproduces_the_closed_form_by_itself():
    ramp = torch.linspace(-1, 1, 64, dtype=torch.float64).expand(1, 1, 64, 64)
    change = Grid(Gruver2023()).differentiate(GENERATORS["rotation"], ramp)
    assert change.square().mean().sqrt().item() == pytest.approx(0.5864429587908292, rel=1e-12)


def test_quarter_turn_by_the_exact_interpolant_is_rot90():
    x = torch.randn(1, 2, 6, 6, dtype=torch.float64)
    turned, mask = Grid(Bandlimited()).act(GENERATORS["rotation"].exp(math.pi / 2), x)
    torch.testing.assert_close(turned, torch.rot90(x, -1, (-2, -1)))
    assert mask.all()


def test_mask_is_zero_where_pixels_come_from_outside():
    _, mask = Grid(Bandlimited()).act(GENERATORS["translation_x"].exp(0.5), torch.zeros(1, 1, 4, 8))
    assert mask[0].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("name", GENERATORS)
def test_channels_last_and_tokens_are_the_same_action(name):
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    generator = GENERATORS[name]
    expected = Grid(Bandlimited()).differentiate(generator, x)
    last = Grid(Bandlimited(), "channels_last").differentiate(generator, x.movedim(1, -1))
    torch.testing.assert_close(last.movedim(-1, 1), expected)
    tokens = torch.cat([torch.randn(2, 2, 3, dtype=torch.float64), x.flatten(2).mT], 1)
    moved = Tokens(Bandlimited(), (4, 5), prefix=2).differentiate(generator, tokens)
    torch.testing.assert_close(moved[:, 2:].mT.unflatten(2, (4, 5)), expected)
    assert not moved[:, :2].any()


def test_tokens_of_another_number_are_refused():
    with pytest.raises(ValueError, match=r"5 tokens in .* are not 1 \+ 2 x 3"):
        Tokens(Bandlimited(), (2, 3), prefix=1).differentiate(GENERATORS["scale"], torch.zeros(1, 5, 3))


def test_border_is_the_outer_ring():
    ring = Grid(Bandlimited()).border(torch.zeros(1, 2, 4, 5))
    assert ring.sum() == 20 - 2 * 3
    assert Tokens(Bandlimited(), (4, 5), prefix=1).border(torch.zeros(1, 21, 2)).sum() == 14
