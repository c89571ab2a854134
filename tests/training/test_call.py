"""One call of a model as it trains."""

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

from symmeter.models.outputs import parse_outputs
from symmeter.training.call import TrainingCall


def call_of(net, output="logits", seed=0):
    return TrainingCall(net, parse_outputs(output, net), None, seed)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 3)).double()


def inputs():
    return torch.rand(8, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_push_is_a_difference_quotient():
    """In train mode, with the statistics of the batch and the same dropout."""
    net, x = network().train(), inputs()
    v = torch.randn(8, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    call = call_of(net, "logits,softmax,0")
    made, outputs, pushed = call.pushed(x, v)
    h = 1e-6
    ahead, behind = (call.read(call(x + sign * h * v)) for sign in (1, -1))
    assert len(outputs) == len(pushed) == 3 and made.main.shape == (8, 3)
    for y, dy, a, b in zip(outputs, pushed, ahead, behind, strict=True):
        assert torch.allclose(dy, (a - b) / (2 * h), atol=1e-7) and y.shape == dy.shape
        assert y.requires_grad and dy.requires_grad


def test_both_ways_to_push_agree():
    net, x, v = network().train(), inputs(), inputs().flip(0)
    call = call_of(net)
    for one, other in zip(call._forward(x, v)[2], call._backward_twice(x, v)[2], strict=True):
        assert torch.allclose(one, other, rtol=1e-10)


def test_chance_is_that_of_the_seed():
    net, x = network().train(), inputs()
    one, again, other = call_of(net), call_of(net), call_of(net, seed=1)
    assert torch.equal(one(x).main, one(x).main) and torch.equal(one(x).main, again(x).main)
    assert not torch.equal(one(x).main, other(x).main)


def test_buffers_are_kept_only_when_asked():
    net, x = network().train(), inputs()
    before = net[1].running_mean.clone()
    call = call_of(net)
    made, (pushed, *_) = call(x), call.pushed(x, x)
    assert torch.equal(net[1].running_mean, before) and net[1].num_batches_tracked == 0
    assert all(torch.equal(pushed.buffers[name], made.buffers[name]) for name in made.buffers)
    call.keep(pushed)
    assert net[1].num_batches_tracked == 1 and not torch.equal(net[1].running_mean, before)
    assert torch.allclose(net[1].running_mean, 0.9 * before + 0.1 * net[0](x).detach().mean(0))
    version = net[1].running_mean._version
    call.keep(pushed)
    assert net[1].running_mean._version == version  # what is the same is not written


def test_what_the_model_cannot_take_is_its_own_error():
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        call_of(network()).pushed(torch.rand(2, 5).double(), torch.rand(2, 5).double())


class Rounded(nn.Module):
    def forward(self, x):
        return torch.from_numpy(x.detach().numpy().round())


def test_a_model_without_any_derivative_is_named():
    check_refused("Rounded has no derivative.*kind='orbit'", call_of(Rounded()).pushed, inputs(), inputs())


def test_lazy_networks_are_called_first():
    check_refused("call it once", call_of, nn.LazyLinear(3))
