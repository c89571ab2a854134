"""The pushforward covers every image once, whatever fails on the way, and says what it did."""

import copy

import pytest
import torch
from torch import nn

from symmeter.autodiff.memory import available_bytes, out_of_memory, peak_bytes
from symmeter.autodiff.pushforward import Pushforward
from symmeter.autodiff.strategies import CentralDifference, OneByOne

NET = (
    nn.Sequential(nn.Flatten(), nn.Linear(12, 40), nn.Tanh(), nn.Linear(40, 30))
    .double()
    .requires_grad_(False)
)


def pushed(f, n=20, tangents=3, dtype=torch.float64, **kwargs):
    """(pushforward, assembled outputs, assembled derivatives, sizes of the chunks, the exact derivatives' inputs)."""
    x, v = torch.randn(n, 3, 4, dtype=dtype), torch.randn(tangents, n, 3, 4, dtype=dtype)
    pushforward = Pushforward(f, **kwargs)
    parts = list(pushforward.push(x, lambda part: v[:, part]))
    covered = [i for part, _, _ in parts for i in range(part.start, part.stop)]
    assert covered == list(range(n))
    y, dy = torch.cat([p[1] for p in parts]), torch.cat([p[2] for p in parts], 1)
    return pushforward, y, dy, [p.stop - p.start for p, _, _ in parts], (x, v)


def test_every_image_is_done_once_and_exactly():
    pushforward, y, dy, _, (x, v) = pushed(NET)
    expected, slopes = OneByOne()(NET, x, v)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(dy, slopes)
    assert pushforward.strategy.exact and not pushforward.dropped


def test_a_given_batch_size_is_kept():
    assert set(pushed(NET, batch_size=4)[3]) == {4}


def test_reverse_is_tried_when_outputs_are_few():
    few = nn.Sequential(NET, nn.Linear(30, 2).double().requires_grad_(False))
    seen = []

    def f(x):
        seen.append(x.requires_grad)
        return few(x)

    pushed(f, n=40)
    assert any(seen)
    seen.clear()
    pushed(lambda x: (seen.append(x.requires_grad), NET(x))[1], n=40)
    assert not any(seen)


def test_running_out_of_memory_halves_the_chunk():
    def hungry(x):
        if len(x) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return NET(x)

    pushforward, _, dy, sizes, (x, v) = pushed(hungry, n=30, batch_size=16)
    assert max(sizes) <= 3
    torch.testing.assert_close(dy, OneByOne()(NET, x, v)[1])
    assert not pushforward.dropped


