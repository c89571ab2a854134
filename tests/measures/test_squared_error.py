"""The mean squared error of a group, against sums by hand."""

import pytest
import torch
from torch import nn

import symmeter
from symmeter.measures.squared_error import SquaredError


def test_it_is_the_mean_square_over_all_other_elements():
    x = torch.rand(3, 1, 4, 4, dtype=torch.float64)
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 5)).double().eval()
    (row,) = symmeter.measure(net, x, "C4", SquaredError(), "logits", control=False, progress=False).rows
    turned = torch.stack([net(x.rot90(k, (2, 3))) - net(x) for k in (1, 2, 3)])
    assert row.value == pytest.approx(float(turned.detach().square().mean()), rel=1e-9)
    assert row.unit == "output^2"
