"""Galilean boosts: by hand, as group actions, and exact solver steps that have the symmetry while networks do not."""

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.domains.grids.boosts import BOOSTS, Boost, Boosts, Clock, parse_boosts
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.domains.grids.scalars import Masks, Scalars
from symmeter.domains.grids.vectors import Gradients, Vectors
from symmeter.errors import SymmeterError

GRID = Grid(Periodic(), padding="circular")
SIDE = 15
quiet = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")


def smooth(*shape, waves=3, seed=0):
    """Random fields (..., SIDE, SIDE) of few waves, float64."""
    generator = torch.Generator().manual_seed(seed)
    spectrum = torch.fft.rfft2(torch.randn(*shape, SIDE, SIDE, generator=generator, dtype=torch.float64))
    k = torch.fft.fftfreq(SIDE, 1 / SIDE).abs()
    spectrum[..., k > waves, :] = 0
    spectrum[..., waves + 1 :] = 0
    return torch.fft.irfft2(spectrum, s=(SIDE, SIDE))


def shifted(u, x, y):
    """u (B, 2, SIDE, SIDE) moved by x and y (B, 1, 1, 1) pixels, by its Fourier series."""
    k = torch.fft.fftfreq(SIDE, 1 / SIDE, dtype=torch.float64) * 2 * torch.pi / SIDE
    phase = torch.exp(-1j * (k * x + k[:, None] * y))
    return torch.fft.ifft2(torch.fft.fft2(u) * phase).real


class Advection(nn.Module):
    """One step of du/dt + U . grad u = nu lap u, U the mean of u, exactly: it moves with the flow that carries it."""

    def __init__(self, dt):
        super().__init__()
        self.dt = dt

    def forward(self, u):
        last = u.reshape(len(u), -1, 2, SIDE, SIDE)[:, -1]
        x, y = (self.dt * last.mean((-2, -1), keepdim=True)).split(1, 1)
        moved = shifted(last, x, y)
        k = torch.fft.fftfreq(SIDE, 1 / SIDE, dtype=torch.float64)
        decay = torch.exp(-0.02 * (k**2 + k[:, None] ** 2))
        return torch.fft.ifft2(torch.fft.fft2(moved) * decay).real


def test_a_boost_by_hand():
    """Two frames, of which the first is one step before: it moves backwards, and all of it is faster."""
    u = torch.zeros(1, 2, 2, 5, 5, dtype=torch.float64)
    u[:, :, 0, 2, 2] = 1.0
    moved, _ = Vectors(GRID).act(Boost((1.0, 0.0)), u)
    expected = torch.zeros_like(u)
    expected[:, :, 0] = 1.0
    expected[0, 0, 0, 2, 1] += 1.0
    expected[0, 1, 0, 2, 2] += 1.0
    torch.testing.assert_close(moved, expected)
    flat, _ = Vectors(GRID).act(Boost((1.0, 0.0)), u.flatten(1, 2))
    torch.testing.assert_close(flat, expected.flatten(1, 2))
    ahead, _ = Vectors(GRID, clock=Clock(after=2, step=0.5)).act(Boost((0.0, 1.0)), u[:, 1])
    assert ahead[0, 0, 3, 2] == 1 and ahead[0, 1].eq(1).all()


def test_what_else_a_boost_moves():
    boost, values = Boost((1.0, 0.0)), smooth(1, 2)
    at = lambda kind: kind(GRID, clock=Clock(after=1)).act(boost, values)[0]
    torch.testing.assert_close(at(Scalars), torch.stack([values[:, k].roll(k + 1, -1) for k in range(2)], 1))
    torch.testing.assert_close(at(Masks), values.roll(1, -1))
    torch.testing.assert_close(at(Gradients), values.roll(1, -1))
    assert Vectors().act(boost, torch.zeros(1, 4))[0].tolist() == [[1.0, 0.0, 1.0, 0.0]]


class TestBoosts(GroupContract):
    group = Boosts(0.5)
    shape = (4, 8, 8)
    parse = staticmethod(symmeter.parse_group)

    def contains(self, element):
        return max(map(abs, element.velocity)) <= 0.5


class TestBoostsAlongOneAxis(TestBoosts):
    group = Boosts(0.5, "y")

    def contains(self, element):
        across, down = element.velocity
        return across == 0 and abs(down) <= 0.5


class TestFrames(RepresentationContract):
    elements = (Boost(), Boost((1.0, 2.0)), Boost((-2.0, 1.0)))
    generators = ()
    representation = Vectors(GRID)
    example = torch.randn((2, 3, 2, 7, 7), dtype=torch.float64)

    def test_the_action_is_linear(self):
        """But for what a boost adds, which is the same for all values."""
        x, y, nothing = self.like_example(1), self.like_example(2), torch.zeros_like(self.example)
        for g in self.elements:
            both = self.moved(g, x + 2 * y) + 2 * self.moved(g, nothing)
            self.check_close(both, self.moved(g, x) + 2 * self.moved(g, y))


