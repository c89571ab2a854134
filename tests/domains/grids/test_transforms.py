"""Long lines by fast transforms, against the matrices that short ones have."""

import pytest
import torch

from symmeter.domains.grids.interpolants.interpolant import LONGEST_READ as LONG
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic


@pytest.mark.parametrize("interpolant", [Bandlimited(), Periodic()])
@pytest.mark.parametrize("n", [LONG + 8, LONG + 9])
def test_transforms_are_the_matrices(interpolant: Interpolant, n: int):
    x = torch.randn(2, 3, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    positions = torch.tensor([-3.3, 0.0, 0.25, 17.5, n - 1.0, n + 2.7], dtype=torch.float64)
    for cutoff in (1.0, 0.8):
        expected = torch.einsum("pj,bcj->bcp", interpolant.interpolation(n, positions, cutoff), x)
        found = interpolant.long_values(x, positions, -1, cutoff)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(
            interpolant.long_values(x.mT, positions, 1, cutoff), expected.mT, rtol=1e-9, atol=1e-9
        )
