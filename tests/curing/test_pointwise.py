import pytest
import torch
from torch import nn

from symmeter.curing.pointwise import is_pointwise

X = torch.randn(2, 4, 6, 6)


@pytest.mark.parametrize(
    "layer",
    [nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.GELU(), nn.SiLU(), nn.Hardswish(), nn.Sigmoid(), nn.Tanh(), nn.ELU(), nn.Mish(), nn.PReLU(4), nn.Softplus()],
    ids=str,
)  # fmt: skip
def test_activations_are_and_do_commute_with_any_order_of_positions(layer):
    assert is_pointwise(layer)
    order = torch.randperm(36)
    mixed = lambda x: x.flatten(2)[..., order].view_as(x)
    assert torch.equal(layer(mixed(X)), mixed(layer(X)))


@pytest.mark.parametrize(
    "layer",
    [nn.Softmax(1), nn.GLU(1), nn.MultiheadAttention(4, 2), nn.RReLU(), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Identity(), nn.Sequential(nn.ReLU())],
    ids=str,
)  # fmt: skip
def test_what_mixes_or_is_random_or_is_no_activation_is_not(layer):
    assert not is_pointwise(layer)
