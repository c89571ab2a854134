"""One call of a model: a copy in, nothing left behind, and the same whatever it says of gradients."""

import copy
import functools

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from symmeter.models.ambient import neutral, own_surroundings
from symmeter.models.behind import Behind, as_module, modules_behind
from symmeter.models.borrowed import borrowed
from symmeter.models.outputs import Reader, parse_outputs
from symmeter.models.pure_function import PureFunction
from symmeter.models.state import State

CPU = torch.device("cpu")


class Keeps(nn.Module):
    """Writes whatever can be written."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(3, 2)
        self.register_buffer("calls", torch.zeros(()))
        self.last, self.seen, self.deep, self.plain = None, [], {"of": {"all": [1]}}, torch.zeros(2)
        self.generator = torch.Generator().manual_seed(1)

    def forward(self, x):
        self.calls += 1
        self.last = x
        self.seen.append(x)
        self.deep["of"]["all"].append(2)
        self.deep["more"] = 1
        self.plain += 1
        self.fresh = self.net(x)
        with torch.no_grad():
            self.net.weight.clamp_(-0.1, 0.1)
        return self.fresh + self.calls + self.plain + torch.rand(1, generator=self.generator)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_that_a_call_writes_stays(dtype):
    model = Keeps()
    before, weight, plain = copy.deepcopy(model.state_dict()), model.net.weight, model.plain
    state, deep = model.generator.get_state(), model.deep["of"]["all"]
    with borrowed(model):
        call = PureFunction(model, CPU, dtype)
        for _ in range(3):
            call(torch.ones(1, 3, dtype=dtype))
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert model.net.weight is weight and model.plain is plain and torch.equal(plain, torch.zeros(2))
    assert model.last is None and model.seen == [] and model.deep["of"]["all"] is deep and deep == [1]
    assert set(model.deep) == {"of"} and not hasattr(model, "fresh")
    assert torch.equal(model.generator.get_state(), state)


def test_nothing_stays_after_an_exception_and_every_call_is_the_first():
    model = Keeps()
    with borrowed(model):
        call = PureFunction(model, CPU, torch.float32)
        first = call(torch.zeros(1, 3)) - call(torch.zeros(1, 3))
        assert first.abs().max() < 1  # the counters did not count; chance goes on
        with pytest.raises(RuntimeError):
            call(torch.zeros(1, 5))
    assert model.seen == [] and model.last is None and float(model.calls) == 0


def test_the_state_of_hooks_and_of_functions_is_put_back():
    kept = []
    net = nn.Identity()
    net.register_forward_hook(lambda module, args, output: kept.append(output))
    state = State([net])
    net(torch.ones(1))
    assert state.restore() and kept == [] and not state.restore()


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_a_model_says_of_gradients_has_no_effect(reentrant):
    @torch.no_grad()
    def quiet(z):
        with torch.inference_mode():
            return checkpoint(torch.sin, z, use_reentrant=reentrant)

    x = torch.ones(2, requires_grad=True)
    with torch.enable_grad(), neutral():
        y = quiet(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(gradient, x.cos().detach())
    assert torch.is_grad_enabled() and not quiet(x).requires_grad  # afterwards all is as it was


def test_gradients_may_be_enabled_inside():
    with torch.no_grad(), neutral(), torch.enable_grad():
        x = torch.ones(1, requires_grad=True)
        assert torch.autograd.grad((x**2).sum(), x)[0] == 2
    assert torch.is_grad_enabled()
    with torch.inference_mode(), own_surroundings():
        assert not torch.ones(1).is_inference()


class Holder:
    """An object that is called, and holds a network."""

    def __init__(self, net):
        self.net = net

    def __call__(self, x):
        return self.net(x)

    def run(self, x):
        return self.net(x)


def test_networks_are_found_behind_every_kind_of_callable():
    net = nn.Sequential(nn.Linear(2, 2))
    wrapped = functools.wraps(net.forward)(lambda x: x)
    callables = [
        net.forward, functools.partial(net), functools.partial(net.forward), lambda x: net(x), Holder(net), Holder(net).run,
        functools.partial(Holder(net).run), lambda x, inner=net: inner(x), wrapped, (lambda nets: lambda x: nets["a"](x))({"a": net}),
    ]  # fmt: skip
    for function in callables:
        assert net in modules_behind(function).values(), function
        found = as_module(function)
        assert isinstance(found, Behind) and [name for name, _ in found.named_modules()] == ["", "0"]
    assert as_module(torch.relu) is torch.relu and as_module(net) is net


def test_a_hidden_network_is_exchanged_and_given_back():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout()).train().half()
    weight = net[0].weight
    model = as_module(lambda x: net(x) * 2)
    with borrowed(model) as found:
        assert found and not net.training
        y = PureFunction(model, CPU, torch.float64)(torch.ones(1, 2, dtype=torch.float64))
    torch.testing.assert_close(y, 2 * (weight.double().sum(1) + net[0].bias.double())[None])
    assert net.training and net[1].training and net[0].weight is weight


class Installs(nn.Module):
    """Installs a hook at its first pass and notes that it has, as networks of transformers do."""

    def __init__(self):
        super().__init__()
        self.net, self.installed = nn.Linear(2, 2), False

    def forward(self, x):
        if not self.installed:
            self.net.register_forward_hook(lambda module, args, output: output + 1)
            self.installed = True
        return self.net(x)


def test_hooks_that_a_forward_pass_installs_are_taken_off_with_its_notes():
    model, x = Installs(), torch.ones(1, 2)
    call = PureFunction(model, CPU, torch.float32)
    assert torch.equal(call(x), call(x))
    assert not model.installed and not model.net._forward_hooks


def test_inside_a_compiled_network_that_has_run_layers_can_be_read():
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    compiled, x = torch.compile(net, backend="eager"), torch.ones(1, 2)
    compiled(x)
    call = PureFunction(Reader(compiled, parse_outputs("_orig_mod.0,logits", compiled)), CPU, torch.float32)
    for _ in range(2):
        inner, outer = call(x)
        torch.testing.assert_close((inner, outer), (net[0](x).detach(), net(x).detach()))
