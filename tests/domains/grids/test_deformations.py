"""The deformations of specificity: the speeds of a generator, in directions that are turned."""

import math

import pytest
import torch

from symmeter.domains.grids.deformations import _angles, _rotations, deformed, turned_velocity
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.grids.pixels import Pixels
from symmeter.domains.grids.vectors import Vectors
from symmeter.measuring.reference_samples import random_numbers
from symmeter.symmetry.representations.trivial import Trivial

RANDOM = random_numbers(3, seed=0)
MOVED = [GENERATORS[name] for name in ("translation_x", "rotation", "scale", "shear_x")]
COLOURS = [GENERATORS[name] for name in ("gain", "contrast", "saturation", "hue")]


def still(angle):
    """Random numbers that turn everything by this constant angle."""
    numbers = torch.zeros(2, 64, dtype=torch.float64)
    numbers[:, 0] = torch.special.ndtri(torch.tensor(angle / (2 * math.pi), dtype=torch.float64))
    return numbers


def images(n=3, channels=3):
    return torch.rand(n, channels, 10, 12, dtype=torch.float64)


@pytest.mark.parametrize("generator", MOVED)
def test_speeds_are_kept_at_every_position(generator):
    velocity = Grid(Bandlimited()).velocity(generator, 10, 12)
    turned = turned_velocity(Grid(Bandlimited()), generator, images(), RANDOM)
    for b in range(3):
        torch.testing.assert_close(turned[0][b].hypot(turned[1][b]), velocity[0].hypot(velocity[1]))


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_a_constant_quarter_turn_makes_of_one_translation_the_other(layout):
    x = images(2).movedim(1, {"channels_first": 1, "channels_last": -1}[layout])
    grid = Grid(Bandlimited(), layout=layout)
    (found,) = deformed(grid, [GENERATORS["translation_x"]], x, still(math.pi / 2))
    expected = grid.differentiate(GENERATORS["translation_y"], x) * 12 / 10  # half widths, half heights
    torch.testing.assert_close(found, expected)
    whole = deformed(grid, MOVED, x, still(2 * math.pi * 0.999999))
    for one, own in zip(whole, grid.differentiate_all(MOVED, x), strict=True):
        assert (one - own).norm() < 1e-4 * own.norm()


def test_angles_are_smooth_and_spread_as_they_should():
    angles = _angles(random_numbers(2000, seed=1), 32, 32)
    assert float((angles - angles.mean((1, 2), keepdim=True)).std()) == pytest.approx(math.pi, rel=0.05)
    steps = (angles[:, :, 1:] - angles[:, :, :-1]).abs()
    assert float(steps.mean()) < 0.5  # of neighbours
    constant = torch.cos(angles.mean((1, 2)))
    assert float(constant.mean()) == pytest.approx(0, abs=0.1)  # as likely one way as the other


def test_a_wave_over_one_axis_is_turned_as_the_formula_says():
    """For x = sin along the rows, w . grad x is the turned velocity's part along them times the cosine."""
    position = torch.arange(16, dtype=torch.float64) + 0.5
    x = torch.sin(2 * math.pi * position / 16).expand(3, 1, 16, 16)
    (found,) = deformed(Grid(Periodic()), [GENERATORS["translation_x"]], x, RANDOM)
    slope = 2 * math.pi / 16 * torch.cos(2 * math.pi * position / 16)
    expected = 8 * _angles(RANDOM, 16, 16).cos() * slope
    torch.testing.assert_close(found[:, 0], expected)


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
@pytest.mark.parametrize("channels", [2, 3, 6])
def test_changes_of_colour_keep_their_size_at_every_pixel(channels, layout):
    image = Grid(Bandlimited(), layout=layout, pixels=Pixels((0.4,), (0.25,)))
    axis = {"channels_first": 1, "channels_last": -1}[layout]
    x = images(channels=channels).movedim(1, axis)
    generators = COLOURS if channels == 3 else COLOURS[:2]
    found, own = deformed(image, generators, x, RANDOM), image.differentiate_all(generators, x)
    for one, before in zip(found, own, strict=True):
        torch.testing.assert_close(one.norm(dim=axis), before.norm(dim=axis))
        assert not torch.allclose(one, before)


def test_colours_are_turned_every_way_as_likely_as_any_other():
    turns = _rotations(random_numbers(4000, seed=2), 3)
    torch.testing.assert_close(turns @ turns.mT, torch.eye(3, dtype=torch.float64).expand_as(turns))
    assert float(turns.mean(0).abs().max()) < 0.05
    assert float((turns.square().mean(0) - 1 / 3).abs().max()) < 0.05


@pytest.mark.parametrize("channels", [1, 7])
def test_one_channel_has_no_other_direction_and_many_are_left_out(channels):
    image = Grid(Bandlimited(), pixels=Pixels((0.4,), (0.25,)))
    assert not any(one.any() for one in deformed(image, COLOURS[:2], images(channels=channels), RANDOM))


def test_colours_of_feature_maps_are_left_alone():
    x = images()
    assert not any(found.any() for found in deformed(Grid(Bandlimited()), COLOURS, x, RANDOM))


def test_vectors_turn_with_the_deformation():
    """Turned by nothing they are X u of the generator itself, whose matrix is that of the velocity field."""
    rho, u = Vectors(Grid(Bandlimited())), images(2, channels=2)
    found = deformed(rho, MOVED, u, still(2 * math.pi * 0.9999999))
    for one, own in zip(found, rho.differentiate_all(MOVED, u), strict=True):
        assert (one - own).norm() < 1e-5 * own.norm()
    assert deformed(Vectors(), MOVED, u[:, :, 0, 0], RANDOM[:2]) is None


def test_lines_keep_a_smooth_share_of_their_velocity():
    rho, x = Grid(Bandlimited(), axes=1), torch.rand(3, 2, 20, dtype=torch.float64)
    (found,) = deformed(rho, MOVED[:1], x, RANDOM)
    share = found / rho.differentiate(MOVED[0], x)
    assert bool((share.abs() <= 1 + 1e-9).all())
    torch.testing.assert_close(share[:, 0], share[:, 1])  # the same for all channels
    assert float((share[:, 0, 1:] - share[:, 0, :-1]).abs().max()) < 1.5


def test_what_has_no_deformation_says_so():
    assert deformed(Trivial(), MOVED, torch.rand(2, 5), RANDOM[:2]) is None
