"""Crossings of a level and the singular part that they make."""

import torch
from torch import nn

from symmeter.domains.grids.aliasing.kinks import kinks_of, resample, singular_part
from symmeter.domains.grids.interpolants.series import Periodic


def noise(lines, n):
    return torch.randn(lines, n, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_resampling_is_the_interpolant_of_periodic():
    for n in (7, 8):
        x = noise(3, n)
        positions = torch.arange(4 * n, dtype=torch.float64) / 4
        expected = x @ Periodic().interpolation(n, positions).mT
        torch.testing.assert_close(resample(x, 4, -1), expected, atol=1e-13, rtol=0)


def test_no_kink_is_left():
    """Also where two crossings share a sixteenth of a pixel, as some of 2000 lines do."""
    lines = noise(2000, 12)
    value, slope = singular_part(lines, kinks_of(nn.ReLU()), 32)
    left = torch.fft.rfft(resample(lines, 32, -1).relu() - value, norm="forward").abs()
    with_kinks = torch.fft.rfft(resample(lines, 32, -1).relu(), norm="forward").abs()
    assert with_kinks[:, 96:].max() > 1e-5 and left[:, 96:].max() < 1e-9
    # away from the kinks the given slope is the value's
    fine = (value.roll(-1, 1) - value.roll(1, 1))[:, ::32] * 16
    assert (fine - slope).abs().median() < 1e-2 * slope.abs().median()
