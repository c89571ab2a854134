"""Every verb, in every mode, after every failure: the user's model and surroundings are as they were."""

import functools
import random
import re
import warnings
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
import torch
from torch import nn

import symmeter

for name in symmeter.__all__:  # what is imported at first use may itself draw random numbers
    getattr(symmeter, name)

MAP = {"output": "logits:equivariant"}
ENTRIES = {
    "measure along a generator": lambda f, x: symmeter.measure(f, x, "rotation", progress=False, **MAP),
    "measure over a group": lambda f, x: symmeter.measure(f, x, "C4", progress=False, **MAP),
    "robustness": lambda f, x: symmeter.robustness(
        f, x, "rotation", "contrast", 1, progress=False, mean=0.0, std=1.0, **MAP
    ),
    "attribute": lambda f, x: symmeter.attribute(f, x, "rotation", probes=0, progress=False, **MAP),
    "aliasing": lambda f, x: symmeter.aliasing(f, x, "translation_x", progress=False, **MAP),
    "bands": lambda f, x: symmeter.bands(f, x, "translation_x", progress=False, **MAP),
    "maps": lambda f, x: symmeter.maps(f, x, "translation_x", **MAP),
    "prediction_range": lambda f, x: symmeter.prediction_range(f, x, "translation_x", t=(1.0,), progress=False, **MAP),
    "assert_equivariant": lambda f, x: symmeter.assert_equivariant(f, x, "C4", "equivariant"),
    "compare": lambda f, x: symmeter.compare(f, f, data=x, symmetry="C4", progress=False, **MAP),
}  # fmt: skip


class Net(nn.Module):
    """Batch norm, dropout, random numbers of its own, and a list that every call writes to."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 2, 3, padding=1)
        self.norm, self.drop = nn.BatchNorm2d(2), nn.Dropout(0.1)
        self.last = nn.Conv2d(2, 2, 3, padding=1)
        self.seen, self.generator = [], torch.Generator()
        self.fail = None  # called with the output of every call

    def forward(self, x):
        self.seen.append(x.shape)
        y = self.last(self.drop(self.norm(self.first(x)).relu()))
        return self.fail(y) if self.fail else y


def trained(net):
    net.train()


def partly(net):
    net.train()
    net.norm.eval()


def frozen(net):
    net.requires_grad_(False)
    net.last.bias.requires_grad_(True)


def with_gradients(net):
    net(torch.rand(1, 3, 4, 4)).sum().backward()


def hooked(net):
    net.first.register_forward_hook(lambda module, given, returned: None)
    net.register_forward_pre_hook(lambda module, given: None)


# How the model comes (done to it before), and in which surroundings.
NOTHING = lambda net: None
MODES = {
    "eval": (NOTHING, torch.enable_grad),
    "train": (trained, torch.enable_grad),
    "partly train": (partly, torch.enable_grad),
    "frozen": (frozen, torch.enable_grad),
    "with gradients": (with_gradients, torch.enable_grad),
    "hooks": (hooked, torch.enable_grad),
    "double": (lambda net: net.double(), torch.enable_grad),
    "no_grad": (trained, torch.no_grad),
    "inference mode": (NOTHING, torch.inference_mode),
}


def raised(error):
    """What fails with the third call and all that follow. The count is no list or dict, which would be put back."""
    calls = count(1)

    def fail(y):
        if next(calls) > 2:
            raise error
        return y

    return fail


def in_forward(net):
    net.fail = raised(RuntimeError("third call"))


def in_a_hook(net):
    fail = raised(ValueError("third call"))
    net.norm.register_forward_hook(lambda module, given, returned: fail(returned))


def ctrl_c(net):
    net.fail = raised(KeyboardInterrupt())


def not_finite(net):
    net.fail = lambda y: y * float("nan")


FAILURES = {
    "exception": in_forward,
    "exception in a hook": in_a_hook,
    "Ctrl-C": ctrl_c,
    "not finite": not_finite,
}
WORDS = {
    "exception": "third call",
    "exception in a hook": "third call",
    "Ctrl-C": "Interrupt",
    "not finite": "finite|nan",
}


class Holder:
    def __init__(self, net):
        self.net = net

    def method(self, x):
        return self.net(x)


@dataclass
class Held:
    net: nn.Module

    def __call__(self, x):
        return self.net(x)


FORMS = {
    "closure": lambda net: lambda x: net(x),
    "bound method": lambda net: Holder(net).method,
    "forward": lambda net: net.forward,
    "partial": lambda net: functools.partial(lambda x, scale, f: scale * f(x), scale=2, f=net),
    "dataclass": Held,
}


def everything(net):
    """All that can be told of a model and of what surrounds it, as values that compare."""
    tensors = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    grads = {name: tensor.grad for name, tensor in tensors.items() if tensor.grad is not None}
    plain = lambda tensor: (id(tensor), tensor.dtype, tensor.requires_grad, tensor.tolist())
    attributes = lambda module: {
        name: (id(value), list(value) if isinstance(value, dict | list) else None) for name, value in vars(module).items()
        if not isinstance(value, bool | int | float)
    }  # fmt: skip
    _, numpy, *place = np.random.get_state()  # noqa: NPY002
    return {
        "training": {name: module.training for name, module in net.named_modules()},
        "tensors": {name: plain(tensor) for name, tensor in tensors.items()},
        "gradients": {name: plain(tensor) for name, tensor in grads.items()},
        "attributes": {name: attributes(module) for name, module in net.named_modules()},
        "random": (torch.get_rng_state().tolist(), random.getstate(), numpy.tolist(), place),
        "its random": net.generator.get_state().tolist(),
        "surroundings": (
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.get_default_dtype(),
        ),
        "filters": list(warnings.filters),
    }


def fail_and_compare(entry, net, model, mode, failure):
    x = torch.rand(2, 3, 6, 6)
    pixels = x.tolist()
    FAILURES[failure](net)
    with mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = everything(net)
        said = ""
        try:
            result = ENTRIES[entry](model, x)
        except (symmeter.SymmeterError, AssertionError, RuntimeError, ValueError, KeyboardInterrupt) as error:
            said = f"{type(error).__name__}: {error}"
        else:
            said = str(getattr(result, "warnings", "")) + str(getattr(result, "rows", result))
        after = everything(net)
    assert after == before
    assert x.tolist() == pixels
    return said


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_model_is_given_back(entry, mode, failure):
    net = Net().eval()
    prepare, surroundings = MODES[mode]
    prepare(net)
    said = fail_and_compare(entry, net, net, surroundings, failure)
    assert re.search(WORDS[failure], said), said


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_so_is_one_behind_a_callable(entry, form, failure):
    net = Net().train()
    said = fail_and_compare(entry, net, FORMS[form](net), torch.enable_grad, failure)
    assert re.search(WORDS[failure], said), said


def test_what_is_compared_would_show_a_difference():
    """Each of these is something that a careless verb would leave behind."""
    careless = [
        lambda net: net.eval(), lambda net: net.norm.running_mean.add_(1), lambda net: net.seen.append(1),
        lambda net: net.requires_grad_(False), lambda net: hooked(net), lambda net: torch.rand(1), lambda net: random.random(),
        lambda net: np.random.rand(),  # noqa: NPY002
        lambda net: net.generator.manual_seed(3), lambda net: setattr(net, "cache", ()),
        lambda net: net.first.zero_grad(set_to_none=False), lambda net: net.double(),
    ]  # fmt: skip
    for change in careless:
        net = Net().train()
        with_gradients(net)
        net.first.weight.grad.add_(1)
        before = everything(net)
        assert before == everything(net)
        change(net)
        assert before != everything(net)
