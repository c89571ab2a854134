"""The deformations of specificity on grids of one and three axes: as fast, in other directions."""

import pytest
import torch

from symmeter.domains.grids.deformations import deformed, turned_velocity
from symmeter.domains.grids.generators_in_space import GENERATORS_IN_SPACE
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.measuring.reference_samples import random_numbers

X = torch.rand(3, 2, 6, 8, 10, dtype=torch.float64)
RANDOM = random_numbers(3, seed=0)
GENERATORS = [GENERATORS_IN_SPACE[name] for name in ("translation_z", "rotation_x", "scale")]


@pytest.mark.parametrize("spacing", [None, (1.0, 1.5, 3.0)])
@pytest.mark.parametrize("generator", GENERATORS, ids=lambda one: one.name)
def test_speeds_are_kept_at_every_position_as_lengths(generator, spacing):
    rho = Grid(Bandlimited(), axes=3, spacing=spacing)
    turned = turned_velocity(rho, generator, X, RANDOM)
    speed = lambda fields: sum((v * step) ** 2 for v, step in zip(fields, rho.steps, strict=True)).sqrt()
    own = rho.velocity(generator, 6, 8, 10)
    torch.testing.assert_close(speed(turned), speed(own).expand(3, 6, 8, 10))
    assert all(not torch.allclose(w, v.expand_as(w)) for w, v in zip(turned, own, strict=True))


def test_directions_vary_smoothly_and_between_samples():
    w = torch.stack(turned_velocity(Grid(Bandlimited(), axes=3), GENERATORS[0], X, RANDOM))
    assert float((w[:, 0] - w[:, 1]).abs().max()) > 1
    steps = (w[..., 1:] - w[..., :-1]).norm(dim=0)
    assert float(steps.max()) < 0.8 * float(w.norm(dim=0).max())


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_a_wave_along_one_axis_sees_the_velocity_along_it(layout):
    position = torch.arange(10, dtype=torch.float64) + 0.5
    x = torch.sin(2 * torch.pi * position / 10).expand(3, 1, 6, 8, 10)
    rho = Grid(Periodic(), layout, axes=3)
    x = x.movedim(1, rho.channel_axis)
    (found,) = deformed(rho, GENERATORS[1:2], x, RANDOM)
    slope = 2 * torch.pi / 10 * torch.cos(2 * torch.pi * position / 10)
    across = turned_velocity(rho, GENERATORS[1], x, RANDOM)[0]
    torch.testing.assert_close(found.movedim(rho.channel_axis, 1)[:, 0], across * slope)


def test_they_are_linear_in_the_generator():
    rho = Grid(Bandlimited(), axes=3)
    whole, *parts = deformed(
        rho,
        [GENERATORS_IN_SPACE[name] for name in ("scale", "stretch_x", "stretch_y", "stretch_z")],
        X,
        RANDOM,
    )
    torch.testing.assert_close(whole, sum(parts))
