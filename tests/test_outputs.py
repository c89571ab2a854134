"""Outputs by name, and the representation that fits their shape."""

import pytest
import torch
from torch import nn

from symmeter.definitions import Bandlimited
from symmeter.errors import SymmeterError
from symmeter.outputs import Output, parse_output
from symmeter.representations import Image, Tokens, Trivial

NET = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
GRID = Bandlimited()


@pytest.mark.parametrize(("text", "shape", "expected"), [
    ("softmax", (2, 5), Trivial()), ("logits", (2, 5), Trivial()), ("logits", (2, 5, 4, 4), Image(GRID)),
    ("softmax", (2, 5, 4, 4), Image(GRID)), ("0", (2, 4, 6, 6), Image(GRID)), ("0:invariant", (2, 4, 6, 6), Trivial()),
    ("0:channels_last", (2, 6, 6, 4), Image(GRID, "channels_last")), ("equivariant", (2, 1, 8, 8), Image(GRID)),
    ("0:tokens(1+2x3)", (2, 7, 4), Tokens(GRID, (2, 3), 1)), ("0:tokens(2x3)", (2, 6, 4), Tokens(GRID, (2, 3))),
])  # fmt: skip
def test_representation_of_an_output(text, shape, expected):
    found = parse_output(text).representation(torch.zeros(shape), NET, GRID)
    assert type(found) is type(expected)
    assert isinstance(found, Trivial) or found == expected


@pytest.mark.parametrize(("text", "shape", "message"), [
    ("softmax:equivariant", (2, 5), r"shape \(B, 5\) and so no grid"),
    ("logits:channels_last", (2, 5), "no grid"),
    ("0", (2, 7, 4), r"shape \(B, 7, 4\) and its layout is not known; add one of 0:invariant"),
    ("0:tokens(3x3)", (2, 7, 4), r"which is not tokens\(3x3\)"),
    ("softmax", (2, 1), "use --output logits"),
])  # fmt: skip
def test_an_output_that_has_no_such_grid(text, shape, message):
    with pytest.raises(SymmeterError, match=message):
        parse_output(text).representation(torch.zeros(shape), NET, GRID)


@pytest.mark.parametrize(("text", "message"), [
    ("logits:equivarant", "unknown action 'equivarant'.*did you mean 'equivariant'"), (":invariant", "has no name"),
])  # fmt: skip
def test_badly_written_outputs(text, message):
    with pytest.raises(SymmeterError, match=message):
        parse_output(text)


def test_a_submodule_is_read_and_no_hook_stays():
    x = torch.randn(2, 3, 6, 6)
    y = parse_output("1").module(NET)(x)
    assert torch.equal(y, NET[1](NET[0](x)))
    assert not NET[1]._forward_hooks


def test_a_submodule_hook_is_removed_after_an_exception():
    with pytest.raises(RuntimeError):
        parse_output("4").module(NET)(torch.randn(2, 5, 6, 6))
    assert not NET[4]._forward_hooks


@pytest.mark.parametrize(("name", "message"), [
    ("layr", "unknown output 'layr'; choose from softmax"), ("feature", "did you mean 'features'"), ("pooled", "needs a timm model"),
])  # fmt: skip
def test_unknown_outputs_name_the_choices(name, message):
    with pytest.raises(SymmeterError, match=message):
        Output(name).module(NET)


def test_timm_features_know_their_layout():
    timm = pytest.importorskip("timm")
    vit = timm.create_model("vit_tiny_patch16_224", img_size=(32, 48), depth=1)
    features = parse_output("features")
    tokens = features.representation(features.module(vit)(torch.zeros(1, 3, 32, 48)), vit, GRID)
    assert tokens == Tokens(GRID, (2, 3), 1)
    swin = timm.create_model("swin_tiny_patch4_window7_224", img_size=64, window_size=2, depths=(1, 1, 1, 1))
    last = features.representation(features.module(swin)(torch.zeros(1, 3, 64, 64)), swin, GRID)
    assert last == Image(GRID, "channels_last")
    pooled = parse_output("pooled")
    assert pooled.module(swin)(torch.zeros(1, 3, 64, 64)).shape == (1, 768)
