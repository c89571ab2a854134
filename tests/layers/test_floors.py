"""Floors of layers hold: float32 against the same network and images in float64."""

import pytest
import torch
from torch import nn

import symmeter


class Attention(nn.Module):
    """One block of self-attention over patches."""

    def __init__(self):
        super().__init__()
        self.patch, self.norm = nn.Conv2d(3, 16, 4, stride=4), nn.LayerNorm(16)
        self.mix, self.head = nn.MultiheadAttention(16, 2, batch_first=True), nn.Linear(16, 5)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        z = self.norm(tokens)
        return self.head((tokens + self.mix(z, z, z, need_weights=False)[0]).mean(1))


def plain(act, pool):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), act(), nn.Conv2d(8, 16, 3, padding=1), act(), pool,
        nn.Conv2d(16, 16, 3, padding=1), act(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip


NETWORKS = {
    "relu and max pooling": lambda: plain(nn.ReLU, nn.MaxPool2d(2)),
    "gelu and average pooling": lambda: plain(nn.GELU, nn.AvgPool2d(2)),
    "hardswish": lambda: plain(nn.Hardswish, nn.MaxPool2d(3, 2, 1)),
    "attention": Attention,
}


def rows(make, seed, output):
    """(error, floor, size) of every layer, from 6 images, along two generators.

    Not of the root: the floor of LEE is what a symmetric network would have, a square, and no error of the value.
    """
    torch.manual_seed(seed)
    net = make().eval()
    x = torch.rand(6, 3, 16, 16)
    x = (nn.functional.avg_pool2d(x, 3, 1, 1) - 0.5) * 4
    options = {"symmetry": "translation_x,rotation", "output": output, "probes": 0, "control": False}
    narrow = symmeter.attribute(net, x, **options)
    wide = symmeter.attribute(net.double(), x.double(), **options)
    return [
        (abs(a.value - b.value), a.floor, abs(b.value))
        for a, b in zip(narrow.rows, wide.rows, strict=True)
        if a.parent is not None
    ]


def test_floors_of_layers_are_neither_too_small_nor_without_meaning():
    found = rows(NETWORKS["relu and max pooling"], 0, "logits")
    assert all(floor is not None for _, floor, _ in found)
    assert all(error <= 10 * floor for error, floor, _ in found if error)
    assert sum(floor < 0.1 * value for _, floor, value in found if value) > len(found) / 2


@pytest.mark.slow
def test_errors_beyond_three_floors_are_rare_and_none_is_beyond_ten():
    found = [row for seed in range(20) for name in NETWORKS for row in rows(NETWORKS[name], seed, "logits")]
    found += [row for seed in range(5) for name in NETWORKS for row in rows(NETWORKS[name], seed, "softmax")]
    ratios = torch.tensor([error / floor for error, floor, _ in found if error])
    assert len(ratios) >= 300
    assert float((ratios > 3).double().mean()) < 0.02 and float(ratios.max()) <= 10
    resolved = torch.tensor([floor < 0.01 * value for _, floor, value in found if value])
    assert float(resolved.double().mean()) > 0.8  # a floor that hides everything would pass as well
