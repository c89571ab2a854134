"""Signals: measured against plain loops, with layers that add up."""

from typing import ClassVar

import pytest
import torch
from tests.contracts.domain import DomainContract
from tests.helpers import check_refused
from torch import Tensor, nn
from torch.autograd.functional import jvp

import symmeter
from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.domains.signals.domain import Signals
from symmeter.measuring.measure import measure

SIGNALS = torch.randn(8, 2, 24, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LENGTH = SIGNALS.shape[-1]


def ready(*layers: nn.Module) -> nn.Sequential:
    """Layers in float64, in eval mode, with statistics of batch norms that are not trivial."""
    net = nn.Sequential(*layers).double()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return net.eval()


def circular(channels: int = 4, bias: bool = True) -> nn.Conv1d:
    """A convolution around the circle."""
    return nn.Conv1d(2, channels, 5, padding=2, padding_mode="circular", bias=bias)


def classifier() -> nn.Sequential:
    """One of everything that one-dimensional networks are made of."""
    torch.manual_seed(0)
    return ready(
        nn.Conv1d(2, 6, 3, padding=1), nn.BatchNorm1d(6), nn.GELU(), nn.AvgPool1d(2), circular6(), nn.Tanh(),
        nn.ConvTranspose1d(6, 4, 4, stride=2, padding=1), nn.Conv1d(4, 4, 3, dilation=2, stride=2),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip


def circular6() -> nn.Conv1d:
    return nn.Conv1d(6, 6, 3, padding=1, padding_mode="circular")


class TestSignals(DomainContract):
    domain = Signals
    data = SIGNALS
    group = "shift"
    equivariant = (ready(circular(), nn.Tanh()), "shift(5)", "logits:equivariant")
    broken = (classifier(), "translation_x,gain,shift(3),polarity,reversal", "logits:invariant")
    outputs: ClassVar = {
        "invariant": torch.rand(2, 5), "equivariant": torch.rand(2, 5, 24), "signal": torch.rand(2, 2, 24),
        "channels_first": torch.rand(2, 5, 12),
    }  # fmt: skip
    misfits: ClassVar = {"equivariant": torch.rand(2, 5), "signal": torch.rand(2, 5, 3, 4)}
    good: ClassVar = {"definition": "periodic", "padding": "circular"}
    bad: ClassVar = {"definition": "splines", "padding": "mirror"}
    taken = False


def moved(h: Tensor, definition: str = "bandlimited") -> Tensor:
    """X h of the time shift for features (C, L), by the derivative matrix; 0 for what has no time."""
    if h.ndim != 2 or h.shape[-1] == 1:
        return torch.zeros_like(h)
    matrix = parse_interpolant(definition).derivative(h.shape[-1])
    return torch.stack([matrix @ channel for channel in h]) * h.shape[-1] / 2


@pytest.mark.parametrize("definition", ["bandlimited", "periodic", "bicubic"])
def test_along_time_the_value_is_that_of_a_plain_loop(definition: str):
    net = classifier()
    result = measure(net, SIGNALS, "translation_x", output="logits", definition=definition, domain="signals")
    values = []
    for x in SIGNALS:
        _, pushed = jvp(lambda z: net(z[None])[0], x, moved(x, definition))
        values.append(pushed.square().mean())
    assert result.rows[0].value == pytest.approx(torch.stack(values).mean().item(), rel=1e-10)
    assert result.rows[0].definition == definition


def test_layers_are_those_of_a_plain_loop_and_add_up():
    """c_m = <z, df_after (dm X h - X m(h))>, with z = L_X f / dim."""
    net = classifier()
    profile = symmeter.attribute(net, SIGNALS, "translation_x", output="logits", domain="signals")
    expected = torch.zeros(len(net), dtype=torch.float64)
    for x in SIGNALS:
        after = [lambda h, i=i: net[i:](h[None])[0] for i in range(len(net) + 1)]
        h = x
        z = jvp(after[0], x, moved(x))[1] / 3
        for i, layer in enumerate(net):
            out, pushed = jvp(lambda v, layer=layer: layer(v[None])[0], h, moved(h))
            rest = jvp(after[i + 1], out, pushed - moved(out))[1]
            expected[i] += (z * rest).sum() / len(SIGNALS)
            h = out
    found = torch.tensor([row.value for row in profile.rows[1:]], dtype=torch.float64)
    assert [row.layer for row in profile.rows[1:]] == [str(i) for i in range(len(net))]
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12 * float(expected.abs().max()))
    assert float(found.sum()) == pytest.approx(profile.rows[0].value, rel=1e-10)
    assert profile.header["spec"]["folded"] == {}


@pytest.mark.parametrize("output", ["logits:equivariant", "logits:invariant"])
@pytest.mark.parametrize(
    "pool", [nn.MaxPool1d(2), nn.AvgPool1d(3), nn.AdaptiveMaxPool1d(4), nn.Upsample(scale_factor=2)]
)
def test_layers_add_up_whatever_pools(pool: nn.Module, output: str):
    net = ready(circular(), pool, nn.Conv1d(4, 3, 1))
    profile = symmeter.attribute(net, SIGNALS, "translation_x", output=output, domain="signals")
    parts = sum(row.value for row in profile.rows if row.terminal)
    assert parts == pytest.approx(profile.rows[0].value, rel=1e-10)
    assert profile.header["spec"]["folded"] == {}


def test_layers_through_transposes_and_tokens():
    """Linear layers over the channels, (B, L, C), and a head over the mean in time."""

    class Mixer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.norm = nn.Conv1d(2, 4, 4, stride=4), nn.LayerNorm(4)
            self.mlp, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            tokens = self.norm(self.embed(x).transpose(1, 2))
            tokens = tokens + self.mlp(tokens).tanh()
            return self.head(tokens.mean(1))

    torch.manual_seed(0)
    profile = symmeter.attribute(
        Mixer().double().eval(), SIGNALS, "translation_x", output="logits", domain="signals", probes=0
    )
    parts = {row.layer: row.value for row in profile.rows}
    assert sum(row.value for row in profile.rows if row.terminal) == pytest.approx(parts[""], rel=1e-10)
    assert abs(parts["mlp"]) < 1e-12 * parts[""]  # the same at every time, so it commutes with shifts
    assert abs(parts["embed"]) > 1e-3 * parts[""]


@pytest.mark.parametrize(
    "net",
    [
        ready(circular()),
        ready(circular(), nn.BatchNorm1d(4), circular6())[:2],
        ready(nn.Conv1d(2, 3, 1)),
        ready(nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3)),
    ],
    ids=["circular", "circular and norm", "1x1", "1x1 and norm"],
)
def test_exact_zeros(net: nn.Module):
    """Convolutions around the circle, and those of one sample, commute with shifts by any amount."""
    result = measure(
        net.eval(),
        SIGNALS,
        "translation_x,shift",
        output="logits:equivariant",
        definition="periodic",
        domain="signals",
    )
    for row in result.rows:
        assert row.verdict == "not resolved", row
    lie, group = result.rows
    assert abs(lie.value) < 1e-24 * SIGNALS.square().mean() * LENGTH**2
    assert group.error is None or abs(group.error) < 1e-14


