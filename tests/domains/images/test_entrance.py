"""How many channels a network takes: read off the first convolution that a pass meets, whatever stands first in the code."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import symmeter.domains.images.entrance as entrances
from symmeter.domains.images.entrance import Entrance, entrance


class Written(nn.Module):
    """A module with this forward; `parts` in this order."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


def head_first():
    net = Written(
        lambda m, x: m.head(m.stem(x - m.mean)), head=nn.Conv2d(64, 10, 1), stem=nn.Conv2d(4, 64, 3)
    )
    net.register_buffer("mean", torch.rand(4, 1, 1))
    return net


def unfolded():
    """Patches by a linear map; the convolution behind it takes features."""
    patches = lambda x: F.unfold(x, 8, stride=8).mT
    forward = lambda m, x: m.conv(m.embed(patches(x)).mT.unflatten(2, (8, 8)))
    return Written(forward, conv=nn.Conv2d(6, 6, 3), embed=nn.Linear(4 * 64, 6))


class OwnConvolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(8, 7, 3, 3))

    def forward(self, x):
        return F.conv2d(x, self.weight)


TOLD = {
    "in a row": (lambda: nn.Sequential(nn.Conv2d(13, 8, 3)), 13),
    "head before stem": (head_first, 4),
    "an autoencoder, decoder first": (
        lambda: Written(lambda m, x: m.decode(m.encode(x)), decode=nn.ConvTranspose2d(16, 5, 2, 2),
                        encode=nn.Conv2d(5, 16, 3)), 5),
    "groups": (lambda: nn.Sequential(nn.Conv2d(6, 12, 3, groups=6)), 6),
    "transposed": (lambda: nn.Sequential(nn.ConvTranspose2d(6, 4, 3, groups=2)), 6),
    "space to depth": (lambda: nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(16, 8, 3), nn.Conv2d(8, 8, 3)), 4),
    "batch norm first": (lambda: nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 8, 3)), 2),
    "weights of its own": (OwnConvolution, 7),
    "spectral norm": (lambda: nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv2d(4, 8, 3))), 4),
    "wrapped": (lambda: nn.DataParallel(nn.Conv2d(4, 8, 3)), 4),
    "scripted": (lambda: torch.jit.script(nn.Sequential(nn.Conv2d(4, 8, 3))), 4),
    "a network for one row": (lambda: Written(lambda m, x: m.conv(x.squeeze(2)), conv=nn.Conv1d(2, 4, 3)), 2),
    "channels folded into images": (
        lambda: Written(lambda m, x: m.conv(x.flatten(0, 1)[:, None]), conv=nn.Conv2d(1, 4, 3)), None),
    "made gray": (lambda: Written(lambda m, x: m.conv(x.mean(1, keepdim=True)), conv=nn.Conv2d(1, 4, 3)), None),
    "linear after flatten": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)), None),
    "linear on patches": (unfolded, None),
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(8, 3), nn.Conv2d(8, 8, 3)), None),
    "no weights": (lambda: nn.AdaptiveAvgPool2d(1), None),
    "a function": (lambda: torch.relu, None),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")
@pytest.mark.parametrize("name", TOLD)
def test_channels_are_those_of_the_first_convolution_that_is_met(name):
    build, channels = TOLD[name]
    assert entrance(build()) == Entrance(channels, 2)


@pytest.mark.parametrize(("conv", "axes"), [(nn.Conv1d, 1), (nn.Conv2d, 2), (nn.Conv3d, 3)])
def test_axes_are_those_of_the_inputs(conv, axes):
    assert entrance(nn.Sequential(conv(2, 4, 3), nn.ReLU())) == Entrance(2, axes)


def test_where_no_pass_gets_anywhere_the_first_layer_that_no_other_feeds_is_believed():
    def picky(m, x):
        assert x.shape[-1] == 57
        return m.head(m.stem(x))

    net = Written(picky, head=nn.Conv2d(64, 10, 1), stem=nn.Conv2d(4, 64, 3))
    assert entrance(net) == Entrance(4)


def test_the_network_is_not_touched(capsys):
    def noisy(m, x):
        m.calls, m.last = m.calls + 1, x
        print("a forward pass")
        return m.conv(m.norm(x) + torch.rand(1))

    net = Written(noisy, norm=nn.BatchNorm2d(4), conv=nn.Conv2d(4, 8, 3)).train()
    net.calls, net.last, seen = 0, None, []
    net.register_forward_hook(lambda *_: seen.append(1))
    before, state = torch.get_rng_state(), {k: v.clone() for k, v in net.state_dict().items()}
    assert entrance(net).channels == 4
    assert torch.equal(before, torch.get_rng_state()) and capsys.readouterr() == ("", "")
    assert (net.calls, net.last, seen, net.training) == (0, None, [], True)
    assert all(torch.equal(state[k], v) and not v.is_meta for k, v in net.state_dict().items())


def test_nothing_is_computed():
    class Counted(torch.utils._python_dispatch.TorchDispatchMode):
        """Operations on tensors that hold anything."""

        count = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            held = [
                t
                for t in torch.utils._pytree.tree_leaves(args)
                if isinstance(t, torch.Tensor) and not t.is_meta
            ]
            name = func.overloadpacket.__name__
            self.count += bool(held) and name not in ("detach", "empty_like")
            return func(*args, **(kwargs or {}))

    net = nn.Sequential(nn.Conv2d(4, 512, 3), nn.Conv2d(512, 512, 3))
    with Counted() as mode:
        assert entrance(net).channels == 4
    assert mode.count == 0


TIMM = [
    "resnet18",
    "vit_tiny_patch16_224",
    "tresnet_m",
    "swin_tiny_patch4_window7_224",
    "mixer_s32_224",
    "levit_128s",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", TIMM)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_networks_of_timm(name, channels, monkeypatch):
    timm = pytest.importorskip("timm", exc_type=ImportError)
    monkeypatch.setattr(entrances, "_unmade", lambda *_: pytest.fail("no pass got to the first convolution"))
    assert entrance(timm.create_model(name, in_chans=channels)) == Entrance(channels)
