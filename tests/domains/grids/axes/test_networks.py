"""Networks on lines and in space: their layers add up to the whole, and none is left out."""

import pytest
import torch
from tests.helpers import attribution_of
from tests.layers.test_contributions import check_sums
from torch import nn
from torch.func import jvp
from torch.nn import functional as F

from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.generators_in_space import GENERATORS_IN_SPACE
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.images.domain import Images
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial

NeverCalled = nn.modules.linear.NonDynamicallyQuantizableLinear  # attention uses its weights alone
IN_TIME = [GENERATORS["translation_x"], GENERATORS["stretch_x"]]
IN_SPACE = [GENERATORS_IN_SPACE[name] for name in ("translation_z", "translation_x", "rotation_y", "scale")]


class Gridded(Images):
    """Grids of any number of axes."""

    def __init__(self, axes):
        super().__init__()
        self.axes = axes

    def tracker(self, x):
        return AxisTracker(x, Grid(Bandlimited(), axes=self.axes))


def line(axes=1):
    return Grid(Bandlimited(), axes=axes)


def attributed(net, x, generators, rho_out=None):
    """(L_X f, contributions, attribution) of a network on a grid, all of whose modules must have a row."""
    axes = x.ndim - 2
    grid, rho_out = Grid(Bandlimited(), axes=axes), rho_out or Trivial()
    net = net.double().eval().requires_grad_(False)
    _, derivative = lie_derivative(net, x, generators, grid, rho_out)
    derivative = derivative.detach()
    attribution = attribution_of(net, x, generators, rho_out, Gridded(axes), rho_in=grid)
    found = attribution(x, derivative, 0, 0)
    check_sums(derivative, found, attribution)
    assert not attribution.tree.folded
    rows = {part.layer for part in attribution.tree.parts}
    called = {name for name, module in net.named_modules() if not isinstance(module, NeverCalled)}
    assert called <= rows
    return derivative, found, attribution


def contribution(found, attribution, layer):
    """(T, B) of one layer."""
    (row,) = [i for i, part in enumerate(attribution.tree.parts) if part.layer == layer]
    return found.values[:, row]


def by_definition(stages, x, generators, derivative):
    """Contributions (T, stages, B) of functions, each with how its output moves, that follow upon one another."""
    rho, found = Grid(Bandlimited(), axes=x.ndim - 2), []
    for i, (f, rho_out) in enumerate(stages):
        y, own = lie_derivative(f, x, generators, rho, rho_out)
        after = lambda z, left=stages[i + 1 :]: _through(left, z)
        pushed = torch.stack([jvp(after, (y.detach(),), (tangent.detach(),))[1] for tangent in own])
        found.append((pushed * derivative).flatten(2).mean(2))
        x, rho = y.detach(), rho_out
    return torch.stack(found, 1)


def _through(stages, x):
    for f, _ in stages:
        x = f(x)
    return x