def test_amplitudes():
    """Without a bias f(-x) = -f(x) and f(a x) = a f(x); with one that is not so."""
    straight, biased = ready(circular(bias=False)), ready(circular())
    ask = {"symmetry": "gain,polarity", "output": "logits:signal", "domain": "signals"}
    assert {row.verdict for row in measure(straight, SIGNALS, **ask).rows} == {"not resolved"}
    assert "not resolved" not in {row.verdict for row in measure(biased, SIGNALS, **ask).rows}
    squared = nn.Sequential(straight, Square()).eval()
    even = measure(squared, SIGNALS, "polarity", output="logits:equivariant", domain="signals").rows[0]
    assert even.verdict == "not resolved"


class Square(nn.Module):
    """x^2, which does not see the sign."""

    def forward(self, x: Tensor) -> Tensor:
        return x.square()


def test_shifts_of_a_window_are_those_of_a_plain_loop():
    """The network sees all but 3 samples at either end."""
    net = classifier()
    result = measure(
        net, SIGNALS, "shift(3,crop)", "relative_error", "logits", domain="signals", control=False
    ).rows[0]
    windows = [net(SIGNALS[..., 3 + k : LENGTH - 3 + k]) for k in range(-3, 4)]
    errors = [(y - windows[3]).norm(dim=1) / windows[3].norm(dim=1) for y in windows]
    expected = torch.stack([e for k, e in enumerate(errors) if k != 3]).mean()
    assert result.value == pytest.approx(expected.item(), rel=1e-9)


def test_softmax_is_over_the_classes():
    net = ready(nn.Conv1d(2, 5, 3, padding=1, padding_mode="circular"))
    result = measure(net, SIGNALS, "translation_x", definition="periodic", domain="signals")
    expected = []
    for x in SIGNALS:
        f = lambda z: net(z[None])[0].softmax(0)
        out, pushed = jvp(f, x, moved(x, "periodic"))
        expected.append((pushed - moved(out, "periodic")).square().mean())
    assert result.rows[0].value == pytest.approx(torch.stack(expected).mean().item(), rel=1e-9)


def test_what_is_asked_of_signals_must_fit_them():
    net = classifier()
    check_refused(
        "signals have no option 'img_size'", measure, net, SIGNALS, "gain", domain="signals", img_size=8
    )
    check_refused("unknown symmetry 'rotation'", measure, net, SIGNALS, "rotation", domain="signals")
    check_refused(
        "unknown action 'vectors'", measure, net, SIGNALS, "gain", output="logits:vectors", domain="signals"
    )
    check_refused(
        "no axis of time", measure, net, SIGNALS, "gain", output="logits:equivariant", domain="signals"
    )
    closed = {"domain": "signals", "definition": "periodic"}
    check_refused("shows a part of a larger signal", measure, net, SIGNALS, "shift(2,crop)", **closed)
    check_refused("10ms takes the sample rate", measure, net, SIGNALS, "shift(10ms)", domain="signals")
    check_refused("say domain='signals'", measure, net, SIGNALS, "translation_x")
    check_refused("is one of signals, .* say domain='signals'", measure, net, SIGNALS, "polarity,gain")
