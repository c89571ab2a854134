"""Networks that are equivariant by construction are never resolved, and none that is perturbed is missed.

In float64 and float32, with outputs from 1e-6 to 1e6, along generators and over groups: the verdict is about the network
and not about round-off, whatever the scale.
"""

import itertools

import pytest
import torch
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}"),
]
SIZE, CLASSES = 16, 5
SCALES = [1e-6, 1.0, 1e6]
DTYPES = [torch.float32, torch.float64]
GROUP_MEASURES = "relative_error,geed(l2),geed(euclidean),twirled_variance"


class Polynomial(nn.Module):
    def forward(self, x):
        return x * x + x / 2


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Averaged(nn.Module):
    """C4-equivariant: the mean over quarter turns, there and back."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        turn = lambda v, k: torch.rot90(v, k, (2, 3))
        return sum(turn(self.net(turn(x, k)), -k) for k in range(4)) / 4


class Scaled(nn.Module):
    """A network with outputs of some size, on images that positions dim differently by `broken`."""

    def __init__(self, net, scale, broken=0.0):
        super().__init__()
        self.net, self.scale = net, scale
        gain = torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
        self.register_buffer("gain", 1 + broken * gain)

    def forward(self, x):
        return self.net(x * self.gain) * self.scale


def circular(c_in, c_out, k=3):
    return nn.Conv2d(c_in, c_out, k, padding=k // 2, padding_mode="circular")


def biased(layer, size=100.0):
    nn.init.constant_(layer.bias, size)
    return layer


GENERATORS = [  # definition, symmetry, output, network
    ("periodic", "translation", "equivariant", lambda: circular(3, 4)),
    ("periodic", "translation", "equivariant", lambda: nn.Sequential(circular(3, 6), circular(6, 4, 5))),
    ("periodic", "translation", "equivariant", lambda: biased(circular(3, 4))),
    ("periodic", "translation", "invariant", lambda: nn.Sequential(circular(3, 4), Mean())),
    ("periodic", "translation", "invariant", lambda: nn.Sequential(circular(3, 4), Polynomial(), Mean())),
    ("periodic", "translation,rotation,scale", "equivariant", lambda: nn.Conv2d(3, 5, 1)),
    ("bandlimited", "affine", "equivariant", lambda: nn.Conv2d(3, 5, 1)),
    ("bandlimited", "affine", "equivariant", lambda: biased(nn.Conv2d(3, 5, 1))),
    ("bandlimited", "affine", "equivariant", lambda: nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 2, 1))),
    ("bandlimited", "affine", "equivariant", lambda: nn.BatchNorm2d(3)),
]
GROUPS = [
    ("C4", "equivariant", lambda: Averaged(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.GELU(), nn.Conv2d(4, 4, 3)))),
    ("C4", "invariant", lambda: nn.Sequential(Averaged(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())), Mean())),
    ("D4", "invariant", lambda: nn.Sequential(nn.Conv2d(3, 8, 1), nn.Tanh(), Mean(), nn.Linear(8, 5))),
    ("D4", "equivariant", lambda: nn.Sequential(biased(nn.Conv2d(3, 8, 1)), nn.ReLU())),
    ("shift(2)", "equivariant", lambda: nn.Sequential(circular(3, 6), nn.ReLU(), circular(6, 4))),
    ("shift(2)", "invariant", lambda: nn.Sequential(circular(3, 6), nn.ReLU(), Mean(), nn.Linear(6, 5))),
]  # fmt: skip


def build(make, scale, broken, dtype, seed):
    torch.manual_seed(seed)
    net = Scaled(make(), scale, broken).to(dtype).eval()
    return net, torch.rand(6, 3, SIZE, SIZE, dtype=dtype)


def verdicts(broken, seeds):
    """(what was measured, whether it was resolved) for every row of every network."""
    found = []
    for dtype, scale, seed in itertools.product(DTYPES, SCALES, seeds):
        for definition, symmetry, output, make in GENERATORS:
            net, x = build(make, scale, broken, dtype, seed)
            rows = symmeter.measure(
                net, x, symmetry, output=output, definition=definition, progress=False, control=False
            ).rows
            found += [
                ((definition, row.symmetry, dtype, scale, seed, row.value, row.floor), row) for row in rows
            ]
        for symmetry, output, make in GROUPS:
            net, x = build(make, scale, broken, dtype, seed)
            rows = symmeter.measure(
                net, x, symmetry, GROUP_MEASURES, output, progress=False, control=False, elements=25
            ).rows
            found += [
                ((row.measure, symmetry, output, dtype, scale, seed, row.error, row.floor), row)
                for row in rows
            ]
    return [(where, row.verdict != "not resolved") for where, row in found]


def test_exactly_equivariant_networks_are_not_resolved():
    found = verdicts(0.0, seeds=range(2))
    assert len(found) > 200
    assert [where for where, resolved in found if resolved] == []


def test_perturbed_networks_are_resolved():
    found = verdicts(1e-3, seeds=range(1))
    assert len(found) > 200
    assert [where for where, resolved in found if not resolved] == []
