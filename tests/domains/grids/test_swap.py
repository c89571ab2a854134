"""Pairs that change places, and heat maps."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.affine_map import FLIP_X, AffineMap, rotation_by
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.heat_maps import HeatMaps
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.swap import parse_swap


class TestHeatMaps(RepresentationContract):
    representation = HeatMaps(Grid(Bandlimited()), ((0, 2),))
    elements = (AffineMap(), AffineMap(FLIP_X), rotation_by(90), rotation_by(270) @ AffineMap(FLIP_X))
    example = torch.rand(2, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("text", ["1-2", "swap=1", "swap=1-2,2-3", "swap=a-b", "swap="])
def test_what_is_no_swap(text):
    with pytest.raises(ValueError, match=text):
        parse_swap(text)


def test_no_swap_is_one():
    assert parse_swap("") == ()
