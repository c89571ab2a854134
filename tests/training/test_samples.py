"""Samples as a model is called with them."""

import gc

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter.training.samples as home
from symmeter.training.samples import Meant


def test_one_tensor_is_used_as_it_is():
    x = torch.rand(2, 1, 4, 4)
    assert Meant("rotation", "logits").of(nn.Flatten(), x).x is x


def test_several_are_packed_in_their_precision():
    x = {"pos": torch.rand(2, 3, 3, dtype=torch.float64), "kinds": torch.tensor([[1, 6, 8], [1, 1, 1]])}
    samples = Meant("SO3", "energy:invariant", inputs={"pos": "points"}).of(lambda pos, kinds: pos, x)
    assert samples.x.shape == (2, 12) and samples.x.dtype == torch.float64
    back = samples.packing.unpack(samples.x)
    assert torch.equal(back["pos"], x["pos"]) and torch.equal(back["kinds"], x["kinds"])


def test_a_network_is_looked_at_once(monkeypatch):
    looks = []
    inside = __import__("symmeter.domains.images.inputs", fromlist=["entrance"])
    entrance = inside.entrance
    monkeypatch.setattr(inside, "entrance", lambda model: looks.append(model) or entrance(model))
    net, x = nn.Sequential(nn.Conv2d(3, 2, 3)), torch.rand(2, 3, 5, 5)
    first = Meant("rotation,hue", "logits:pooled").of(net, x)
    for _ in range(3):
        assert Meant("rotation,hue", "logits:pooled").of(net, x).rho_in() == first.rho_in()
    assert looks == [net]
    Meant("rotation,hue", "logits:pooled").of(nn.Sequential(nn.Conv2d(3, 2, 3)), x)
    assert len(looks) == 2


def test_a_network_is_not_kept_alive():
    net = nn.Sequential(nn.Conv2d(3, 2, 3))
    Meant("rotation", "logits:pooled").of(net, torch.rand(2, 3, 5, 5))
    assert net in home._LOOKED
    before = len(home._LOOKED)
    del net
    gc.collect()
    assert len(home._LOOKED) < before


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (3, "a tensor"),
        ({"a": 1}, "a tensor"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.long), "numbers of type int64"),
        (torch.zeros(0, 1, 4, 4), "at least one sample"),
        (torch.zeros(()), "at least one sample"),
    ],
)
def test_what_is_no_sample_is_refused(x, words):
    check_refused(words, Meant("rotation", "logits").of, nn.Flatten(), x)


def test_samples_of_inference_mode_are_refused():
    with torch.inference_mode():
        x = torch.rand(2, 1, 4, 4)
    check_refused("x.clone", Meant("rotation", "logits").of, nn.Flatten(), x)


@pytest.mark.parametrize("words", ["points", {"pos": "points", "kinds": "scalars"}])
def test_gradients_reach_what_was_given(words):
    """With words for inputs, too, whether there is one tensor or several."""
    pos = torch.randn(3, 4, 3, requires_grad=True)
    given = pos if isinstance(words, str) else {"pos": pos, "kinds": torch.zeros(3, 4, dtype=torch.long)}
    samples = Meant("SO3", "logits", "points", words, {}).of(nn.Identity(), given)
    (slope,) = torch.autograd.grad(samples.x.sum(), pos)
    assert slope.all()
