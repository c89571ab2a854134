"""Contributions against the definition pushed forward by brute force, and networks that must be diagnosed rightly."""

import pytest
import torch
from tests.helpers import attribution_of
from torch import nn
from torch.func import jvp
from torch.nn import functional as F

import symmeter
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.images.domain import Images
from symmeter.domains.images.options import ImageOptions
from symmeter.errors import SymmeterError
from symmeter.layers.pairings import Pairings
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial

AFFINE = [GENERATORS[name] for name in FAMILIES["affine"]]


def rho_of(tensor, definition):
    """The rule of the brute force: every map with more than one position is a grid, all else is invariant."""
    return Grid(definition) if tensor.ndim == 4 and tensor.shape[-1] * tensor.shape[-2] > 1 else Trivial()


def brute_force(layers, x, definition, generators):
    """Per layer df_after . L_X m (layers, T, B, K): each layer's own Lie derivative, pushed through those after it."""
    found = []
    for i, layer in enumerate(layers):
        h = nn.Sequential(*layers[:i])(x)
        y, own = lie_derivative(layer, h, generators, rho_of(h, definition), rho_of(layer(h), definition))
        after = nn.Sequential(*layers[i + 1 :])
        found.append(torch.stack([jvp(after, (y,), (tangent,))[1] for tangent in own]))
    return torch.stack(found)


def attributed(net, x, generators=AFFINE, definition=None, probes=0, layouts=None, seed=0):
    """(L_X f, batch of contributions, attribution) of logits."""
    domain = Images(ImageOptions(definition=definition or "bandlimited"))
    rho_in = Grid(domain.interpolant)
    with torch.no_grad():
        _, derivative = lie_derivative(net, x, generators, rho_in, Trivial())
        attribution = attribution_of(net, x, generators, Trivial(), domain, layouts)
        return derivative, attribution(x, derivative, probes, seed), attribution


def check_sums(derivative, batch, attribution, tolerance=1e-10):
    """The root is LEE, terminal parts add up to it, and every parent is its children and glue."""
    parts, c = attribution.tree.parts, batch.values
    lee = derivative.double().square().flatten(2).mean(-1)
    torch.testing.assert_close(c[:, 0], lee, rtol=tolerance, atol=0)
    terminal = torch.tensor([part.terminal for part in parts])
    torch.testing.assert_close(
        c[:, terminal].sum(1), lee, rtol=tolerance, atol=float(tolerance * c.abs().max())
    )
    for i, part in enumerate(parts):
        inside = [j for j, other in enumerate(parts) if other.parent == part.layer]
        assert part.terminal == (not inside)
        if inside:
            torch.testing.assert_close(
                c[:, inside].sum(1), c[:, i], rtol=tolerance, atol=float(tolerance * c.abs().max())
            )


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Tanh(), nn.Conv2d(4, 5, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(5, 4),
    ).double().eval()  # fmt: skip


@pytest.fixture
def x():
    return torch.rand(3, 3, 13, 17, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_contribution_and_norm_are_those_of_the_definition(x):
    net = small_net()
    derivative, batch, attribution = attributed(net, x, probes=4)
    pushed = brute_force(list(net), x, Bandlimited(), AFFINE)
    torch.testing.assert_close(pushed.sum(0), derivative, rtol=1e-9, atol=1e-12)  # the chain rule
    contributions = (pushed * derivative).mean(-1)
    norms = pushed.square().sum(-1)
    assert [part.layer for part in attribution.tree.parts] == ["", *map(str, range(7))]
    torch.testing.assert_close(batch.values[:, 1:], contributions.transpose(0, 1), rtol=1e-9, atol=1e-13)
    torch.testing.assert_close(batch.norms[:, 1:], norms.transpose(0, 1), rtol=1e-9, atol=1e-13)
    assert float(batch.variances.max()) == 0
    check_sums(derivative, batch, attribution)


def test_flattening_is_harmless_and_the_head_is_to_blame(x):
    net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(2 * 13 * 17, 3)).double()
    _, batch, attribution = attributed(net, x)
    assert [part.layer for part in attribution.tree.parts] == ["", "0", "1", "2"]
    assert float(batch.values[:, 1:3].abs().max()) < 1e-12 * float(batch.values.max())


