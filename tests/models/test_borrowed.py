"""The user's model is given back exactly as it was, whatever happens."""

import pytest
import torch
from torch import nn

from symmeter.errors import SymmeterError
from symmeter.models.borrowed import borrowed, home
from symmeter.models.leaves import main_leaf as main_tensor
from symmeter.models.pure_function import PureFunction as pure


class Counting(nn.Module):
    """Writes to a buffer in every forward pass, and is stochastic."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.linear = nn.Linear(3, 2)

    def forward(self, x):
        self.calls += 1
        return self.linear(x) + torch.rand(2, dtype=x.dtype)


def snapshot(model):
    return (
        {name: module.training for name, module in model.named_modules()},
        {
            name: (t.clone(), t.dtype, t.requires_grad)
            for name, t in [*model.named_parameters(), *model.named_buffers()]
        },
        {name: len(module._forward_hooks) for name, module in model.named_modules()},
    )


def same(a, b):
    assert a[0] == b[0] and a[2] == b[2]
    for name, (tensor, dtype, grad) in a[1].items():
        other, other_dtype, other_grad = b[1][name]
        assert torch.equal(tensor, other) and dtype == other_dtype and grad == other_grad


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_flags_parameters_buffers_and_random_state_are_restored(fails, dtype):
    model = nn.Sequential(Counting(), nn.Dropout(0.5)).to(dtype)
    model[1].eval()
    before, state = snapshot(model), torch.get_rng_state()
    try:
        with borrowed(model, seed=3) as names:
            assert names == ["Sequential", "0", "0.linear"]
            assert not any(module.training for module in model.modules())
            y = pure(model, torch.device("cpu"), torch.float32)(torch.ones(1, 3))
            assert y.dtype == torch.float32 and not y.requires_grad
            if fails:
                raise ZeroDivisionError
    except ZeroDivisionError:
        assert fails
    same(before, snapshot(model))
    assert torch.equal(state, torch.get_rng_state())


def test_the_private_random_state_depends_on_the_seed_alone():
    draws = []
    for _ in range(2):
        torch.rand(5)
        with borrowed(lambda x: x, seed=1):
            draws.append(torch.rand(3))
    assert torch.equal(*draws)


def test_home_is_where_the_parameters_are():
    assert home(nn.Linear(2, 2).double()) == (torch.device("cpu"), torch.float64)
    assert home(lambda x: x) == (torch.device("cpu"), None)


@pytest.mark.parametrize("returned", [
    {"aux": torch.zeros(1), "logits": torch.ones(1)}, (torch.ones(1), torch.zeros(1)), [{"x": torch.ones(1)}],
])  # fmt: skip
def test_main_tensor_of_dicts_and_tuples(returned):
    assert main_tensor(returned).tolist() == [1]


def test_a_model_that_returns_no_tensor():
    with pytest.raises(SymmeterError, match="returned str"):
        main_tensor("cat")