@pytest.mark.parametrize("kind", [Vectors, Scalars, Masks, Gradients])
@pytest.mark.parametrize("name", BOOSTS)
def test_the_derivative_is_that_of_the_flow(kind, name):
    u, t, rho = smooth(2, 4), 1e-5, kind(GRID, clock=Clock(step=0.7))
    ahead, behind = (rho.act(BOOSTS[name].exp(s), u)[0] for s in (t, -t))
    torch.testing.assert_close(
        rho.differentiate(BOOSTS[name], u), (ahead - behind) / (2 * t), atol=1e-8, rtol=1e-6
    )


@quiet
@pytest.mark.parametrize("layout", ["axis", "channels"])
def test_a_solver_that_moves_with_the_flow_is_equivariant_and_a_network_is_not(layout):
    u = smooth(6, 3, 2)
    u = u.flatten(1, 2) if layout == "channels" else u
    options = {"inputs": "vectors", "output": "logits:vectors", "padding": "circular", "time_step": 0.8}
    measured = lambda net: (
        symmeter.measure(net, u, "boost(1.5),boost_x,boost_y", elements=6, progress=False, **options).rows
    )
    assert all(row.stability < 1e-6 for row in measured(Advection(0.8).eval()))
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Flatten(1, -3), nn.Conv2d(6, 8, 3, padding=1, padding_mode="circular"), nn.Tanh(),
                          nn.Conv2d(8, 2, 3, padding=1, padding_mode="circular")).double().eval()  # fmt: skip
    assert all(row.stability > 0.1 for row in measured(plain))
    (wrong,) = symmeter.measure(Advection(0.8).eval(), u, "boost(1.5)", progress=False, elements=6,
                                **options | {"time_step": 1.6}).rows  # fmt: skip
    assert wrong.verdict != "not resolved"


@quiet
def test_a_tree_of_velocities_and_pressure():
    """Both are carried along by the flow, and only velocities gain that of the observer."""

    class Both(nn.Module):
        def forward(self, u, p):
            last = u[:, -2:]
            x, y = last.mean((-2, -1), keepdim=True).split(1, 1)
            return {"u": shifted(last, x, y), "p": shifted(p[:, -1:], x, y), "speed": last.mean((-2, -1))}

    data = {"u": smooth(6, 4), "p": smooth(6, 2, seed=1)}
    output = {"u": "vectors", "p": "depth", "speed": "vectors"}
    words = {"u": "vectors", "p": "depth"}
    found = symmeter.measure(Both().eval(), data, "boost(1)", inputs=words, output=output, padding="circular",
                             elements=4, progress=False).rows  # fmt: skip
    assert [row.verdict for row in found] == ["not resolved"] * 3
    wrong = symmeter.measure(Both().eval(), data, "boost(1)", inputs=words, output=output | {"speed": "depth"},
                             padding="circular", elements=4, progress=False).rows  # fmt: skip
    assert [row.verdict == "not resolved" for row in wrong] == [True, True, False]


def networks(count):
    """Networks with random weights, from three frames (B, 6, H, W) to one."""
    for seed in range(count):
        torch.manual_seed(seed)
        yield nn.Sequential(nn.Conv2d(6, 16, 3, padding=1, padding_mode="circular"), nn.Tanh(),
                            nn.Conv2d(16, 2, 3, padding=1, padding_mode="circular")).double().eval()  # fmt: skip


@quiet
def test_networks_that_have_learned_nothing_are_not_specific_for_boosts():
    u = smooth(12, 6)
    logs = []
    for net in networks(6):
        (row,) = symmeter.measure(net, u, "boost_x", inputs="vectors", output="logits:invariant", padding="circular",
                                  progress=False).rows  # fmt: skip
        logs.append(torch.tensor(row.specificity).log())
    assert float(torch.stack(logs).mean().exp()) == pytest.approx(1, rel=0.35)


def test_mistakes_get_one_line():
    check_refused(r"boost\(0\)", Boosts, 0.0)
    check_refused("moves frames of velocities", Boosts(1.0).bind, (2, 8))
    x = torch.rand(4, 3, 8, 8)
    check_refused("say so with inputs='vectors'", symmeter.measure, nn.Identity(), x, "boost(1)", output="logits",
                  progress=False)  # fmt: skip
    for words in (("1", "z"), ("1", "x", "y"), ()):
        with pytest.raises((ValueError, TypeError, SymmeterError)):
            parse_boosts(*words)
