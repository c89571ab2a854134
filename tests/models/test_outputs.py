"""Outputs by name, and the representation that fits their shape."""

from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.tokens import Tokens
from symmeter.domains.images.domain import Images
from symmeter.errors import SymmeterError
from symmeter.models.outputs import Reader, parse_output, parse_outputs
from symmeter.symmetry.representations.trivial import Trivial

NET = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
IMAGES = Images()
GRID = IMAGES.interpolant


@pytest.mark.parametrize(("text", "shape", "expected"), [
    ("softmax", (2, 5), Trivial()), ("logits", (2, 5), Trivial()), ("logits", (2, 5, 4, 4), Grid(GRID)),
    ("softmax", (2, 5, 4, 4), Grid(GRID)), ("0", (2, 4, 6, 6), Grid(GRID)), ("0:invariant", (2, 4, 6, 6), Trivial()),
    ("0:channels_last", (2, 6, 6, 4), Grid(GRID, "channels_last")), ("equivariant", (2, 1, 8, 8), Grid(GRID)),
    ("0:tokens(1+2x3)", (2, 7, 4), Tokens(GRID, (2, 3), 1)), ("0:tokens(2x3)", (2, 6, 4), Tokens(GRID, (2, 3))),
])  # fmt: skip
def test_representation_of_an_output(text, shape, expected):
    found = parse_output(text).representation(torch.zeros(shape), NET, IMAGES)
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
        parse_output(text).representation(torch.zeros(shape), NET, IMAGES)


@pytest.mark.parametrize(("text", "message"), [
    ("logits:equivarant", "unknown action 'equivarant'.*did you mean 'equivariant'"), (":invariant", "has no name"),
])  # fmt: skip
def test_badly_written_outputs(text, message):
    with pytest.raises(SymmeterError, match=message):
        parse_output(text, IMAGES)


def read(names, model, x):
    """What a Reader makes of some outputs."""
    return Reader(model, parse_outputs(names, model))(x)


def test_submodules_are_read_and_no_hook_stays():
    x = torch.randn(2, 3, 6, 6)
    first, last = read("1,logits", NET, x)
    assert torch.equal(first, NET[1](NET[0](x))) and torch.equal(last, NET(x))
    assert not NET[1]._forward_hooks


def test_a_pass_ends_where_all_is_read():
    x = torch.randn(2, 3, 6, 6)
    cut = nn.Sequential(NET[0], nn.Identity(), nn.Linear(1, 1))  # the last cannot be run
    (found,) = read("1", cut, x)
    assert torch.equal(found, NET[0](x))


def test_a_submodule_hook_is_removed_after_an_exception():
    with pytest.raises(RuntimeError):
        read("4", NET, torch.randn(2, 5, 6, 6))
    assert not NET[4]._forward_hooks


def test_a_module_that_is_not_called():
    net = nn.Sequential(nn.Identity())
    net[0].spare = nn.Identity()
    check_refused("does not call that module", read, "0.spare", net, torch.ones(1, 1))


@pytest.mark.parametrize(("name", "message"), [
    ("layr", "unknown output 'layr': the model returns one tensor without a name; choose from"),
    ("feature", "did you mean 'features'"), ("pooled", "needs a timm model"),
])  # fmt: skip
def test_unknown_outputs_name_the_choices(name, message):
    check_refused(message, read, name, NET, torch.randn(2, 3, 6, 6))


ProductElement = namedtuple("ProductElement", "mean spread")


@dataclass
class Detection:
    scores: torch.Tensor
    boxes: list


class Structured(nn.Module):
    """Returns one thing, made of x."""

    def __init__(self, make):
        super().__init__()
        self.make, self.net = make, nn.Flatten()

    def forward(self, x):
        return self.make(self.net(x))


@pytest.mark.parametrize(("path", "make"), [
    ("pred_boxes", lambda y: {"logits": 2 * y, "pred_boxes": y}), ("1", lambda y: (2 * y, y)),
    ("spread", lambda y: ProductElement(2 * y, y)), ("0.boxes.1", lambda y: [Detection(2 * y, [3 * y, y])]),
    ("detail.value", lambda y: SimpleNamespace(detail=SimpleNamespace(value=y))), ("b", lambda y: {"a": 2 * y, "b": y.numpy()}),
])  # fmt: skip
def test_tensors_in_what_a_model_returns_are_named_by_their_path(path, make):
    x = torch.randn(2, 1, 2, 2)
    assert torch.equal(read(path, Structured(make), x)[0], x.flatten(1))
    output = parse_outputs(path, Structured(make))[0]
    assert output.leaf and output.layer == "" and output.name == path


def test_a_module_goes_before_a_key_of_its_name():
    x = torch.randn(2, 1, 2, 2)
    assert torch.equal(read("net", Structured(lambda y: {"net": 2 * y}), x)[0], x.flatten(1))


def test_a_wrong_path_names_what_there_is():
    check_refused("unknown output 'pred_box': the model returns logits, pred_boxes; did you mean 'pred_boxes'",
                  read, "pred_box", Structured(lambda y: {"logits": y, "pred_boxes": y}), torch.ones(1, 1, 2, 2))  # fmt: skip
    check_refused(
        "is int64 of shape", read, "logits", Structured(lambda y: y.argmax(1)), torch.ones(2, 1, 2, 2)
    )


def test_timm_features_know_their_layout():
    timm = pytest.importorskip("timm")
    vit = timm.create_model("vit_tiny_patch16_224", img_size=(32, 48), depth=1)
    x, features = torch.zeros(1, 3, 32, 48), parse_output("features")
    assert features.representation(read("features", vit, x)[0], vit, IMAGES) == Tokens(GRID, (2, 3), 1)
    swin = timm.create_model("swin_tiny_patch4_window7_224", img_size=64, window_size=2, depths=(1, 1, 1, 1))
    x = torch.zeros(1, 3, 64, 64)
    last, pooled = read("features,pooled", swin, x)
    assert features.representation(last, swin, IMAGES) == Grid(GRID, "channels_last")
    assert pooled.shape == (1, 768)
