"""Derivatives of what networks on lines and in space are made of, against difference quotients."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from symmeter.autodiff.forward_rules import DifferentiableRules
from symmeter.autodiff.strategies import CentralDifference, OneByOne, Tiled, Vectorised

WINDOW = torch.hann_window(8, dtype=torch.float64)
SPECTRUM = (2j * torch.arange(4, dtype=torch.float64) - 1) / 3
TURN = 0.8 * torch.eye(3, 4, dtype=torch.float64)


class Recurrent(nn.Module):
    """The sequence and the states of a net over the samples of (B, 3, L)."""

    def __init__(self, kind, **kwargs):
        super().__init__()
        self.net = kind(3, 4, batch_first=True, **kwargs)

    def forward(self, x):
        sequence, states = self.net(x.mT)
        ends = states if isinstance(states, tuple) else (states,)
        return torch.cat([sequence.flatten(1), *[h.transpose(0, 1).flatten(1) for h in ends]], 1)


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 4)

    def forward(self, x):
        h = None
        for sample in x.unbind(2):
            h = self.cell(sample, h)
        return h


def frames(x):
    """(3 B, 5, T) complex, of signals (B, 3, L)."""
    return torch.stft(x.flatten(0, 1), 8, 4, window=WINDOW, return_complex=True)


def resynthesised(x):
    own = frames(x)
    return torch.istft(own * own.abs(), 8, 4, window=WINDOW).reshape(len(x), -1)


def drawn(*norms):
    """Norms with weights, and running statistics, that are not those they begin with."""
    torch.manual_seed(0)
    for norm in norms:
        for values in (*norm.parameters(), *(b for b in norm.buffers() if b.is_floating_point())):
            nn.init.uniform_(values, 0.5, 2)
    return nn.Sequential(*norms)


def around(x):
    return F.pad(F.pad(x, (1,) * 2 * (x.ndim - 2), mode="reflect"), (1,) * 2 * (x.ndim - 2), mode="circular")


LINES = {
    "convolution": nn.Conv1d(3, 4, 3, padding=1, padding_mode="circular"),
    "strided and dilated": nn.Conv1d(3, 4, 3, 2, 2, dilation=2),
    "transposed": nn.ConvTranspose1d(3, 4, 4, 2, 1),
    "maximum": nn.MaxPool1d(2), "mean": nn.AvgPool1d(3, 2), "norm": nn.LPPool1d(2, 2),
    "adaptive": nn.AdaptiveAvgPool1d(5), "adaptive maximum": nn.AdaptiveMaxPool1d(5),
    "linear": nn.Upsample(scale_factor=1.5, mode="linear"), "nearest": nn.Upsample(scale_factor=2),
    "padding": around, "norms": nn.Sequential(nn.BatchNorm1d(3), nn.InstanceNorm1d(3), nn.GroupNorm(1, 3)),
    "groups": nn.Sequential(nn.Conv1d(3, 4, 1), drawn(nn.GroupNorm(2, 4))),
    "instances": drawn(nn.InstanceNorm1d(3, affine=True)),
    "running": drawn(nn.InstanceNorm1d(3, affine=True, track_running_stats=True)),
    "gru": Recurrent(nn.GRU, bidirectional=True), "rnn": Recurrent(nn.RNN, nonlinearity="relu"),
    "lstm": Recurrent(nn.LSTM, bidirectional=True), "two layers": Recurrent(nn.LSTM, num_layers=2),
    "cell": Cell(), "stft": lambda x: frames(x).abs().reshape(len(x), -1), "istft": resynthesised,
    "windows": lambda x: x.unfold(2, 6, 3) ** 2,
    "spectral": lambda x: torch.fft.irfft(torch.fft.rfft(x)[..., :4] * SPECTRUM, n=16),
}  # fmt: skip
VOLUMES = {
    "convolution": nn.Conv3d(3, 4, 3, padding=1, padding_mode="circular"),
    "strided": nn.Conv3d(3, 4, 3, (1, 2, 2), 1), "dilated": nn.Conv3d(3, 4, 3, padding=2, dilation=2),
    "transposed": nn.ConvTranspose3d(3, 4, 2, 2),
    "maximum": nn.MaxPool3d(2), "mean": nn.AvgPool3d(2),
    "adaptive": nn.AdaptiveAvgPool3d(2), "adaptive maximum": nn.AdaptiveMaxPool3d(2),
    "linear": nn.Upsample(scale_factor=2, mode="trilinear"), "nearest": nn.Upsample(scale_factor=2),
    "padding": around, "norms": nn.Sequential(nn.BatchNorm3d(3), nn.InstanceNorm3d(3)),
    "groups": nn.Sequential(nn.Conv3d(3, 6, 1), drawn(nn.GroupNorm(3, 6), nn.InstanceNorm3d(6, affine=True))),
    "unpooled": lambda x: F.max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2),
    "sampled": lambda x: F.grid_sample(x, F.affine_grid(TURN.expand(len(x), 3, 4), x.shape, False), align_corners=False),
}  # fmt: skip


@pytest.mark.parametrize("strategy", [Vectorised(), OneByOne(), Tiled()], ids=lambda strategy: strategy.name)
@pytest.mark.parametrize(
    ("shape", "name"), [*(((3, 16), name) for name in LINES), *(((3, 4, 4, 6), name) for name in VOLUMES)]
)
def test_forward_mode_against_difference_quotients(shape, name, strategy):
    layer = (LINES if len(shape) == 2 else VOLUMES)[name]
    if isinstance(layer, nn.Module):
        layer.double().eval().requires_grad_(False)
    random = torch.Generator().manual_seed(0)
    x, v = (torch.randn(*n, *shape, dtype=torch.float64, generator=random) for n in ((2,), (3, 2)))
    y, slow = CentralDifference(1e-6)(layer, x, v)
    value, pushed = strategy(layer, x, v)
    torch.testing.assert_close(value, y)
    torch.testing.assert_close(pushed, slow, rtol=1e-6, atol=1e-6)
    assert slow.abs().max() > 1e-3


NORMS = {
    "batch": lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
    "instance": lambda x, w, b: F.instance_norm(x, None, None, w, b),
    "layer": lambda x, w, b: F.layer_norm(x, (5,), torch.linspace(1, 2, 5).double(), None),
    "kernel of layer": lambda x, w, b: torch.layer_norm(x, (5,)),
    "kernel of batch": lambda x, w, b: torch.batch_norm(x, w, b, None, None, True, 0.1, 1e-5, False),
    "gated": lambda x, w, b: F.glu(x * w[:, None], -2),
    "hard sigmoid": lambda x, w, b: F.hardsigmoid(5 * x * w[:, None]),
    "mean pool": lambda x, w, b: F.avg_pool2d(x * w[:, None], 2).square(),
}


@pytest.mark.parametrize("name", NORMS)
def test_the_derivative_of_a_derivative_is_right(name):
    """df(v) in forward mode as a function of input, weight and bias, against difference quotients of it."""
    random = torch.Generator().manual_seed(0)
    x, v = (torch.randn(3, 4, 5, generator=random, dtype=torch.float64) for _ in range(2))
    w, b = (torch.rand(4, generator=random, dtype=torch.float64) + 0.5 for _ in range(2))

    def pushed(x, w, b):
        with DifferentiableRules():
            return torch.func.jvp(lambda z: NORMS[name](z, w, b), (x,), (v,))[1]

    arguments = tuple(one.requires_grad_() for one in (x, w, b))
    assert torch.autograd.gradcheck(pushed, arguments, eps=1e-6, atol=1e-6)
    own = pushed(*arguments)
    h = 1e-6
    quotient = (NORMS[name](x + h * v, w, b) - NORMS[name](x - h * v, w, b)) / (2 * h)
    assert torch.allclose(own, quotient, atol=1e-6)


def test_without_the_rules_torch_is_wrong_about_norms():
    """Where this fails, torch has mended its forward mode, and the rules for norms are no longer needed."""
    x = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True)
    v = torch.randn(3, 4, 5, dtype=torch.float64)
    pushed = lambda x: torch.func.jvp(lambda z: F.layer_norm(z, (5,)), (x,), (v,))[1]
    assert not torch.autograd.gradcheck(pushed, (x,), raise_exception=False)
