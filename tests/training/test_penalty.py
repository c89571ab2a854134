"""The penalty: unbiased, differentiable, and nothing of the model is changed."""

import pytest
import torch
from tests.helpers import check_refused
from torch import nn
from torch.utils.checkpoint import checkpoint

import symmeter
from symmeter.measures.squared_error import SquaredError

DRAWS = 200


def network(seed=0):
    torch.manual_seed(seed)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.2)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 5))


def images(count=16, dtype=torch.float32):
    return torch.rand(count, 1, 6, 6, generator=torch.Generator().manual_seed(1), dtype=dtype)


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def is_unbiased(draws, truth, errors=3.0):
    """Whether a mean of draws is within so many of its standard errors of the truth, and these are no excuse."""
    draws = torch.stack(draws).double()
    error = float(draws.std() / len(draws) ** 0.5)
    return abs(float(draws.mean()) - truth) < errors * error and error < 0.1 * truth


SLOW = [pytest.param(one, marks=pytest.mark.slow) for one in ("affine", "SO2", "C4,shift(1)", "rotation,C4")]


@pytest.mark.parametrize("symmetry", ["translation,rotation", "C4", *SLOW])
def test_the_mean_of_many_draws_is_what_measure_reports(symmetry):
    net, x, generator = network().eval(), images(), random(7)
    rows = []
    for word in symmetry.split(","):
        kind = SquaredError() if word[0] in "CS" or "(" in word else "lee"
        elements = 800 if word == "SO2" else None
        rows += symmeter.measure(
            net, x, word, kind, control=False, progress=False, elements=elements, seed=5
        ).rows
    draws = [symmeter.penalty(net, x, symmetry, generator=generator).detach() for _ in range(DRAWS)]
    assert is_unbiased(draws, sum(row.value for row in rows))


def test_a_biased_estimate_is_seen():
    """Draws that are 15 % too large, and draws of one generator of two that are not multiplied by their number."""
    net, x, generator = network().eval(), images(), random(7)
    truth = sum(
        row.value for row in symmeter.measure(net, x, "translation", control=False, progress=False).rows
    )
    draws = [symmeter.penalty(net, x, "translation", generator=generator).detach() for _ in range(DRAWS)]
    assert is_unbiased(draws, truth)
    assert not is_unbiased([1.15 * one for one in draws], truth)
    one_of_two = [
        symmeter.penalty(net, x, f"translation_{'xy'[i % 2]}", generator=generator).detach()
        for i in range(DRAWS)
    ]
    assert not is_unbiased(one_of_two, truth)
    assert is_unbiased([2 * one for one in one_of_two], truth)


def slope_error(net, x, step=1e-6, **words):
    """How far the gradient of the penalty is from a difference quotient along a random direction, relatively."""
    value = lambda: symmeter.penalty(net, x, generator=random(3), **words)
    net.zero_grad()
    value().backward()
    parameters = [p for p in net.parameters() if p.requires_grad]
    directions = [torch.randn(p.shape, generator=random(i), dtype=p.dtype) for i, p in enumerate(parameters)]
    slope = sum(
        float((p.grad * d).sum()) for p, d in zip(parameters, directions, strict=True) if p.grad is not None
    )
    ends = []
    with torch.no_grad():
        for sign in (1, -2):
            for p, d in zip(parameters, directions, strict=True):
                p.add_(sign * step * d)
            ends.append(float(value()))
    quotient = (ends[0] - ends[1]) / (2 * step)
    assert quotient != 0
    return abs(slope - quotient) / abs(quotient)


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("symmetry", ["translation,rotation", "SO2", "C4,rotation"])
def test_the_gradient_is_that_of_the_value(mode, symmetry):
    net = network().double().train(mode)
    assert slope_error(net, images(6, torch.float64), symmetry=symmetry) < 1e-6


@pytest.mark.parametrize(
    "layer",
    [
        nn.SiLU(inplace=True), nn.Hardswish(inplace=True), nn.Hardsigmoid(), nn.GLU(1), nn.ELU(inplace=True), nn.Mish(),
        nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.LayerNorm([4, 4, 4]), nn.MaxPool2d(2), nn.Softmax(1),
        nn.LogSoftmax(1), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Dropout2d(0.5), nn.LocalResponseNorm(2),
    ],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_layers_are_differentiated_twice(layer):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), layer, nn.Flatten(), nn.LazyLinear(3)).double()
    net(images(2, torch.float64))
    assert slope_error(net.train(), images(5, torch.float64), symmetry="rotation") < 1e-6


