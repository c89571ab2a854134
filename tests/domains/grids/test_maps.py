"""Pictures of the error of one sample add up to the error, on volumes as on images."""

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter

VOLUME = torch.randn(1, 1, 6, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def classifier() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv3d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(72, 2)).double().eval()


@pytest.mark.parametrize("symmetry", ["translation_z", "scale"])
def test_densities_add_up_to_the_error_of_the_volume(symmetry: str):
    found = symmeter.maps(classifier(), VOLUME, symmetry, layers=["1"], output="logits")
    density = found.density[symmetry]
    assert density.shape == (6, 5, 4) and found.image.shape == (6, 5, 4, 1)
    assert found.image.min() == 0 and found.image.max() == 1
    assert found.features["1"][symmetry].shape == (4, 3, 2)
    options = {"output": "logits", "control": False, "progress": False}
    row = symmeter.measure(classifier(), VOLUME, symmetry, **options).rows[0]
    assert density.sum() == pytest.approx(row.value, rel=1e-9)


def test_spacing_says_what_turns():
    ask = {"symmetry": "rotation_y", "output": "logits", "domain": "volumes"}
    cubes, slabs = (
        symmeter.maps(classifier(), VOLUME, spacing=step, **ask).density["rotation_y"]
        for step in (1, (1, 1, 3))
    )
    assert not np.allclose(cubes, slabs)


def test_what_has_no_grid_has_no_map():
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 2)).eval()
    check_refused("points have none", symmeter.maps, net, torch.rand(1, 4, 3), "rotation_x", output="logits")