@pytest.mark.slow
def test_norms_by_probes_are_unbiased_and_know_their_error(x):
    net = nn.Sequential(*list(small_net())[:-1], nn.Linear(5, 40), nn.Softmax(1)).double()
    exact = attributed(net, x, AFFINE[:2], probes=40)[1].norms
    draws = [attributed(net, x, AFFINE[:2], probes=6, seed=seed)[1] for seed in range(200)]
    norms = torch.stack([draw.norms for draw in draws])
    error = norms.std(0) / 200**0.5
    assert ((norms.mean(0) - exact).abs() <= 4.5 * error + 1e-14).all()
    known = torch.stack([draw.variances for draw in draws]).mean(0).sqrt()
    shown = exact > 1e-3 * exact.max()
    assert (known / norms.std(0))[shown].log().abs().max() < 0.5


@pytest.mark.parametrize("net", [
    nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 2, 3), nn.Flatten(), nn.LazyLinear(3)),
])  # fmt: skip
def test_pointwise_linear_maps_contribute_nothing(net, x):
    net = net.double().eval()
    net(x)
    _, batch, attribution = attributed(net, x, probes=3)
    zero = [i for i, part in enumerate(attribution.tree.parts) if part.layer in ("0", "1")]
    assert len(zero) == 2
    assert float(batch.values[:, zero].abs().max()) < 1e-13 * float(batch.values.abs().max())
    assert float(batch.norms[:, zero].max()) < 1e-20 * float(batch.norms.max())


class Ramp(nn.Module):
    """A layer that is different at every position: it breaks the symmetry of translations."""

    def forward(self, h):
        return h * torch.linspace(0, 1, h.shape[-1], dtype=h.dtype)


class Pool(nn.Module):
    def forward(self, h):
        return h.mean((2, 3))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_planted_offender_is_found(place, x):
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular") for _ in range(3)]
    layers.insert(place, Ramp())
    net = nn.Sequential(*layers, Pool(), nn.Linear(3, 2)).double()
    _derivative, batch, attribution = attributed(
        net, x, [GENERATORS["translation_x"]], Periodic(), layouts={"Ramp": "channels_first"}
    )
    shares = batch.values[0] / batch.values[0, 0]
    names = [part.layer for part in attribution.tree.parts]
    torch.testing.assert_close(shares[names.index(str(place))], torch.ones(3, dtype=torch.float64))
    others = [i for i, name in enumerate(names) if name not in ("", str(place))]
    assert float(shares[others].abs().max()) < 1e-9


class Shortcut(nn.Module):
    """A residual block with an add in place, and one activation in place that is called twice."""

    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2 = (
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.bn, self.act = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.bn(self.conv2(self.act(self.conv1(x))))
        y += x
        return self.act(y)


class ProductElement(nn.Module):
    """Takes two tensors, one by keyword, and returns a tuple or a dict of views."""

    def __init__(self, as_dict):
        super().__init__()
        self.as_dict = as_dict

    def forward(self, a, *, b):
        first, second = (a * b.sigmoid()).chunk(2, 1)
        return {"first": first, "second": second} if self.as_dict else (first, second)


class Assorted(nn.Module):
    """What hooks stumble over."""

    def __init__(self, as_dict=False):
        super().__init__()
        self.stem = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3, stride=2))
        self.block = Shortcut(4)
        self.shared = self.block.conv1  # a module under two names
        self.pair = ProductElement(as_dict)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(2, 3)
        self.attn = nn.MultiheadAttention(2, 1, batch_first=True)

    def forward(self, x):
        h = self.block(self.block(self.stem(x)))
        out = self.pair(h, b=self.shared(h))
        a, b = (out["first"], out["second"]) if isinstance(out, dict) else out
        h = self.drop(F.silu(a, inplace=False) * b)
        tokens = h.flatten(2).transpose(1, 2)
        tokens = tokens + self.attn(tokens, tokens, tokens, need_weights=False)[0]
        return self.head(tokens.mean(1))


@pytest.mark.parametrize("as_dict", [False, True])
def test_parts_add_up_whatever_modules_do(as_dict, x):
    torch.manual_seed(0)
    net = Assorted(as_dict).double().eval()
    for parameter in list(net.parameters())[:3]:
        parameter.requires_grad_(False)
    derivative, batch, attribution = attributed(net, x, probes=3)
    check_sums(derivative, batch, attribution)
    names = {part.layer: part for part in attribution.tree.parts}
    assert names["block#2"].calls == 2
    assert {
        "block.act",
        "block.act#2",
        "block.act#3",
        "block.act#4",
        "block.(glue)",
        "block.conv1#3",
        "pair",
        "(glue)",
    } <= set(names)
    assert names["block.act#3"].parent == "block#2"
    assert names["block.conv1#3"].parent == ""
    norms = batch.norms[:, 0]
    torch.testing.assert_close(norms, derivative.square().sum(-1), rtol=1e-9, atol=0)


