"""Images and tokens: velocity fields, group laws, and finite against infinitesimal actions."""

import math

import pytest
import torch

from symmeter.domains.grids.generators import GENERATORS, AffineGenerator
from symmeter.domains.grids.grid import Image, Pixels
from symmeter.domains.grids.interpolants import DEFINITIONS
from symmeter.domains.grids.interpolants.local import Gruver2023
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.tokens import Tokens
from symmeter.symmetry.representations.product import Product
from symmeter.symmetry.representations.trivial import Trivial

PIXELS = Pixels((0.4, 0.5, 0.6), (0.2, 0.3, 0.25))
SHAPES = [(9, 12), (8, 8), (7, 5)]
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


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("definition", ["bandlimited", "periodic"])
def test_finite_action_is_the_identity_at_zero_and_its_slope_is_the_generator(name, shape, definition):
    x = torch.randn(2, 3, *shape, dtype=torch.float64)
    rho, generator, h = Image(DEFINITIONS[definition], pixels=PIXELS), GENERATORS[name], 1e-5
    torch.testing.assert_close(rho.act(generator.exp(0), x)[0], x)
    slope = (rho.act(generator.exp(h), x)[0] - rho.act(generator.exp(-h), x)[0]) / (2 * h)
    torch.testing.assert_close(slope, rho.differentiate(generator, x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (7, 9)])
@pytest.mark.parametrize("name", AFFINE)
def test_gruver2023_is_the_identity_at_zero_and_differentiates_forward(name, shape):
    """Its slope to the right where both velocities are non-negative is the forward difference."""
    x = torch.randn(1, 1, *shape, dtype=torch.float64)
    rho, generator, h = Image(Gruver2023()), GENERATORS[name], 1e-7
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
    rho, generator, x = Image(Bandlimited()), GENERATORS[name], smooth(48, 40, batch=1, channels=1, cut=0.06)
    once, _ = rho.act(generator.exp(0.05), x)
    twice, _ = rho.act(generator.exp(0.05), once)
    whole, _ = rho.act(generator.exp(0.1), x)
    inner = (..., slice(10, -10), slice(10, -10))
    assert (twice - whole)[inner].abs().max() < 2e-3 * whole.abs().max()


@pytest.mark.parametrize("name", ["gain", "contrast", "saturation", "hue"])
def test_colour_actions_are_one_parameter_groups_exactly(name):
    rho, generator = Image(Bandlimited(), pixels=PIXELS), GENERATORS[name]
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    twice = rho.act(generator.exp(0.2), rho.act(generator.exp(0.3), x)[0])[0]
    torch.testing.assert_close(twice, rho.act(generator.exp(0.5), x)[0])


def test_rotation_is_a_rotation_in_pixels_on_a_wide_image():
    """A radial pattern is invariant only if circles stay circles."""
    px, py = torch.arange(48, dtype=torch.float64) - 23.5, torch.arange(24, dtype=torch.float64) - 11.5
    radial = torch.exp(-(px**2 + py[:, None] ** 2) / 8)[None, None]
    change = Image(Bandlimited()).differentiate(GENERATORS["rotation"], radial)
    assert change.abs().max() < 1e-6
    assert Image(Gruver2023()).differentiate(GENERATORS["rotation"], radial).abs().max() > 0.05


def test_published_closed_forms_on_64_by_64():
    """Root mean square of the rotation derivative of x and x^2 - y^2 on [-1, 1]^2, exact gradients."""
    vx, vy = Image(Gruver2023()).velocity(GENERATORS["rotation"], 64, 64)
    u = torch.linspace(-1, 1, 64, dtype=torch.float64)
    vx, vy = vx / 31.5, vy / 31.5  # from pixels to the unit of u

    def rms(du, dv):
        return (vx * du + vy * dv).square().mean().sqrt().item()

    assert rms(1, 0) == pytest.approx(0.5864429587908292, rel=1e-12)
    assert rms(2 * u, -2 * u[:, None]) == pytest.approx(1.3756613756613754, rel=1e-12)


def test_gruver2023_of_a_ramp_reproduces_the_closed_form_by_itself():
    ramp = torch.linspace(-1, 1, 64, dtype=torch.float64).expand(1, 1, 64, 64)
    change = Image(Gruver2023()).differentiate(GENERATORS["rotation"], ramp)
    assert change.square().mean().sqrt().item() == pytest.approx(0.5864429587908292, rel=1e-12)


def test_quarter_turn_by_the_exact_interpolant_is_rot90():
    x = torch.randn(1, 2, 6, 6, dtype=torch.float64)
    turned, mask = Image(Bandlimited()).act(GENERATORS["rotation"].exp(math.pi / 2), x)
    torch.testing.assert_close(turned, torch.rot90(x, -1, (-2, -1)))
    assert mask.all()


def test_mask_is_zero_where_pixels_come_from_outside():
    _, mask = Image(Bandlimited()).act(GENERATORS["translation_x"].exp(0.5), torch.zeros(1, 1, 4, 8))
    assert mask[0].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("name", GENERATORS)
def test_channels_last_and_tokens_are_the_same_action(name):
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    generator = GENERATORS[name]
    expected = Image(Bandlimited()).differentiate(generator, x)
    last = Image(Bandlimited(), "channels_last").differentiate(generator, x.movedim(1, -1))
    torch.testing.assert_close(last.movedim(-1, 1), expected)
    tokens = torch.cat([torch.randn(2, 2, 3, dtype=torch.float64), x.flatten(2).mT], 1)
    moved = Tokens(Bandlimited(), (4, 5), prefix=2).differentiate(generator, tokens)
    torch.testing.assert_close(moved[:, 2:].mT.unflatten(2, (4, 5)), expected)
    assert not moved[:, :2].any()


def test_tokens_of_another_number_are_refused():
    with pytest.raises(ValueError, match=r"5 tokens in .* are not 1 \+ 2 x 3"):
        Tokens(Bandlimited(), (2, 3), prefix=1).differentiate(GENERATORS["scale"], torch.zeros(1, 5, 3))


def test_product_acts_part_by_part():
    image, label = torch.randn(1, 1, 4, 4), torch.randn(1, 3)
    rho, generator = Product((Image(Bandlimited()), Trivial())), GENERATORS["rotation"]
    moved, still = rho.differentiate(generator, (image, label))
    torch.testing.assert_close(moved, Image(Bandlimited()).differentiate(generator, image))
    assert not still.any()
    (acted, same), (mask, _) = rho.act(generator.exp(0.1), (image, label))
    assert torch.equal(same, label)
    assert acted.shape == image.shape and mask.shape == (4, 4)


def test_border_is_the_outer_ring():
    ring = Image(Bandlimited()).border(torch.zeros(1, 2, 4, 5))
    assert ring.sum() == 20 - 2 * 3
    assert Tokens(Bandlimited(), (4, 5), prefix=1).border(torch.zeros(1, 21, 2)).sum() == 14
