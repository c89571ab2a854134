"""The floor is of the size of the error that float64 finds, on networks where that can be had."""

import pytest
import torch
from torch import nn

from symmeter.autodiff.strategies import CentralDifference, OneByOne
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.measuring.floor import Floor, differences
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial

SHIFTS = [GENERATORS["translation_x"], GENERATORS["translation_y"]]


def smooth_net():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GELU(), nn.Conv2d(8, 8, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8 * 64, 5)
    )


def power_spectrum(x):
    """Exactly invariant, so that all of its derivative is round-off."""
    return torch.fft.fft2(x).abs().square().flatten(1)[:, :40] / x[0].numel()


@pytest.mark.parametrize(("net", "definition"), [(smooth_net(), Bandlimited()), (power_spectrum, Periodic())])
def test_the_floor_is_of_the_size_of_the_true_error(net, definition):
    x, rho = torch.rand(6, 3, 12, 12), Grid(definition)
    with torch.no_grad():

        def derivative(z, strategy):
            return lie_derivative(net, z, SHIFTS, rho, Trivial(), strategy=strategy)[1]

        value = derivative(x, OneByOne()).double()
        error, how = differences(derivative, value, x, OneByOne())
        if isinstance(net, nn.Module):
            net.double()
        truth = value - derivative(x.double(), OneByOne())
    count = error.shape[1]  # few, where it is clear
    assert count == (2 if isinstance(net, nn.Module) else 6)
    assert 0.1 < (error.norm() / truth[:, :count].norm()).item() < 10
    assert how == "input moved by one unit of round-off"


def test_the_floor_of_a_central_difference_bounds_its_error():
    x, rho, net = torch.rand(4, 3, 12, 12), Grid(Bandlimited()), smooth_net()
    with torch.no_grad():

        def derivative(z, strategy):
            return lie_derivative(net, z, SHIFTS, rho, Trivial(), strategy=strategy)[1]

        value = derivative(x, CentralDifference()).double()
        error, how = differences(derivative, value, x, CentralDifference())
        truth = value - derivative(x, OneByOne()).double()
    assert "step doubles" in how
    assert 0.3 < (error.norm() / truth.norm()).item() < 100


def test_the_larger_of_absolute_and_relative_floor_counts():
    assert Floor(1e-6, 1e-3).of(1.0) == 1e-3
    assert Floor(1e-6, 1e-3).of(1e-5) == 1e-6
