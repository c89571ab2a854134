"""The oriented band limit keeps what a moved image can have, and takes out the rest."""

import math

import pytest
import torch

from symmeter.domains.grids.affine_map import rotation_by
from symmeter.domains.grids.band_limit import oriented_band_limit
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited


def wave(n, kx, ky):
    t = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return torch.cos(math.pi * kx * t) * torch.cos(math.pi * ky * t)[:, None]


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_exact_turns_change_nothing(angle):
    x = torch.randn(2, 3, 9, 9, dtype=torch.float64)
    assert torch.equal(oriented_band_limit(x, rotation_by(angle).matrix), x)


@pytest.mark.parametrize(
    ("kx", "ky", "kept"), [(4, 6, 1.0), (30, 4, 1.0), (20, 22, 1.0), (62, 60, 0.0), (58, 50, 0.0)]
)
def test_a_turn_by_45_degrees_cuts_the_corners_of_the_spectrum(kx, ky, kept):
    """Frequencies with |kx| + |ky| above sqrt 2 times the highest come to lie outside the square."""
    x = wave(64, kx, ky)[None, None]
    found = oriented_band_limit(x, rotation_by(-45).matrix)
    assert kept == float(abs(kx) + abs(ky) < 64 * math.sqrt(2))
    torch.testing.assert_close(found, kept * x, atol=1e-10, rtol=0)


def test_it_is_a_projection_but_for_its_edge():
    x = torch.randn(1, 1, 32, 32, dtype=torch.float64)
    once = oriented_band_limit(x, rotation_by(30).matrix)
    twice = oriented_band_limit(once, rotation_by(30).matrix)
    assert 0.3 < float(once.norm() / x.norm()) < 0.99
    assert float((twice - once).norm() / once.norm()) < 0.2


def test_what_is_left_turns_there_and_back_better_than_what_was_there():
    x = torch.randn(1, 1, 64, 64, dtype=torch.float64)
    rho, middle = Grid(Bandlimited()), (..., slice(24, 40), slice(24, 40))
    losses = []
    for image in (x, oriented_band_limit(x, rotation_by(-45).matrix)):
        back = rho.act(rotation_by(-45), rho.act(rotation_by(45), image)[0])[0]
        losses.append(float((back - image)[middle].norm() / image[middle].norm()))
    assert losses[1] < 0.5 * losses[0]
