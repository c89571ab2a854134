"""Batch norm in eval mode: the gradient of one image, however it lies in memory."""

import pytest
import torch
from torch import nn

from symmeter.autodiff.backward_rules import BackwardRules
from symmeter.autodiff.strategies import Reverse, Vectorised


class Tokens(nn.Module):
    """Behind the norm the map becomes a token sequence, so that its gradient has channels last."""

    def __init__(self):
        super().__init__()
        self.norm, self.head = nn.BatchNorm2d(5), nn.Linear(5, 2)
        self.norm.running_var.uniform_(0.5, 2)
        nn.init.normal_(self.norm.weight)

    def forward(self, x):
        return self.head(self.norm(x).flatten(2).transpose(1, 2).tanh()).mean(1)


@pytest.mark.parametrize("batch", [1, 3])
def test_reverse_mode_agrees_with_forward_mode(batch):
    torch.manual_seed(0)
    net = Tokens().eval().requires_grad_(False)
    x, v = torch.randn(batch, 5, 4, 6), torch.randn(3, batch, 5, 4, 6)
    torch.testing.assert_close(Reverse()(net, x, v)[1], Vectorised()(net, x, v)[1])


def test_training_and_trainable_norms_are_left_alone():
    norm, x = nn.BatchNorm2d(3), torch.randn(2, 3, 4, 4)
    with BackwardRules():
        norm(x).sum().backward()
        norm.eval()
        norm(x).square().sum().backward()
    assert norm.weight.grad is not None
    assert int(norm.num_batches_tracked) == 1
