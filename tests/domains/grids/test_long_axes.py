"""Derivatives along axes that are too long for a matrix."""

import math

import pytest
import torch

from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.domains.grids.interpolants.interpolant import LONGEST

LONG = LONGEST + 1


@pytest.mark.parametrize("n", [LONG, LONG + 1])
@pytest.mark.parametrize("name", ["bandlimited", "periodic"])
def test_transforms_give_what_the_matrix_gives(name: str, n: int):
    interpolant = parse_interpolant(name)
    x = torch.randn(2, n, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.einsum("ij,bjc->bic", interpolant.derivative(n), x)
    found = interpolant.differentiate(x, 1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-11 * float(expected.abs().max()))
    assert found.is_contiguous() and found.dtype == x.dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_wave_keeps_the_precision_of_its_numbers(dtype: torch.dtype):
    n = 16000
    phase = 2 * math.pi * 5 * torch.arange(n, dtype=torch.float64) / n
    found = parse_interpolant("periodic").differentiate(torch.sin(phase).to(dtype), 0)
    assert found.dtype == dtype
    slope = 2 * math.pi * 5 / n
    high = math.pi  # of the highest frequency, whose round-off is the largest
    torch.testing.assert_close(
        found.double(), slope * phase.cos(), rtol=0, atol=10 * torch.finfo(dtype).eps * high
    )


def test_what_is_constant_has_no_slope():
    assert not parse_interpolant("bandlimited").differentiate(torch.full((3, LONG), 0.1), -1).any()