def noise(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def convolutions():
    return nn.Sequential(
        nn.Conv1d(2, 4, 5, stride=2, padding=2), nn.GELU(), nn.Conv1d(4, 4, 3, dilation=2, padding=2), nn.BatchNorm1d(4),
        nn.ConvTranspose1d(4, 3, 4, 2, 1), nn.Tanh(), nn.Upsample(scale_factor=2, mode="linear"), nn.AvgPool1d(2),
        nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(3, 4),
    )  # fmt: skip


def test_convolutions_on_lines_are_what_the_definition_says():
    torch.manual_seed(0)
    net, x = convolutions(), noise(3, 2, 32)
    derivative, found, attribution = attributed(net, x, IN_TIME)
    stages = [(layer, line() if i < 9 else Trivial()) for i, layer in enumerate(net)]
    expected = by_definition(stages, x, IN_TIME, derivative)
    rows = torch.stack([contribution(found, attribution, str(i)) for i in range(len(net))], 1)
    torch.testing.assert_close(rows, expected, rtol=1e-8, atol=1e-12)


class Recurrent(nn.Module):
    """Convolutions, then a net over time whose states at the end go into the head."""

    def __init__(self, kind, batch_first=True):
        super().__init__()
        self.conv, self.act = nn.Conv1d(2, 5, 5, 2, 2), nn.GELU()
        self.net = kind(5, 4, batch_first=batch_first, bidirectional=True)
        self.mix, self.head = nn.Linear(8, 6), nn.Linear(14, 3)
        self.order = (0, 2, 1) if batch_first else (2, 0, 1)
        self.time = 1 if batch_first else 0

    def states(self, h):
        sequence, ends = self.net(h.permute(self.order))
        ends = ends[0] if isinstance(ends, tuple) else ends
        return self.mix(sequence).mean(self.time), ends.transpose(0, 1).flatten(1)

    def forward(self, x):
        return self.head(torch.cat(self.states(self.act(self.conv(x))), 1))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_recurrent_nets_keep_the_axis_of_time(kind, batch_first):
    torch.manual_seed(0)
    net, x = Recurrent(kind, batch_first), noise(3, 2, 24)
    derivative, found, attribution = attributed(net, x, IN_TIME)
    together = lambda h: net.head(torch.cat(net.states(h), 1))
    stages = [(net.conv, line()), (net.act, line()), (together, Trivial())]
    expected = by_definition(stages, x, IN_TIME, derivative)
    own = [contribution(found, attribution, name) for name in ("conv", "act", "net")]
    torch.testing.assert_close(torch.stack(own[:2], 1), expected[:, :2], rtol=1e-8, atol=1e-12)
    assert (
        own[2].abs().max() > 1e-3 * expected.abs().max()
    )  # a net that starts from nothing knows where it is
    mixing = contribution(found, attribution, "mix")
    assert mixing.abs().max() < 1e-10 * expected.abs().max()


class Frames(nn.Module):
    """(B, 1, L) to the complex spectra of frames, (B, F, T)."""

    def __init__(self):
        super().__init__()
        self.register_buffer("window", torch.hann_window(16))

    def forward(self, x):
        return torch.stft(x[:, 0], 16, 4, window=self.window, return_complex=True)


class Magnitude(nn.Module):
    def forward(self, z):
        return (z.abs().square() + 1e-2).sqrt()


class Filters(nn.Module):
    """A bank of filters on frequencies, as for mel scales."""

    def __init__(self):
        super().__init__()
        self.register_buffer("bank", torch.rand(9, 6))

    def forward(self, power):
        return (power.mT @ self.bank).mT.log1p()


class Denoiser(nn.Module):
    """Masks the spectra of frames and puts the signal together again."""

    def __init__(self):
        super().__init__()
        self.frames, self.size, self.mask = Frames(), Magnitude(), nn.Conv1d(9, 9, 3, padding=1)

    def forward(self, x):
        return self.masked(self.frames(x), x.shape[-1])

    def masked(self, z, length):
        z = z * self.mask(self.size(z)).sigmoid()
        return torch.istft(z, 16, 4, window=self.frames.window, length=length)[:, None]


def both_parts(z):
    """Complex spectra (B, F, T) as channels, the real ones first, (B, 2F, T)."""
    return torch.view_as_real(z).permute(0, 3, 1, 2).flatten(1, 2)


def test_spectra_of_frames_are_a_grid_of_frames():
    torch.manual_seed(0)
    net = nn.Sequential(
        Frames(), Magnitude(), Filters(), nn.Conv1d(6, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
        nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip
    x = noise(3, 1, 48)
    derivative, found, attribution = attributed(net, x, IN_TIME)
    parts = lambda x: both_parts(net[0](x))
    magnitude = lambda z: net[1](torch.complex(*z.chunk(2, 1)))
    stages = [(parts, line()), (magnitude, line()), (net[2:], Trivial())]
    expected = by_definition(stages, x, IN_TIME, derivative)
    own = torch.stack([contribution(found, attribution, name) for name in ("0", "1")], 1)
    torch.testing.assert_close(own, expected[:, :2], rtol=1e-8, atol=1e-12)
    assert own[:, 0].abs().max() > 1e-2 * expected.abs().max()


def test_a_signal_that_is_put_together_from_frames():
    torch.manual_seed(0)
    net, x = Denoiser(), noise(2, 1, 48)
    derivative, found, attribution = attributed(net, x, IN_TIME, line())
    rest = lambda z: net.masked(torch.complex(*z.chunk(2, 1)), x.shape[-1])
    stages = [(lambda x: both_parts(net.frames(x)), line()), (rest, line())]
    expected = by_definition(stages, x, IN_TIME, derivative)
    own, whole = (contribution(found, attribution, name) for name in ("frames", ""))
    torch.testing.assert_close(torch.stack([own, whole - own], 1), expected, rtol=1e-8, atol=1e-12)
    assert own.abs().max() > 1e-2 * expected.abs().max()


class Block(nn.Module):
    """A residual block in space, with strides."""

    def __init__(self, channels, more):
        super().__init__()
        self.first, self.norm = nn.Conv3d(channels, more, 3, 2, 1), nn.BatchNorm3d(more)
        self.act, self.second = nn.ReLU(inplace=True), nn.Conv3d(more, more, 3, padding=1)
        self.beside = nn.Conv3d(channels, more, 1, 2)

    def forward(self, x):
        return self.act(self.second(self.act(self.norm(self.first(x)))) + self.beside(x))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.act, self.pool = nn.Conv3d(2, 4, 3, padding=1), nn.GELU(), nn.MaxPool3d(2)
        self.deep, self.up = nn.Conv3d(4, 4, 3, padding=1, dilation=1), nn.ConvTranspose3d(4, 3, 2, 2)
        self.larger = nn.Upsample(scale_factor=2, mode="trilinear")
        self.out = nn.Conv3d(11, 2, 1)

    def forward(self, x):
        h = self.act(self.down(x))
        low = self.deep(self.pool(h))
        return self.out(torch.cat([h, self.up(low), self.larger(low)], 1))


class Transformer(nn.Module):
    """Patches of a volume as tokens behind one for the class, with attention."""

    def __init__(self):
        super().__init__()
        self.patches, self.places = nn.Conv3d(2, 8, 2, 2), nn.Parameter(torch.rand(13, 8))
        self.attention, self.norm = nn.MultiheadAttention(8, 2, batch_first=True), nn.LayerNorm(8)
        self.mlp, self.head = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)), nn.Linear(8, 3)

    def forward(self, x):
        h = self.patches(x).flatten(2).mT
        h = torch.cat([h.new_zeros(len(h), 1, 8), h], 1) + self.places
        own = self.norm(h)
        h = h + self.attention(own, own, own, need_weights=False)[0]
        return self.head((h + self.mlp(h))[:, 0])


class Axial(nn.Module):
    """Attention along one axis of space after the other."""

    def __init__(self):
        super().__init__()
        self.lift, self.mix, self.head = nn.Conv3d(2, 4, 1), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        h = self.lift(x)
        for axis in (2, 3, 4):
            lines = h.movedim((axis, 1), (3, 4))
            rows = lines.flatten(0, 2)
            rows = self.mix(F.scaled_dot_product_attention(rows, rows, rows))
            h = rows.view(lines.shape).movedim((3, 4), (axis, 1))
        return self.head(h.mean((2, 3, 4)))


def residual():
    return nn.Sequential(Block(2, 4), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 3))