def pointwise(*tail, width=16):
    """A network of which most products are those of pointwise convolutions, on 3 channels."""
    body = nn.Sequential(nn.Conv2d(3, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.Tanh(), *tail)
    return body.requires_grad_(False)


class Viewed(nn.Module):
    """Takes a view of its features, which is possible in the plain layout alone."""

    def forward(self, x):
        return x.view(len(x), -1)[:, :20]


@pytest.mark.parametrize(
    ("net", "name"),
    [
        (pointwise(nn.Flatten()), "vectorised, channels last"),
        (pointwise(Viewed()), "vectorised"),
        (pointwise(nn.Conv2d(16, 16, 3), nn.Flatten()), "vectorised"),  # nine products for one
        (nn.Sequential(nn.Conv2d(3, 16, 4, 4), nn.Flatten()).requires_grad_(False), "vectorised"),
    ],
)
def test_networks_of_pointwise_convolutions_get_channels_side_by_side(net, name):
    torch.manual_seed(0)
    x, v = torch.randn(6, 3, 8, 8), torch.randn(4, 6, 3, 8, 8)
    layouts = set()

    def f(x):
        layouts.add(x.is_contiguous(memory_format=torch.channels_last))
        return net(x)

    pushforward = Pushforward(f)
    parts = list(pushforward.push(x, lambda part: v[:, part]))
    assert pushforward.strategy.name == name and not pushforward.dropped
    assert (True in layouts) == (name != "vectorised" or isinstance(net[-1], Viewed))
    expected, slopes = OneByOne()(net, x, v)
    torch.testing.assert_close(torch.cat([y for _, y, _ in parts]), expected)
    torch.testing.assert_close(torch.cat([dy for _, _, dy in parts], 1), slopes, rtol=1e-4, atol=1e-5)
    wide = Pushforward(copy.deepcopy(net).double())
    list(wide.push(x.double(), lambda part: v[:, part].double()))
    assert wide.strategy.name == "vectorised"  # kernels for float64 are others


def test_one_tangent_goes_through_in_the_same_layout():
    x, v = torch.randn(6, 3, 8, 8), torch.randn(1, 6, 3, 8, 8)
    net = pointwise(nn.Flatten())
    pushforward = Pushforward(net)
    (outcome,) = pushforward.push(x, lambda part: v[:, part])
    assert pushforward.strategy.name == "one by one, channels last"
    torch.testing.assert_close(outcome[2], OneByOne()(net, x, v)[1], rtol=1e-4, atol=1e-5)


class Opaque(nn.Module):
    """Leaves torch on its way, as a black box does."""

    def forward(self, x):
        return torch.from_numpy(x.numpy().reshape(len(x), -1) ** 3)


def test_a_black_box_is_measured_by_central_differences_in_float64():
    pushforward, _, dy, _, (x, v) = pushed(Opaque(), dtype=torch.float32, wide=Opaque())
    assert isinstance(pushforward.strategy, CentralDifference) and set(pushforward.dropped) >= {
        "vectorised",
        "one by one",
    }
    exact = (3 * x.double().square() * v.double()).flatten(2)
    assert dy.dtype == torch.float64
    assert (dy - exact).abs().max() < 1e-8 * exact.abs().max()


def test_without_float64_a_black_box_is_measured_in_float32():
    def narrow(x):
        assert x.dtype == torch.float32
        return Opaque()(x)

    _, _, dy, _, (x, v) = pushed(narrow, dtype=torch.float32, wide=narrow)
    exact = (3 * x.square() * v).flatten(2)
    assert dy.dtype == torch.float32
    assert (dy - exact).abs().max() < 1e-2 * exact.abs().max()


class Straight(torch.autograd.Function):
    """A derivative that is wrong in silence: 0, where the function is x."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def jvp(ctx, dx):
        return torch.zeros_like(dx)

    @staticmethod
    def backward(ctx, g):
        return torch.zeros_like(g)


def test_a_derivative_that_is_wrong_in_silence_is_found_out():
    pushforward, _, dy, _, (_, v) = pushed(lambda x: Straight.apply(x).flatten(1))
    assert not pushforward.strategy.exact
    assert all(reason == "it is 0 where the outputs change" for reason in pushforward.dropped.values())
    torch.testing.assert_close(dy, v.flatten(2))


def test_a_function_that_always_fails_raises_its_own_error():
    def broken(x):
        if x.requires_grad or len(x) > 0:
            raise ZeroDivisionError("by design")
        return x

    with pytest.raises(ZeroDivisionError, match="by design"):
        pushed(broken)


def test_memory_is_known_and_its_exhaustion_recognised():
    assert available_bytes(torch.device("cpu")) is None or available_bytes(torch.device("cpu")) > 2**20
    with peak_bytes(torch.device("cpu")) as peak:
        torch.ones(2**26).sum()
        assert peak() >= 0
    assert out_of_memory(MemoryError()) and out_of_memory(
        RuntimeError("DefaultCPUAllocator: can't allocate memory")
    )
    assert not out_of_memory(RuntimeError("shapes differ"))


class Sometimes(nn.Module):
    """A derivative that is wrong for some images only: those with a bright first pixel are detached."""

    def forward(self, x):
        y = x.flatten(1).sin()
        return torch.where(x.flatten(1)[:, :1] > 0, 2 * y, y + y.detach())


def test_what_was_done_before_a_contradiction_is_done_again():
    x = torch.randn(20, 3, 4, dtype=torch.float64)
    x[:3, 0, 0], x[3:, 0, 0] = 1.0, -1.0  # the first trials see nothing wrong
    v = torch.randn(3, 20, 3, 4, dtype=torch.float64)
    pushforward = Pushforward(Sometimes())
    dy = torch.cat([pushed for _, _, pushed in pushforward.push(x, lambda part: v[:, part])], 1)
    torch.testing.assert_close(dy, (2 * x.cos() * v).flatten(2), rtol=1e-6, atol=1e-8)
    assert not pushforward.strategy.exact


def test_a_model_with_a_limit_to_its_batch_is_given_no_more():
    def limited(x):
        assert len(x) <= 2
        return NET(x)

    pushforward, _, dy, sizes, (x, v) = pushed(limited, n=30)
    assert max(sizes) <= 2 and pushforward.strategy.exact
    torch.testing.assert_close(dy, OneByOne()(NET, x, v)[1])