class Called(nn.Module):
    """A function of torch as a layer."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.layer_norm(x, (4, 4)),
        lambda x: torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False),
        lambda x: torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, False),
        lambda x: nn.functional.rms_norm(x, (4,)),
        lambda x: x / (1 + x.std(1, keepdim=True)),
        lambda x: nn.functional.cosine_similarity(x, x.roll(1, 2), 1),
        lambda x: torch.fft.rfft2(x).abs(),
    ],
    ids=["layer_norm", "batch_norm", "instance_norm", "rms_norm", "std", "cosine", "fft"],
)
def test_functions_of_torch_are_differentiated_twice(function):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), Called(function), nn.Flatten(), nn.LazyLinear(3)).double()
    net(images(2, torch.float64))
    assert slope_error(net.train(), images(5, torch.float64), symmetry="rotation") < 1e-6


class Tokens(nn.Module):
    """Rows of an image as tokens, through a part of its own."""

    def __init__(self, part):
        super().__init__()
        self.into, self.part, self.out = nn.Linear(6, 8), part, nn.Linear(8, 3)

    def forward(self, x):
        found = self.part(self.into(x[:, 0]))
        return self.out((found[0] if isinstance(found, tuple) else found).mean(1))


class Attention(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.all, self.dropout = nn.Linear(8, 24), dropout

    def forward(self, x):
        return nn.functional.scaled_dot_product_attention(*self.all(x).chunk(3, -1), dropout_p=self.dropout)


class Checkpointed(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.inner, self.reentrant = nn.Linear(8, 8), reentrant

    def forward(self, x):
        return checkpoint(lambda z: self.inner(z).tanh(), x, use_reentrant=self.reentrant)


class Tanh(torch.autograd.Function):
    """Without a rule of forward mode."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.tanh()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * (1 - ctx.saved_tensors[0].tanh().square())


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(8, 8)

    def forward(self, x):
        return Tanh.apply(self.inner(x))


@pytest.mark.parametrize(
    "part",
    [
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), Attention(), Attention(0.1), nn.LSTM(8, 8, batch_first=True),
        nn.GRU(8, 8, batch_first=True), Checkpointed(True), Checkpointed(False), Own(),
        nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8)),
    ],
    ids=["encoder", "attention", "dropout", "LSTM", "GRU", "reentrant", "checkpoint", "own function", "spectral"],
)  # fmt: skip
def test_networks_of_tokens_are_differentiated_twice(part):
    torch.manual_seed(0)
    for p in part.parameters():
        nn.init.normal_(p.data, std=0.5)
    net = (
        Tokens(part).double().train(not hasattr(part, "parametrizations"))
    )  # its iteration is not differentiated
    assert slope_error(net, images(4, torch.float64), symmetry="rotation") < 1e-5


def state_of(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in other)


@pytest.mark.parametrize("symmetry", ["rotation", "C4"])
def test_nothing_of_the_model_is_changed(symmetry):
    net, x = network().train(), images()
    net[1].eval()
    net.seen = []
    net.register_forward_hook(lambda module, args, output: module.seen.append(1))
    before, copy, chance = state_of(net), x.clone(), torch.get_rng_state()
    symmeter.penalty(net, x, symmetry, generator=random()).backward()
    assert same(state_of(net), before) and torch.equal(x, copy)
    assert torch.equal(torch.get_rng_state(), chance)
    assert [module.training for module in net] == [True, False, True, True, True, True]
    assert net.seen == [] and all(p.requires_grad for p in net.parameters())


def test_nothing_is_changed_after_an_exception():
    net, x = network().train(), images()
    before, chance = state_of(net), torch.get_rng_state()
    broken = x.clone()
    broken[3] = float("nan")
    check_refused(
        "1 image of 16, the first is number 0|16",
        symmeter.penalty,
        net,
        broken,
        "rotation",
        generator=random(),
    )
    assert same(state_of(net), before) and torch.equal(torch.get_rng_state(), chance)


def test_samples_that_are_not_finite_are_named():
    net, x = network().eval(), images()
    x[3] = float("nan")
    check_refused("1 image of 16, the first is number 3", symmeter.penalty, net, x, "rotation")
    check_refused("1 image of 16, the first is number 3", symmeter.penalty, net, x, "C4")


def test_without_a_generator_torch_draws_one_number():
    net, x = network().eval(), images()
    torch.manual_seed(4)
    first = symmeter.penalty(net, x, "translation")
    second = symmeter.penalty(net, x, "translation")
    torch.manual_seed(4)
    assert torch.equal(symmeter.penalty(net, x, "translation"), first) and not torch.equal(first, second)
    torch.manual_seed(4)
    torch.randint(2**63 - 1, ())
    assert torch.equal(symmeter.penalty(net, x, "translation"), second)


@pytest.mark.parametrize("symmetry", ["rotation", "C4"])
def test_the_output_serves_the_loss(symmetry):
    """Value, gradients and running statistics are those of a call of the model."""
    net, other = network(), network()
    net[3].p = other[3].p = 0.0
    x, y = images(), torch.arange(16) % 5
    term, output = symmeter.penalty(net, x, symmetry, generator=random(), return_output=True)
    (nn.functional.cross_entropy(output, y) + term).backward()
    own = other(x)
    alone = symmeter.penalty(other, x, symmetry, generator=random())
    (nn.functional.cross_entropy(own, y) + alone).backward()
    assert torch.allclose(output, own, atol=1e-6) and torch.allclose(term, alone, rtol=1e-4)
    assert all(
        torch.allclose(a, b)
        for a, b in zip(net.state_dict().values(), other.state_dict().values(), strict=True)
    )
    assert net[1].num_batches_tracked == 1
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.allclose(p.grad, q.grad, atol=1e-5)


