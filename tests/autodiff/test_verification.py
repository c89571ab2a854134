"""Derivatives that are wrong in silence are found out; right ones are left alone, kinks and all."""

import pytest
import torch
from torch import nn
from torch.func import jvp

from symmeter.autodiff.steps import steadiest_step
from symmeter.autodiff.strategies import OneByOne, Reverse
from symmeter.autodiff.verification import Verifier
from symmeter.errors import SymmeterError


def network(seed=0, act=nn.ReLU):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), act(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), act(), nn.Flatten(), nn.Linear(72, 5)
    )
    return net.requires_grad_(False)


def verdict(f, wide, n=4, tangents=5, strategy=None, seed=0, x=None):
    strategy = strategy or OneByOne()
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 3, 12, 12, generator=draw) if x is None else x
    v = torch.randn(tangents, *x.shape, generator=draw)
    verifier = Verifier(f, wide, seed)
    return verifier.contradiction(strategy, x, v, strategy(f, x, v)[1]), verifier


@pytest.mark.parametrize("act", [nn.ReLU, nn.GELU, nn.Hardswish])
def test_right_derivatives_of_networks_with_kinks_are_never_contradicted(act):
    for seed in range(15):
        net, twin = network(seed, act), network(seed, act).double()
        assert verdict(net, twin, seed=seed)[0] is None
        assert verdict(net, None, seed=seed)[0] is None  # in float32 as well


class Detached(nn.Module):
    """f + share * f, the second without its derivative."""

    def __init__(self, share):
        super().__init__()
        self.net, self.share = network(), share

    def forward(self, x):
        y = self.net(x)
        return y + self.share * y.detach()


@pytest.mark.parametrize("share", [1.0, 0.1, 0.01, -0.01])
def test_a_detached_part_is_found_from_a_hundredth_on(share):
    reason, _ = verdict(Detached(share), Detached(share).double())
    assert reason is not None and "central differences" in reason


def test_round_off_is_no_contradiction():
    assert verdict(Detached(1e-5), Detached(1e-5).double())[0] is None


def test_a_single_wrong_tangent_among_many_is_found():
    net, twin = network(), network().double()
    x, v = torch.rand(2, 3, 12, 12), torch.randn(9, 2, 3, 12, 12)
    v *= torch.logspace(-2, 2, 9)[:, None, None, None, None]  # of very different sizes
    pushed = OneByOne()(net, x, v)[1]
    assert Verifier(net, twin).contradiction(OneByOne(), x, v, pushed) is None
    for t in range(9):
        wrong = pushed.clone()
        wrong[t] *= 1.1
        assert Verifier(net, twin).contradiction(OneByOne(), x, v, wrong) is not None


def test_a_wrong_image_among_right_ones_is_found():
    net, twin = network(), network().double()
    x, v = torch.rand(4, 3, 12, 12), torch.randn(3, 4, 3, 12, 12)
    pushed = OneByOne()(net, x, v)[1]
    pushed[:, 2] *= 0.5
    assert Verifier(net, twin).contradiction(OneByOne(), x, v, pushed) is not None


@pytest.mark.parametrize("wide", [True, False])
def test_zero_where_the_function_changes_is_a_contradiction(wide):
    f = lambda x: (x.sum((2, 3)) * 4).round() / 4
    assert verdict(f, f if wide else None)[0] == "it is 0 where the outputs change"


def test_zero_where_nothing_changes_is_none():
    f = lambda x: (0 * x).sum((2, 3)) + 1
    assert verdict(f, f)[0] is None


def test_a_softmax_that_float32_cannot_resolve_is_no_contradiction():
    f = lambda x: (200 * x.mean((2, 3)) * torch.tensor([1.0, 0.0, 0.0]).to(x)).softmax(1)
    x = torch.rand(2, 3, 12, 12) / 4 + 0.75
    assert not bool(jvp(f, (x,), (torch.ones_like(x),))[1].any())
    assert verdict(f, f, x=x)[0] is None


class InRange(nn.Module):
    """Wants pixels in [0, 1]; `share` as above."""

    def __init__(self, share):
        super().__init__()
        self.inner = Detached(share)

    def forward(self, x):
        if x.min() < 0 or x.max() > 1:
            raise ValueError("in [0, 1], please")
        return self.inner(x)


@pytest.mark.parametrize(("share", "found"), [(0.0, False), (1.0, True)])
def test_models_that_check_their_range_are_verified_inside_of_it(share, found):
    x = (torch.rand(2, 3, 12, 12) * 2 - 0.5).clamp(0, 1)
    reason, verifier = verdict(InRange(share), InRange(share).double(), x=x)
    assert (reason is not None) == found and verifier.left_out == ""


def test_what_cannot_be_verified_says_so():
    x = torch.rand(2, 3, 12, 12)

    class Only(nn.Module):
        def forward(self, z):
            if not bool((z.detach().float() == x[: len(z)]).all()):
                raise ValueError("these images only")
            return z.mean((2, 3))

    reason, verifier = verdict(Only(), None, x=x)
    assert (
        reason is None
        and "was not verified" in verifier.left_out
        and "these images only" in verifier.left_out
    )


def test_a_missing_gradient_is_an_error_and_no_zero():
    with pytest.raises(RuntimeError):
        Reverse()(lambda x: x.detach().mean((2, 3)), torch.rand(1, 3, 4, 4), torch.rand(2, 1, 3, 4, 4))

    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return None

    with pytest.raises(RuntimeError, match="no gradient"):
        Reverse()(lambda x: Half.apply(x).mean((2, 3)), torch.rand(1, 3, 4, 4), torch.rand(2, 1, 3, 4, 4))


def test_the_step_of_a_staircase_spans_several_of_its_steps():
    stairs = lambda x: (100 * x).round() / 100
    x, w = torch.rand(4, 50, dtype=torch.float64), torch.ones(4, 50, dtype=torch.float64)
    step = steadiest_step(lambda z: stairs(z).mean(1, keepdim=True), x, w, 6e-6)
    assert 0.01 < step <= 0.3


def test_a_function_that_jumps_is_refused():
    x = torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(8, 1)
    with pytest.raises(SymmeterError, match="no derivative"):
        steadiest_step(
            lambda z: (1e6 * z).sin().sign(), x + 1e-3, torch.ones(8, 1, dtype=torch.float64), 6e-6
        )
