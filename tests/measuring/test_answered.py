"""A precision that is nowhere to be seen shows in how outputs answer to a tiny move."""

import numpy as np
import pytest
import torch

from symmeter.measuring.answered import answered_precision
from symmeter.measuring.function import Function
from symmeter.models.outputs import parse_outputs
from symmeter.models.precision import Precision

CPU = torch.device("cpu")
DOUBLE = Precision("float64", torch.finfo(torch.float64).eps)
X = torch.randn(1, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def smooth(x):
    return np.stack([np.sin(x).sum(1), 1e4 + np.square(x).sum(1)], 1)


def found(model, x=X, seen=DOUBLE):
    function = Function.of(model, parse_outputs("logits", model), CPU, torch.float64)
    return answered_precision(function, x, seen).name


@pytest.mark.parametrize(("model", "name"), [
    (lambda x: smooth(x.numpy()), "float64"),
    (lambda x: smooth(x.numpy().astype(np.float32)).astype(np.float64), "float32"),
    (lambda x: smooth(x.numpy()).astype(np.float32).astype(np.float64), "float32"),
    (lambda x: np.ones((len(x), 2)), "float64"),
    (lambda x: 1e-12 * smooth(x.numpy()), "float64"),
    (lambda x: np.full((len(x), 2), np.nan), "float64"),
    (lambda x: np.abs(x.numpy() - X.numpy()), "float64"),  # a kink right there
])  # fmt: skip
def test_float32_moves_in_steps(model, name):
    assert found(model) == name


def test_what_was_seen_already_is_not_asked_again():
    half = Precision("bfloat16", 2**-7)
    model = lambda x: smooth(x.numpy().astype(np.float32)).astype(np.float64)
    assert found(model, seen=half) == "bfloat16"
