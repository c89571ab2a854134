"""The insensitivity control over groups: changes as large as those of the group, in another direction."""

import pytest
import torch

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.space.components import Positions
from symmeter.domains.space.field import NODE, Field
from symmeter.kinds_of_data import parse_group
from symmeter.measuring.passes import moved
from symmeter.symmetry.displaced import displaced

GRID = Grid(Bandlimited())


def two_images(seed=0):
    return torch.rand(2, 4, 3, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", ["C4", "hflip", "shift(2)"])
def test_the_control_moves_every_channel_as_far_as_the_group_and_keeps_mean_and_contrast(name):
    x, other = two_images()
    control, own = displaced(GRID, x, other), moved(GRID, x)
    for g in parse_group(name).bind((3, 8, 8)).enumerate():
        y, gx = control(g), own(g)
        torch.testing.assert_close((y - x).flatten(2).norm(dim=2), (gx - x).flatten(2).norm(dim=2))
        torch.testing.assert_close(y.mean((2, 3)), x.mean((2, 3)))
        torch.testing.assert_close(y.var((2, 3)), x.var((2, 3)))
        if not g.is_identity:
            assert (y - gx).flatten(1).norm(dim=1).min() > 0.1


def test_the_control_is_in_the_plane_of_the_image_and_the_others_displacement():
    x, other = two_images(1)
    flip = parse_group("hflip").enumerate()[1]
    step, y = flipped(other) - other, displaced(GRID, x, other)(flip)
    for b in range(len(x)):
        for c in range(3):
            u = x[b, c] - x[b, c].mean()
            basis = torch.stack([u.flatten(), step[b, c].flatten()], 1)
            v = (y[b, c] - x[b, c].mean()).flatten()
            fitted = basis @ torch.linalg.lstsq(basis, v).solution
            torch.testing.assert_close(fitted, v)


def flipped(x):
    return x.flip(-1)


def test_where_the_group_moves_means_the_control_moves_them_as_far():
    x, other = two_images(2)
    swap = parse_group("colours").bind((3, 8, 8)).enumerate()[1]
    y, gx = displaced(GRID, x, other)(swap), moved(GRID, x)(swap)
    far = lambda z: (z - x).mean((2, 3)).norm(dim=1)
    torch.testing.assert_close(far(y), far(gx))


def test_constant_images_stay_finite():
    x, other = torch.full((1, 3, 8, 8), 0.5), torch.rand(1, 3, 8, 8)
    quarter = parse_group("C4").enumerate()[1]
    assert displaced(GRID, x, other)(quarter).isfinite().all()
    torch.testing.assert_close(displaced(GRID, other, x)(quarter).mean((2, 3)), other.mean((2, 3)))
    assert displaced(GRID, other, x)(quarter).isfinite().all()


def test_points_have_a_control_too():
    x, other = torch.rand(2, 2, 5, 3, dtype=torch.float64)
    g = parse_group("S5").enumerate()[7]
    y, gx = displaced(Field(Positions(), NODE), x, other)(g), moved(Field(Positions(), NODE), x)(g)
    torch.testing.assert_close((y - x).flatten(1).norm(dim=1), (gx - x).flatten(1).norm(dim=1))
