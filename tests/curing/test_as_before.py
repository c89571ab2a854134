"""A changed network that is called as the network was, and returns what that did."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from tests.curing.remedies.whole_networks import images
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.curing.as_before import AsBefore
from symmeter.training.averaged import Averaged


class Pair(NamedTuple):
    out: Tensor
    aux: Tensor


@dataclass
class Made:
    logits: Tensor
    size: int


class Opaque:
    def __init__(self, scores: Tensor):
        self.scores = scores


class Returning(nn.Module):
    """Two kinds of scores of images (B, 1, 8, 8), in any structure."""

    def __init__(self, form):
        super().__init__()
        torch.manual_seed(0)
        self.one, self.other = nn.Linear(64, 3).double(), nn.Linear(64, 2).double()
        self.form, self.calls = form, 0

    def forward(self, x):
        self.calls += 1
        return self.form(self.one(x.flatten(1)), self.other(x.flatten(1)))


def before(form, output="logits"):
    net = Returning(form).eval()
    return net, AsBefore(Averaged(net, "C4", output=output, domain="images"))


def mean_over_turns(layer, x):
    return sum(layer(torch.rot90(x, k, (-2, -1)).flatten(1)) for k in range(4)) / 4


def test_a_dict_is_a_dict_with_what_was_asked_exchanged():
    x = images()
    net, cured = before(lambda a, b: {"b": b, "nested": [a, "word"]}, "nested.0:invariant")
    found = cured(x)
    assert list(found) == ["b", "nested"] and found["nested"][1] == "word"
    assert torch.allclose(found["nested"][0], mean_over_turns(net.one, x))
    assert torch.equal(found["b"], net.other(x.flatten(1)))


def test_a_named_tuple_and_a_dataclass_stay_what_they_are():
    x = images()
    net, cured = before(Pair)
    assert isinstance(cured(x), Pair)
    assert torch.allclose(cured(x).out, mean_over_turns(net.one, x))
    assert torch.equal(cured(x).aux, net.other(x.flatten(1)))
    net, cured = before(lambda a, b: Made(a, 3), "softmax")
    assert isinstance(cured(x), Made) and cured(x).size == 3
    assert torch.allclose(cured(x).logits.exp().sum(1), torch.ones(6).double())


def test_one_pass_more_only_where_something_was_not_asked_for():
    x = images()
    for form, output, calls in (
        (lambda a, b: a, "logits", 1),
        (lambda a, b: {"a": a, "b": b}, "a:invariant,b:invariant", 1),
        (lambda a, b: {"a": a, "b": b}, "a:invariant", 2),
    ):
        net, cured = before(form, output)
        cured(x)
        assert net.calls == calls


def test_arguments_by_place_and_by_name():
    class Two(nn.Module):
        def forward(self, a, b, *, more=None):
            return a.flatten(1)[:, :3] * b + (0 if more is None else more)

    words = {"a": "image", "b": "invariant"}
    x, b = images(), torch.rand(6, 3, dtype=torch.float64)
    cured = AsBefore(Averaged(Two().eval(), "C4", domain="images", inputs=words))
    wanted = sum(Two()(torch.rot90(x, k, (-2, -1)), b) for k in range(4)) / 4
    assert torch.allclose(cured(x, b), wanted) and torch.equal(cured(x, b), cured(a=x, b=b))
    assert torch.equal(cured(x, b=b), cured({"a": x, "b": b}))
    by_place = AsBefore(Averaged(Two().eval(), "C4", domain="images", inputs=["image", "invariant"]))
    assert torch.allclose(by_place(x, b), wanted)


def test_what_cannot_be_is_one_line():
    x = images()
    check_refused("let the network return a dict", before(lambda a, b: Opaque(a), "scores")[1], x)
    check_refused("the same tensor", before(lambda a, b: {"logits": a}, "logits,softmax")[1], x)
    check_refused("is inside of the network", before(lambda a, b: a, "one")[1], x)
    net, cured = before(lambda a, b: a.unflatten(1, (3, 1, 1)), "logits:pooled")
    check_refused("in another form", cured, x)
    assert not net._forward_hooks


def test_modes_state_and_copies_are_those_of_the_network():
    net, cured = before(lambda a, b: a)
    assert cured.network is net and not cured.training
    assert list(cured.state_dict()) == list(net.state_dict())
    assert cured.train().training and net.training and net.one.training
    with pytest.raises(RuntimeError, match="Missing key"):
        cured.load_state_dict({})
    assert cured.half().network is net and net.one.weight.dtype == torch.float16
