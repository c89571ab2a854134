"""Every remedy is held by the contract, every layer remedy by layers of many shapes, and the contract can fail."""

import importlib
import inspect
import itertools
from copy import deepcopy

import pytest
import torch
from tests.curing.remedies.contract import Case, RemedyContract, described, same_state
from torch import nn

from symmeter.curing.listing import remedies
from symmeter.curing.remedy import LayerRemedy

timm = pytest.importorskip("timm.layers")
pools = pytest.importorskip("timm.layers.pool2d_same")


@pytest.mark.parametrize("name", remedies())
def test_every_remedy_has_a_file_of_tests_that_inherits_the_contract(name):
    file = inspect.getmodule(remedies()[name]).__name__.rpartition(".")[2]
    tests = importlib.import_module(f"tests.curing.remedies.test_{file}")
    held = [
        one
        for one in vars(tests).values()
        if inspect.isclass(one) and issubclass(one, RemedyContract) and hasattr(one, "remedy")
    ]
    assert name in {one.remedy.name for one in held}
    assert all(one.__name__.startswith("Test") for one in held)


def layers():
    """Convolutions, pools and activations of many shapes, for maps of 4 channels."""
    conv = lambda *args, kind=nn.Conv2d, **kwargs: kind(4, 4, *args, **kwargs)
    yield from (conv(k, s, p) for k, s, p in itertools.product((1, 2, 3, 7), (1, 2, 4), (0, 1, 3)))
    yield from (conv(3, (2, 1), (1, 0)), conv((1, 5), 2, (0, 2), groups=4), conv(3, 2, 2, dilation=2))
    yield from (conv(3, 1, "same", dilation=2), conv(3, 1, "valid"))
    yield from (conv(3, 2, 1, padding_mode=mode) for mode in ("circular", "reflect", "replicate"))
    yield from (
        timm.Conv2dSame(4, 4, k, s, dilation=d) for k, s, d in ((3, 2, 1), (5, 2, 1), (1, 2, 1), (3, 1, 2))
    )
    yield from (conv(8, 8), conv(16, 16), conv((4, 8), (4, 8)))
    for k, s, p, d, ceil in itertools.product((2, 3), (1, 2, 3, None), (0, 1), (1, 2), (False, True)):
        yield nn.MaxPool2d(k, s, p, d, ceil_mode=ceil)
    yield from (
        nn.MaxPool2d((3, 2), (2, 1), (1, 0)),
        pools.MaxPool2dSame(3, 2),
        pools.MaxPool2dSame(2, (2, 1)),
    )
    yield from (nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1), pools.AvgPool2dSame(3, 2))
    yield from (
        nn.ReLU(inplace=True),
        nn.ReLU6(),
        nn.GELU(),
        nn.SiLU(inplace=True),
        nn.PReLU(4),
        nn.Softmax(1),
    )


@pytest.mark.parametrize("name", [name for name, one in remedies().items() if issubclass(one, LayerRemedy)])
def test_whatever_layer_is_exchanged_keeps_shape_dtype_and_itself(name):
    taken = 0
    for layer, size in itertools.product(layers(), ((16, 16), (17, 20))):
        made = remedies()[name].parse("").exchange(layer, None)
        if made is None:
            continue
        taken += 1
        for dtype in (torch.float64, torch.bfloat16):
            x = torch.rand(2, 4, *size, dtype=dtype)
            before, state, random = described(layer), deepcopy(layer.state_dict()), torch.get_rng_state()
            again = remedies()[name].parse("").exchange(layer, x)
            assert described(layer) == before and same_state(layer.state_dict(), state)
            assert torch.equal(torch.get_rng_state(), random)
            wanted = deepcopy(layer).to(dtype)(x.clone())
            if again is not None:
                result = deepcopy(again).to(dtype)(x.clone())
                assert (result.shape, result.dtype) == (wanted.shape, wanted.dtype), (layer, size)
                assert result.isfinite().all(), (layer, size)
    assert taken >= 3


class Nothing(LayerRemedy):
    """A remedy that does nothing. Source: none."""

    name, words = "nothing", "does nothing"

    def exchange(self, layer, seen):
        return nn.Sequential(layer).eval() if isinstance(layer, nn.Conv2d) else None


class Careless(Nothing):
    """One that changes the layer."""

    def exchange(self, layer, seen):
        if isinstance(layer, nn.Conv2d):
            layer.weight.data *= 0.5
            return nn.Sequential(layer, nn.Identity())
        return None


class Held(RemedyContract):
    remedy = Nothing()
    case = Case(
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3, 2), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        torch.rand(4, 1, 9, 9, dtype=torch.float64),
    )
    factor = 2.0
    unhelped = case


def test_the_contract_finds_a_remedy_that_does_nothing():
    held = Held()
    held.test_a_copy_is_the_same_network()
    for test in (
        held.test_it_changes_what_the_network_computes,
        held.test_the_error_falls_on_a_network_that_was_built_for_it,
    ):
        with pytest.raises(AssertionError):
            test()


def test_the_contract_finds_a_remedy_that_changes_the_layer_it_was_shown():
    held = Held()
    held.test_the_network_is_left_as_it_was()
    held.remedy = Careless()
    with pytest.raises(AssertionError):
        held.test_the_network_is_left_as_it_was()


class _Weak(nn.Module):
    def forward(self, x):
        return 0.01 * x


def test_the_contract_finds_a_remedy_that_helps_where_it_must_not():
    class Weakens(Nothing):
        """Takes nearly all away."""

        def exchange(self, layer, seen):
            return nn.Sequential(layer, _Weak()).eval() if isinstance(layer, nn.Conv2d) else None

    held = Held()
    held.test_it_does_not_apply_or_does_not_help_elsewhere()
    held.remedy = Weakens()
    with pytest.raises(AssertionError):
        held.test_it_does_not_apply_or_does_not_help_elsewhere()
    held.unhelped = None
    with pytest.raises(AssertionError, match="give one of the two"):
        held.test_it_does_not_apply_or_does_not_help_elsewhere()