def test_the_same_dropout_is_in_both_parts():
    """A network that drops and is symmetric otherwise has no error."""
    net = (
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 40), nn.Dropout(0.5))
        .double()
        .train()
    )
    x = images(8, torch.float64)
    assert symmeter.penalty(net, x, "C4", output="logits") < 1e-25
    flat = torch.ones_like(x)
    assert symmeter.penalty(net, flat, "rotation", output="logits") < 1e-25


def test_precisions_and_autocast():
    net, x = network(), images()
    assert symmeter.penalty(net, x, "rotation").dtype == torch.float32
    assert symmeter.penalty(network().double(), x.double(), "rotation").dtype == torch.float64
    net.eval()
    exact = symmeter.penalty(net, x, "rotation", generator=random())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half, output = symmeter.penalty(net, x, "rotation", generator=random(), return_output=True)
        net(x).sum().backward()
    assert half.dtype == torch.float32 and output.dtype == torch.bfloat16
    assert torch.allclose(half, exact, rtol=0.1)
    own = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        net(x).sum().backward()
    assert all(torch.equal(p.grad, one) for p, one in zip(net.parameters(), own, strict=True))


def test_gradients_flow_into_what_made_the_samples():
    before, net = nn.Conv2d(1, 1, 1).double(), network().double().eval()
    symmeter.penalty(net, before(images(4, torch.float64)), "rotation").backward()
    assert before.weight.grad.abs().max() > 0
    with torch.no_grad():
        assert not symmeter.penalty(net, images(4, torch.float64), "rotation").requires_grad


def test_descent_lowers_the_error():
    net, x, generator = network().eval(), images(32), random()
    error = lambda: (
        symmeter.measure(net, x, "rotation", output="logits", control=False, progress=False).rows[0].value
    )
    before = error()
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(30):
        optimiser.zero_grad()
        term, _ = symmeter.penalty(
            net, x, "rotation", output="logits", generator=generator, return_output=True
        )
        term.backward()
        optimiser.step()
    assert error() < 0.3 * before


def test_points_signals_volumes_and_several_inputs():
    f = nn.Sequential(nn.Flatten(), nn.Linear(15, 2))
    term = symmeter.penalty(f, torch.randn(4, 5, 3), "SO3", output="logits", inputs="points")
    term.backward()
    assert term > 0 and f[1].weight.grad.abs().max() > 0
    signal = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    assert symmeter.penalty(signal, torch.randn(4, 1, 16), "translation", domain="signals") > 0
    volume = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    assert symmeter.penalty(volume, torch.randn(2, 1, 4, 4, 4), "rotation_z", domain="volumes") > 0


class Energy(nn.Module):
    """Pairs of points, weighed by what they are; forces of its own making, which know an axis."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, pos, kinds):
        energy = ((pos * self.weight).square().sum(-1) * kinds).sum(1, keepdim=True)
        return {"energy": energy, "forces": pos * self.weight}


def test_a_dict_of_inputs_and_outputs_that_turn():
    net, x = Energy(), {"pos": torch.randn(4, 5, 3), "kinds": torch.ones(4, 5, dtype=torch.long)}
    words = {"inputs": {"pos": "points"}, "output": "energy:invariant,forces:vectors"}
    for symmetry in ("SO3", "rotation"):
        assert symmeter.penalty(net, x, symmetry, **words) < 1e-8
    with torch.no_grad():
        net.weight[0] = 2.0
    for symmetry in ("SO3", "rotation"):
        net.zero_grad()
        symmeter.penalty(net, x, symmetry, **words).backward()
        assert net.weight.grad.abs().max() > 0.1


def test_mistakes_are_one_line():
    net, x = network(), images()
    refused = lambda words, *args, **kwargs: check_refused(words, symmeter.penalty, *args, **kwargs)
    refused("translation_x is a generator: kind='lee'", net, x, kind="orbit")
    refused("C4 is a group: kind='orbit'", net, x, "C4", kind="lee")
    refused("choose from lee, orbit", net, x, kind="mean")
    refused("did you mean 'rotation'", net, x, "rotatoin")
    refused("x.float\\(\\) / 255", net, x.byte())
    refused("a tensor \\(B, ...\\)", net, "images")
    refused("at least one sample", net, x[:0])
    refused("leave the word crop out", net, x, "shift(1,crop)")
    refused("unknown output 'nope'", net, x, output="nope")
    refused("generator is 3; give a torch.Generator", net, x, generator=3)
    refused("elements is 0", net, x, "C4", elements=0)
    refused("call it once", nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), x)
    refused(
        "has no derivative that a penalty could use",
        lambda z: torch.from_numpy(z.detach().numpy().sum((2, 3))),
        x,
    )
    with pytest.raises(RuntimeError, match="shape"):
        symmeter.penalty(nn.Linear(7, 2), x)  # the model's own error
