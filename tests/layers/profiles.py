"""Profiles that tests share."""

import numpy as np
import torch
from torch import nn

import symmeter


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv, self.act = nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.conv(x)) + x


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6), nn.GELU(), nn.Sequential(Residual(6), Residual(6)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 20),
    ).eval()  # fmt: skip


def images(n=6):
    return torch.rand(n, 3, 17, 21, generator=torch.Generator().manual_seed(1))


def profile(**options):
    return symmeter.attribute(
        net(), images(), **{"symmetry": "translation", "output": "logits", "probes": 8} | options
    )


def check_adds_up(shares, whole):
    np.testing.assert_allclose(sum(share.contribution for share in shares), whole, rtol=1e-6)
