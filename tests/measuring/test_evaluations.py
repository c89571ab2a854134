"""How many samples go through the network per sample that is measured over a group, for all kinds of data."""

import pytest
import torch
from torch import nn

import symmeter

SEEN = []  # not in a network, which is given back as it was


class Counted(nn.Module):
    """A network that takes down how many samples it is given."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        SEEN.append(len(x))
        return self.net(x)


class Summed(nn.Module):
    """Points (B, N, 3) -> (B, 5), one number after the other."""

    def forward(self, x):
        return torch.stack([x.pow(k + 1).sum((1, 2)) for k in range(5)], 1)


def images():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5)), (3, 8, 8), {}


def signals():
    net = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 30, 5))
    return net, (1, 32), {"domain": "signals"}


def volumes():
    net = nn.Sequential(nn.Conv3d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 8, 5))
    return net, (1, 4, 4, 4), {"domain": "volumes"}


def points():
    return Summed(), (7, 3), {"inputs": "points", "output": "logits"}


def cost(kind, symmetry, first=128, **more):
    """Samples through the network per sample of one batch more: what is asked once, such as the floor, falls out.

    That is found over more elements the more samples there are, up to some 100.
    """
    torch.manual_seed(0)
    net, shape, options = kind()
    seen = []
    for count in (first, first + 32):
        SEEN.clear()
        data = torch.rand(count, *shape, generator=torch.Generator().manual_seed(1))
        symmeter.measure(Counted(net).eval(), data, symmetry=symmetry, progress=False, **options, **more)
        seen.append(sum(SEEN))
    return (seen[1] - seen[0]) / 32


@pytest.mark.parametrize(
    ("kind", "symmetry", "order"),
    [
        (images, "C4", 4),
        (images, "D4", 8),
        (images, "C4*colours", 24),
        (signals, "polarity", 2),
        (volumes, "octahedral", 24),
    ],
)
def test_a_finite_group_costs_its_order(kind, symmetry, order):
    assert cost(kind, symmetry, control=False) == order


def test_the_control_does_not_ask_for_the_identity_again():
    assert cost(images, "C4", first=32) == 2 * 4 - 1


@pytest.mark.parametrize(
    ("kind", "symmetry", "count"),
    [
        (images, "SO2", 6),
        (images, "SO2*colours", 6),
        (points, "SO3", 120),
        (points, "S7", 9),
    ],
)
def test_a_sampled_group_costs_one_more_than_the_elements_drawn(kind, symmetry, count):
    assert cost(kind, symmetry, control=False, elements=count) == count + 1


def test_elements_drawn_from_a_kernel_that_is_averaged_over_are_not_computed_twice():
    assert cost(images, "shift(3)", control=False, elements=6) == 7 * 7
