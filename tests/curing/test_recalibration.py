"""Recalibration: the statistics of batch norm are those of the samples, and nothing else moves."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from symmeter.curing.recalibration import recalibrated
from symmeter.curing.remedy import Purpose
from symmeter.domains.images.domain import Images
from symmeter.errors import SymmeterError
from symmeter.measuring.plan import Given
from symmeter.models.load import describe
from symmeter.symmetry.hypothesis import parse_symmetry

PURPOSE = Purpose(parse_symmetry("translation", Images.symmetry, Images.symmetries), "images")


def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    return nn.Sequential(*layers, nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, 2)).eval()


def run(net, x, **more):
    return recalibrated(describe(net), Given(x), PURPOSE, progress=False, **more)


def test_statistics_are_those_of_the_samples():
    net, x = network(), 3 + torch.rand(40, 1, 8, 8)
    told = run(net, x, batch_size=40)
    h = net[0](x)
    assert (told["layers"], told["samples"]) == (2, 40)
    assert torch.allclose(net[1].running_mean, h.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(net[1].running_var, h.var((0, 2, 3)), atol=1e-4)
    second = net[:4](x)  # behind the new statistics of the first
    assert torch.allclose(net[4].running_mean, second.mean((0, 2, 3)), atol=1e-2)


def test_they_are_the_mean_over_batches_and_not_the_last():
    net, x = network(), torch.cat([torch.zeros(16, 1, 8, 8), 9 * torch.ones(16, 1, 8, 8)])
    run(net, x, batch_size=16)
    assert torch.allclose(net[1].running_mean, net[0](x).mean((0, 2, 3)), atol=1e-4)
    assert net[1].momentum == 0.1


def test_nothing_else_moves():
    net, x = network(), torch.rand(32, 1, 8, 8)
    net[4].train()
    parameters, drawn = [p.clone() for p in net.parameters()], torch.get_rng_state()
    run(net, x)
    assert all(torch.equal(one, other) for one, other in zip(parameters, net.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), drawn)
    assert [name for name, module in net.named_modules() if module.training] == ["4"]


@pytest.mark.parametrize(
    ("net", "x", "words"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), torch.rand(4, 1, 8, 8), "has no batch norm"),
        (network(), torch.rand(1, 1, 8, 8), "saw no batch of two samples or more"),
        (network(), torch.full((4, 1, 8, 8), torch.inf), "not finite: its statistics are as they were"),
    ],
)
def test_what_cannot_be_recalibrated_is_one_line_and_stays(net, x, words):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(SymmeterError, match=words):
        run(net, x)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(module.momentum == 0.1 for module in net.modules() if isinstance(module, nn.BatchNorm2d))


def beside(net, changed, x, **more):
    return recalibrated(describe(changed), Given(x), PURPOSE, progress=False, beside=net, **more)


def statistics(net):
    return {name: value for name, value in net.state_dict().items() if "running" in name}


def test_beside_itself_a_network_stays_what_it_is():
    """However unlike the samples its statistics are, as where batch norm was folded away."""
    net, x = network(), 3 + torch.rand(40, 1, 8, 8)
    before = {name: value.clone() for name, value in statistics(net).items()}
    beside(deepcopy(net), net, x, batch_size=16)
    for name, value in statistics(net).items():
        assert torch.allclose(value, before[name], atol=1e-6), name


def test_statistics_move_as_the_change_moves_them():
    """Twice the values and one more: a mean and a variance that follow exactly, and a second norm that sees no change."""
    net, x = network(), 3 + torch.rand(40, 1, 8, 8)
    net[1].running_mean.normal_()
    net[1].running_var.uniform_(0.5, 2.0)
    changed = deepcopy(net)
    with torch.no_grad():
        changed[0].weight *= 2
        changed[0].bias.copy_(2 * net[0].bias + 1)
    beside(net, changed, x, batch_size=40)
    h = net[0](x)
    assert torch.allclose(changed[1].running_mean, net[1].running_mean + h.mean((0, 2, 3)) + 1, atol=1e-4)
    v, eps = h.var((0, 2, 3)), net[1].eps
    assert torch.allclose(changed[1].running_var, net[1].running_var * (4 * v + eps) / (v + eps), rtol=1e-4)
    alone = deepcopy(net)
    with torch.no_grad():
        alone[3].bias += 5.0
    beside(net, alone, x)
    assert torch.equal(alone[1].running_mean, net[1].running_mean)
    assert torch.allclose(alone[4].running_mean, net[4].running_mean + 5, atol=1e-4)
    assert torch.allclose(alone[4].running_var, net[4].running_var, rtol=1e-3)


def test_a_channel_that_is_always_the_same_keeps_its_scale():
    """Round-off of one network over that of another is no ratio of variances."""
    net, x = network(), 3 + torch.rand(40, 1, 8, 8)
    with torch.no_grad():
        net[0].weight[1] = 1e-7
    changed = deepcopy(net)
    with torch.no_grad():
        changed[0].weight[1] = 1e-5
    beside(net, changed, x)
    assert torch.allclose(changed[1].running_var, net[1].running_var, rtol=1e-3)
