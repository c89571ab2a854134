"""Blocks of neighbours hold the same values as each position read by its own stencil."""

from functools import partial

import pytest
import torch

from symmeter.domains.grids.blocks import read_in_blocks
from symmeter.domains.grids.interpolants import INTERPOLANTS
from symmeter.domains.grids.stencils import Axis, read_by_stencils
from symmeter.domains.space.motion import rotation_about


@pytest.mark.parametrize("name", INTERPOLANTS)
@pytest.mark.parametrize("scale", [1.0, 2.5])
@pytest.mark.parametrize("sizes", [(7, 5), (9, 1, 6)])
def test_blocks_are_stencils(name, scale, sizes):
    """On grids that blocks do not fill, also where positions lie far apart and far outside."""
    n, cutoff, interpolant = len(sizes), min(1.0, 1 / scale), INTERPOLANTS[name]
    axes, count = [], 1
    for size in sizes:
        refinement = interpolant.refinement(size, cutoff)
        refined = size if refinement is None else len(refinement)
        axes.append(Axis(size, refined, partial(interpolant.stencil, size, cutoff=cutoff), interpolant.fold))
        count *= refined
    table = torch.randn(count, 3, dtype=torch.float64)
    turn = rotation_about((1, 2, 3), 40).rotation[:n, :n] * scale
    source = torch.cat([turn, torch.tensor([[0.3], [-9.2], [0.4]], dtype=torch.float64)[:n]], 1)
    found, expected = read_in_blocks(table, axes, source), read_by_stencils(table, axes, source)
    assert found.shape == (*reversed(sizes), 3)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
