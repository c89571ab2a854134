"""Every strategy against every other, and every rule against torch's own derivative."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import grad, jvp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from symmeter.autodiff.channels_last import ChannelsLast
from symmeter.autodiff.forward_rules import ForwardRules, load_tables
from symmeter.autodiff.strategies import CentralDifference, OneByOne, Reverse, Tiled, Vectorised

EXACT = [Vectorised(), ChannelsLast(Vectorised()), OneByOne(), Tiled(), Reverse()]


def check_close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


class Attention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.qkv, self.norm, self.kwargs = nn.Linear(6, 18), nn.LayerNorm(6), kwargs

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x.flatten(2).mT)).unflatten(-1, (3, 2, 3)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v, **self.kwargs).flatten(1)[:, :7]


class Dynamic(nn.Module):
    """A convolution whose kernel is a function of the input: rules must not take it for a constant."""

    def __init__(self):
        super().__init__()
        self.route = nn.Linear(6, 6 * 6)

    def forward(self, x):
        kernels = self.route(x.mean((2, 3))).tanh().reshape(-1, 6, 1, 1)
        out = F.conv2d(x.reshape(1, -1, *x.shape[2:]), kernels, groups=len(x))
        return out.reshape(len(x), 6, -1).mean(2)


class InPlace(nn.Module):
    def forward(self, x):
        y = x * 2
        y += x.roll(1, -1)
        y[:, 0] = y[:, 1] * y[:, 2]
        F.relu(y, inplace=True)
        return y.mul_(y.sigmoid()).flatten(1)[:, :9]


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.net = kind(6, 4, batch_first=True)

    def forward(self, x):
        return self.net(x.flatten(2).mT)[0][:, -1]


NETS = {
    "convolutions": lambda: nn.Sequential(
        nn.Conv2d(6, 6, 3, groups=2, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.Conv2d(6, 4, (2, 3), 2),
        nn.ReLU6(), nn.Hardswish(), nn.GroupNorm(2, 4), nn.Hardsigmoid(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(4, 5)),
    "activations": lambda: nn.Sequential(
        nn.GELU(), nn.GELU("tanh"), nn.SiLU(inplace=True), nn.Mish(), nn.ELU(), nn.LeakyReLU(), nn.Softplus(),
        nn.PReLU(), nn.Flatten(), nn.Linear(6 * 30, 4)),
    "attention": Attention,
    "causal attention": lambda: Attention(is_causal=True),
    "scaled attention": lambda: Attention(scale=0.3),
    "masked attention": lambda: Attention(attn_mask=torch.ones(30, 30, dtype=torch.bool).tril(2)),
    "biased attention": lambda: Attention(attn_mask=torch.randn(30, 30, dtype=torch.float64)),
    "dynamic": Dynamic,
    "in place": InPlace,
    "lstm": lambda: Recurrent(nn.LSTM),
    "gru": lambda: Recurrent(nn.GRU),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_strategies_agree_with_central_differences(name):
    net = NETS[name]().double().eval().requires_grad_(False)
    for buffer in (b for b in net.buffers() if b.is_floating_point()):
        buffer.uniform_(0.5, 1.5)
    x, v = torch.randn(3, 6, 5, 6, dtype=torch.float64), torch.randn(4, 3, 6, 5, 6, dtype=torch.float64)
    y, slow = CentralDifference(1e-6)(net, x, v)
    assert slow.abs().max() > 1e-3
    worked = []
    for strategy in EXACT:
        try:
            value, pushed = strategy(net, x, v)
        except Exception:
            assert isinstance(strategy, Vectorised | Reverse), (
                strategy.name
            )  # the pushforward goes on without them
            continue
        worked.append(strategy.name)
        check_close(value, y)
        torch.testing.assert_close(pushed, slow, rtol=1e-5, atol=1e-6)
    assert {"one by one", "tiled"} <= set(worked)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_memory_formats_and_views(memory_format):
    net = NETS["convolutions"]().double().eval().requires_grad_(False)
    x = torch.randn(2, 12, 5, 6, dtype=torch.float64)[:, ::2].contiguous(memory_format=memory_format)
    v = torch.randn(3, 6, 2, 5, 6, dtype=torch.float64).transpose(1, 2)
    results = [strategy(net, x, v)[1] for strategy in EXACT]
    for other in results[1:]:
        check_close(other, results[0])


KEYS = torch.randn(3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def jacobian_inside(x):
    """A function that differentiates by itself, sample by sample: rules are for the outer pass only."""
    return vmap(grad(lambda z: F.gelu(F.linear(z, torch.eye(5).double())).square().sum()))(x)


@pytest.mark.parametrize("call", [
    lambda x: F.batch_norm(x, torch.zeros(4).double(), torch.ones(4).double() * 2),
    lambda x: F.batch_norm(x, torch.zeros(4).double(), torch.ones(4).double(), training=True),
    lambda x: F.layer_norm(x, (4, 5)), lambda x: F.layer_norm(x, (5,), torch.arange(5.0).double()),
    lambda x: F.linear(x, torch.eye(5).double(), torch.ones(5).double()),
    lambda x: F.conv1d(x, torch.ones(2, 4, 3).double(), padding="same"), F.relu, F.relu6, F.gelu, F.silu, F.hardswish,
    F.hardsigmoid, lambda x: F.gelu(x, approximate="tanh"), lambda x: F.relu(x + 0, True), lambda x: F.silu(x + 0, True),
    lambda x: (2 * x).add_(x.sin()), lambda x: (2 * x).add_(x.sin(), alpha=3), lambda x: (2 * x).add_(x.mean(0)),
    lambda x: (2 * x).add_(torch.ones_like(x)), lambda x: torch.ones_like(x).add_(x), lambda x: (2 * x).add_(1),
    lambda x: F.scaled_dot_product_attention(x, x.sin(), x.cos()),
    lambda x: F.scaled_dot_product_attention(x, torch.ones_like(x), x.cos()),
    lambda x: F.scaled_dot_product_attention(KEYS, x, x),
    lambda x: F.scaled_dot_product_attention(KEYS, KEYS.sin(), x),
    lambda x: F.scaled_dot_product_attention(x, KEYS, KEYS.cos()),
    lambda x: F.scaled_dot_product_attention(x, KEYS, KEYS.cos(), is_causal=True),
    lambda x: F.group_norm(x, 2, torch.arange(4.0).double()), jacobian_inside,
], ids=range(29))  # fmt: skip
def test_a_rule_computes_what_torch_computes(call):
    x, v = 4 * torch.randn(3, 4, 5, dtype=torch.float64), torch.randn(2, 3, 4, 5, dtype=torch.float64)
    with sdpa_kernel(SDPBackend.MATH):
        y, dy = zip(*[jvp(call, (x,), (t,)) for t in v], strict=True)
    with ForwardRules():
        value, pushed = vmap(lambda t: jvp(call, (x,), (t,)), out_dims=(None, 0))(v)
    check_close(value, y[0])
    check_close(pushed, torch.stack(dy))


def in_place_of_a_part(x):
    z = 2 * x
    F.relu(z[:, :2], inplace=True)
    return z


def in_place_of_another_view(x):
    z = 2 * x
    other = z.mT
    other.add_(x.mT.cos())
    return z * F.silu(z, inplace=True) * other.mT


def in_place_of_what_was_copied(x):
    z = 2 * x
    for copy in (z + 1, z - 0, z * 1, F.pad(z, (0, 0)), torch.cat([z]), z.clone(), z + torch.zeros_like(z)):
        z = z + F.relu(copy, inplace=True)
    return z


def in_place_of_itself_twice(x):
    z = 2 * x
    same = F.dropout(z, 0.5, False)
    F.relu(same, inplace=True)
    z += same
    return z * same


FORWARD = pytest.mark.parametrize("strategy", [Vectorised(), OneByOne(), Tiled()], ids=lambda one: one.name)


@FORWARD
@pytest.mark.filterwarnings("ignore:There is a performance drop")  # of the plain function, under its own vmap
@pytest.mark.parametrize("call", [
    lambda x: vmap(grad(lambda z: torch.cdist(z, KEYS[0] + 1).sin().sum()))(x),
    lambda x: vmap(lambda z: torch.cdist(z, KEYS[0] + 1))(x),
    lambda x: vmap(lambda z: F.scaled_dot_product_attention(z[None], z[None].sin(), KEYS[:1]))(x),
    lambda x: vmap(grad(lambda z: F.layer_norm(F.scaled_dot_product_attention(z, z, z), (5,)).sin().sum()))(x),
], ids=range(4))  # fmt: skip
def test_kernels_without_a_derivative_are_replaced_under_a_networks_own_transforms_too(call, strategy):
    x, v = torch.randn(3, 4, 5, dtype=torch.float64), torch.randn(2, 3, 4, 5, dtype=torch.float64)
    expected = CentralDifference()(call, x, v)[1]
    torch.testing.assert_close(strategy(call, x, v)[1], expected, rtol=1e-6, atol=1e-6)


@FORWARD
@pytest.mark.parametrize(
    "call",
    [in_place_of_a_part, in_place_of_another_view, in_place_of_what_was_copied, in_place_of_itself_twice],
)
def test_what_is_written_in_place_is_seen_where_torch_lets_it_be_seen(call, strategy):
    x, v = torch.randn(3, 4, 5, dtype=torch.float64), torch.randn(2, 3, 4, 5, dtype=torch.float64)
    before = x.clone(), v.clone()
    load_tables()  # else torch warns of itself
    y, dy = zip(*[jvp(call, (x,), (t,)) for t in v], strict=True)
    value, pushed = strategy(call, x, v)
    check_close(value, y[0])
    check_close(pushed, torch.stack(dy))
    assert torch.equal(x, before[0]) and torch.equal(v, before[1])


def test_reverse_knows_outputs_that_ignore_the_input():
    y, pushed = Reverse()(
        lambda x: torch.stack([x.sum(1), 0 * x[:, 0]], 1), torch.ones(2, 3), torch.ones(4, 2, 3)
    )
    assert y.tolist() == [[3, 0], [3, 0]]
    assert pushed[..., 0].unique().tolist() == [3] and not pushed[..., 1].any()


def test_central_difference_is_of_second_order():
    x, v = torch.randn(2, 3, dtype=torch.float64), torch.randn(1, 2, 3, dtype=torch.float64)
    exact = v * x.cos()
    errors = [(CentralDifference(h)(torch.sin, x, v)[1] - exact).norm() for h in (2e-2, 1e-2)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=1e-2)


def test_central_difference_of_a_zero_direction_is_zero():
    assert not CentralDifference()(torch.sin, torch.ones(1, 2), torch.zeros(1, 1, 2))[1].any()