@pytest.mark.parametrize(
    ("network", "rho_out"), [(residual, None), (UNet, line(3)), (Transformer, None), (Axial, None)]
)
def test_networks_in_space_add_up_and_leave_nothing_out(network, rho_out):
    torch.manual_seed(0)
    derivative, _, _ = attributed(network(), noise(2, 2, 4, 6, 4), IN_SPACE, rho_out)
    assert derivative.abs().amax(tuple(range(1, derivative.ndim))).min() > 1e-4


def test_residual_blocks_in_space_are_what_the_definition_says():
    torch.manual_seed(0)
    net, x = residual(), noise(2, 2, 4, 6, 4)
    derivative, found, attribution = attributed(net, x, IN_SPACE)
    stages = [(net[0], line(3)), (net[1], Trivial()), (net[2:], Trivial())]
    expected = by_definition(stages, x, IN_SPACE, derivative)
    own = torch.stack([contribution(found, attribution, name) for name in ("0", "1")], 1)
    torch.testing.assert_close(own, expected[:, :2], rtol=1e-8, atol=1e-12)


class Spectral(nn.Module):
    """A layer of a neural operator: the lowest frequencies, mixed by channels."""

    def __init__(self, channels, modes, axes):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, channels, *[modes] * axes, dtype=torch.cdouble))
        self.kept = [slice(modes)] * axes

    def forward(self, x):
        dims = tuple(range(2, x.ndim))
        spectrum = torch.fft.rfftn(x, dim=dims)
        mixed = torch.zeros_like(spectrum)
        mixed[:, :, *self.kept] = torch.einsum("bi...,io...->bo...", spectrum[:, :, *self.kept], self.weight)
        return torch.fft.irfftn(mixed, s=x.shape[2:], dim=dims)


@pytest.mark.parametrize(
    ("shape", "generators"), [((2, 2, 16), IN_TIME), ((2, 2, 6, 8, 4), IN_SPACE[:2]), ((2, 2, 8, 6), IN_TIME)]
)
def test_neural_operators_come_back_from_frequencies(shape, generators):
    torch.manual_seed(0)
    axes = len(shape) - 2
    net = nn.Sequential(Spectral(2, 3, axes), nn.GELU(), Spectral(2, 2, axes))
    _, found, attribution = attributed(net, noise(*shape), generators, line(axes))
    last = contribution(found, attribution, "2")
    assert last.abs().max() > 0


class Loop(nn.Module):
    """A net over time that its forward goes through by itself, and a convolution over what it says."""

    def __init__(self):
        super().__init__()
        self.cell, self.mix = nn.GRUCell(2, 4), nn.Conv1d(4, 3, 1)

    def forward(self, x):
        h, states = x.new_zeros(len(x), 4), []
        for sample in x.unbind(2):
            h = self.cell(sample, h)
            states.append(h)
        return self.mix(torch.stack(states, 2))


def test_a_loop_over_time_is_followed_to_its_end():
    torch.manual_seed(0)
    derivative, found, attribution = attributed(Loop(), noise(2, 2, 8), IN_TIME, line())
    scale = contribution(found, attribution, "").abs().max()
    assert (
        derivative.abs().max() > 1e-3 and contribution(found, attribution, "mix").abs().max() < 1e-10 * scale
    )