def test_without_copies_as_with_all_copies(x, monkeypatch):
    from symmeter.layers import contributions as module

    net = Assorted().double().eval()
    _, some, attribution = attributed(net, x)
    attribution._copies = frozenset()  # the scout saw nothing: the pass must notice by itself
    derivative = lie_derivative(net, x, AFFINE, Grid(Bandlimited()), Trivial())[1].detach()
    torch.testing.assert_close(attribution(x, derivative, 0, 0).values, some.values)
    monkeypatch.setattr(module, "_RECENT", 0)
    torch.testing.assert_close(attribution(x, derivative, 0, 0).values, some.values, rtol=1e-12, atol=0)


class Twists(nn.Module):
    """Mixes positions by a matrix: between the two layers no axis is a grid's any more."""

    def __init__(self):
        super().__init__()
        self.into, self.inside, self.out = nn.Linear(12, 7), nn.Tanh(), nn.Linear(7, 12)

    def forward(self, x):
        return x + self.out(self.inside(self.into(x.flatten(2)))).view_as(x)


def test_what_is_not_known_folds_into_the_module_around():
    x = torch.rand(2, 3, 3, 4, dtype=torch.float64)
    net = nn.Sequential(nn.Conv2d(3, 3, 1), Twists(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).double()
    derivative, batch, attribution = attributed(net, x)
    check_sums(derivative, batch, attribution)
    assert set(attribution.tree.folded) == {"1.into", "1.inside", "1.out"}
    assert "(3, 7)" in attribution.tree.folded["1.inside"]
    assert "1" in [part.layer for part in attribution.tree.parts]


@pytest.mark.parametrize(("layouts", "words"), [
    ({"1": "tokens(2x3)"}, r"module '1'.*not tokens\(2x3\)"),
    ({"1.out": "channels_first"}, r"module '1.out'.*\(B, 3, 12\)"),
    ({"7": "invariant"}, "layout for 7: the model has no such module"),
    ({"1": "sideways"}, "layout 'sideways' for 1 is none"),
])  # fmt: skip
def test_a_layout_that_cannot_be(layouts, words):
    net = nn.Sequential(nn.Conv2d(3, 3, 1), Twists(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(SymmeterError, match=words):
        symmeter.attribute(net, torch.rand(2, 3, 3, 4), output="logits", layouts=layouts)


def test_layouts_by_glob_class_and_type():
    net = nn.Sequential(nn.Conv2d(3, 3, 1), Twists(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).double()
    x = torch.rand(2, 3, 3, 4, dtype=torch.float64)
    for key in ("1.in*", "Tanh", nn.Tanh):
        tree = attributed(net, x, layouts={key: "invariant"})[2].tree
        assert "1.inside" not in tree.folded and "1.inside" in [part.layer for part in tree.parts]


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers, self.grad_checkpointing = small_net().float(), True

    def forward(self, x):
        if self.grad_checkpointing:
            return torch.utils.checkpoint.checkpoint(self.layers, x, use_reentrant=False)
        return self.layers(x)


def test_the_model_is_left_as_it_was(x):
    net = Checkpointed()
    net.train()
    net.layers[0].weight.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state = torch.get_rng_state()
    with pytest.warns(symmeter.SymmeterWarning, match="train mode"):
        profile = symmeter.attribute(net, x.float(), output="logits")
    assert "layers.0" in [row.layer for row in profile.rows]
    with pytest.raises(SymmeterError):
        symmeter.attribute(net, x.float(), output="logits", layouts={"layers.0": "tokens(1x1)"})
    assert net.training and net.grad_checkpointing
    assert torch.equal(state, torch.get_rng_state())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert all(p.grad is None for p in net.parameters())
    assert not net.layers[0].weight.requires_grad and net.layers[2].weight.requires_grad
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_long_probe_runs_do_not_grow(x):
    import gc

    net = small_net()
    derivative, _, attribution = attributed(net, x, AFFINE[:1])
    derivative = derivative.detach()

    def live(probes):
        """Tensors alive while the last of so many probes is drawn."""
        trace, counts, pairings = attribution._trace(x), [], Pairings(2**30)
        for _ in range(probes):
            attribution._backward(trace, torch.ones_like(trace.output), AFFINE[:1], pairings)
            gc.collect()
            counts.append(sum(type(thing) is torch.Tensor for thing in gc.get_objects()))
        return counts

    counts = live(12)
    assert counts[-1] <= counts[1]
