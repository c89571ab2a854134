"""The situations, by kind: what a user brings, the same as a plain function in float64, and what must come of it."""

import functools
import sys
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


def small(out=6, seed=1):
    """A network with strides, a norm and a smooth activation."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.GELU(), nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, out),
    ).eval().requires_grad_(False)  # fmt: skip


def truth(of: Callable[[torch.Tensor], torch.Tensor] | None = None):
    """`small()` in float64, and what is made of it."""
    net = small().double()
    return net if of is None else lambda x: of(net(x))


@dataclass(frozen=True)
class Situation:
    """`words`: nothing where it is measured without a word, else part of the warning (or of the refusal)."""

    kind: str
    what: str
    make: Callable[[], Any]
    right: Callable[[], Callable] | None = truth
    words: str = ""
    options: dict = field(default_factory=dict)
    tolerance: float = 1e-3
    layers: bool = True  # whether its layers can be told apart

    @property
    def refused(self):
        """Whether there is no value to be had; a random network has one, but no right one."""
        return self.right is None

    @property
    def outcome(self):
        """In the words of the documentation."""
        if self.kind == "J" or self.kind == "P":
            return "measured, with a warning"
        if self.refused:
            return "refused"
        return "measured, with a warning" if self.words else "measured"


class Around(nn.Module):
    """A network, and a forward pass of one's own around it."""

    def __init__(self, forward, **more):
        super().__init__()
        self.net = more.pop("net", None) or small()
        self._forward = forward
        for name, value in more.items():
            setattr(self, name, value)
        self.eval()

    def forward(self, x):
        return self._forward(self, x)


class Reversed(torch.autograd.Function):
    """The identity with a backward pass of its own: gradient reversal."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return -g


def in_place(s, x):
    x.sub_(0.5).div_(0.25)
    return s.net(x)


def written(s, x):
    x[:, 0] = 0
    return s.net(x)


def doubling():
    net = small()
    return lambda x: net(x.mul_(2))


def centred(s, x):
    y = s.net(x)
    return y - y.mean(0) / 2


def inference(s, x):
    with torch.inference_mode():
        return s.net(x)


def disabled(s, x):
    torch.set_grad_enabled(False)
    return s.net(x)


def half_frozen(s, x):
    with torch.no_grad():
        a = s.net(x)
    return a + s.net(x.flip(-1))


def appended(s, x):
    s.seen.append(x.mean())
    s.last, s.counts["calls"] = x, s.counts.get("calls", 0) + 1
    return s.net(x)


def force(s, x):
    with torch.enable_grad():
        x = x.requires_grad_(True)
        return torch.autograd.grad(s.net(x).square().sum(), x)[0].mean((2, 3))


def right_force():
    net = small().double()

    def f(x):
        with torch.enable_grad():
            z = x.clone().requires_grad_(True)
            return torch.autograd.grad(net(z).square().sum(), z)[0].mean((2, 3))

    return f


def checked(s, x):
    if not (x.min() >= 0 and x.max() <= 1):
        raise ValueError("pixels lie in [0, 1]")
    return s.net(x)


def limited(s, x):
    assert len(x) <= 3, "at most three"
    return s.net(x)


def fixed(s, x):
    return s.net(x).reshape(4, 6)


def autocast(s, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return s.net(x).float()


def partly(s, x):
    return s.net(x.bfloat16()).float()


def exits(s, x):
    sys.exit(0)


Scores = namedtuple("Scores", "scores spare")


@dataclass
class Prediction:
    detail: Any


def looped(call):
    """A function of another framework: arrays in, arrays out."""
    return lambda images: np.asarray(call(torch.from_numpy(np.asarray(images))))


WEIGHTS = np.random.default_rng(0).normal(size=(3 * 16 * 16, 4)) / 30


def predict(images):
    return np.tanh(np.asarray(images, dtype=np.float64).reshape(len(images), -1) @ WEIGHTS)


def right_predict():
    weights = torch.from_numpy(WEIGHTS)
    return lambda x: torch.tanh(x.flatten(1) @ weights)


class Encoder(nn.Module):
    """What is wanted of it is a method, not its forward pass."""

    def __init__(self):
        super().__init__()
        self.net, self.drop = small(), nn.Dropout(0.5)

    def encode(self, x):
        return self.drop(self.net(x))

    def forward(self, x, scale=1.0):
        return self.encode(x) * scale


GLOBAL = Encoder()


def by_global(x):
    return GLOBAL.encode(x)


def hooked():
    net, kept = small(), {}
    net[0].register_forward_hook(lambda module, args, output: kept.__setitem__("first", output))
    return net


def normalised():
    net = small()
    net[0] = nn.utils.weight_norm(net[0])
    return net


def lazy():
    torch.manual_seed(1)
    return nn.Sequential(nn.LazyConv2d(8, 3), nn.GELU(), nn.Flatten(), nn.LazyLinear(4)).eval()


def batch_statistics():
    net = small()
    net[1] = nn.BatchNorm2d(8, track_running_stats=False)
    return net.eval()


def linear():
    torch.manual_seed(2)
    return (
        nn.Sequential(nn.Flatten(), nn.Linear(768, 32), nn.GELU(), nn.Linear(32, 6))
        .requires_grad_(False)
        .eval()
    )


def quantised():
    return torch.ao.quantization.quantize_dynamic(linear(), {nn.Linear}, dtype=torch.qint8)


def exported(batch):
    return torch.export.export(small(), (torch.rand(batch, 3, 16, 16),)).module()


def backbone_in_parallel():
    net = small()
    return nn.Sequential(nn.DataParallel(net[:5]), *net[5:]).eval()


def twice(y):
    return 2 * y


_BATCH = {"words": "depend on the other images of a batch", "right": lambda: single_statistics()}
_DIFFERENCES = {"words": "measured by central differences"}


def single_statistics():
    """The network on one image at a time, whose statistics are those of that image."""
    net = batch_statistics().double()
    return lambda x: torch.cat([net(image[None]) for image in x])


SITUATIONS = [
    Situation(
        "A",
        "the input is normalised in place",
        lambda: Around(in_place),
        lambda: lambda x: small().double()((x - 0.5) / 0.25),
    ),
    Situation(
        "A",
        "a slice of the input is overwritten",
        lambda: Around(written),
        lambda: lambda x: small().double()(torch.cat([0 * x[:, :1], x[:, 1:]], 1)),
    ),
    Situation("A", "a function writes into the input", doubling, lambda: lambda x: small().double()(2 * x)),
    Situation("B", "batch norm with the statistics of the batch", batch_statistics, **_BATCH),
    Situation(
        "B",
        "outputs are centred over the batch",
        lambda: Around(centred),
        lambda: truth(lambda y: y / 2),
        "depend on the other images of a batch",
    ),
    Situation(
        "B",
        "a batch of one has no statistics",
        lambda: nn.Sequential(nn.Flatten(), nn.BatchNorm1d(768, track_running_stats=False)).eval(),
        None,
        "takes no image by itself",
    ),
    Situation(
        "C",
        "a part is detached",
        lambda: Around(lambda s, x: s.net(x) + s.net(x).detach()),
        lambda: truth(twice),
        **_DIFFERENCES,
    ),
    Situation(
        "C",
        "a backward pass of its own",
        lambda: Around(lambda s, x: Reversed.apply(s.net(x))),
        **_DIFFERENCES,
    ),
    Situation(
        "C",
        "the input is rounded",
        lambda: Around(lambda s, x: s.net((x * 255).round() / 255)),
        tolerance=0.1,
        **_DIFFERENCES,
    ),
    Situation(
        "C",
        "a number is taken out of torch",
        lambda: Around(lambda s, x: torch.stack([s.net(i[None])[0] * float(i.mean()) for i in x])),
        lambda: lambda x: small().double()(x) * x.mean((1, 2, 3), keepdim=False)[:, None],
        **_DIFFERENCES,
    ),
    Situation(
        "C",
        "frozen under no_grad beside a branch that is not",
        lambda: Around(half_frozen),
        lambda: lambda x: small().double()(x) + small().double()(x.flip(-1)),
    ),
    Situation(
        "C", "a quantised network", quantised, lambda: linear().double(), tolerance=0.3, **_DIFFERENCES
    ),
    Situation("D", "forward under no_grad", lambda: Around(torch.no_grad()(lambda s, x: s.net(x)))),
    Situation("D", "forward under inference_mode", lambda: Around(inference)),
    Situation("D", "forward switches gradients off", lambda: Around(disabled)),
    Situation(
        "D",
        "forward takes a gradient itself",
        lambda: Around(force),
        right_force,
        words="measured by central differences",
        layers=False,
    ),
    Situation(
        "E", "checkpoint, reentrant", lambda: Around(lambda s, x: checkpoint(s.net, x, use_reentrant=True))
    ),
    Situation(
        "E",
        "checkpoint, not reentrant",
        lambda: Around(lambda s, x: checkpoint(s.net, x, use_reentrant=False)),
    ),
    Situation(
        "E",
        "checkpoint_sequential",
        lambda: Around(lambda s, x: checkpoint_sequential(s.net, 2, x, use_reentrant=False)),
    ),
    Situation("F", "DataParallel", lambda: nn.DataParallel(small()).eval()),
    Situation("F", "DataParallel around the backbone", backbone_in_parallel),
    Situation("F", "torch.compile", lambda: torch.compile(small(), backend="eager")),
    Situation("F", "torch.jit.script", lambda: torch.jit.script(small())),
    Situation("F", "torch.jit.trace", lambda: torch.jit.trace(small(), torch.rand(1, 3, 16, 16))),
    Situation("F", "the average of a training", lambda: torch.optim.swa_utils.AveragedModel(small()).eval()),
    Situation("F", "weight normalisation", normalised),
    Situation(
        "G",
        "one number an image",
        lambda: Around(lambda s, x: s.net(x)[:, 0]),
        lambda: truth(lambda y: y[:, :1]),
    ),
    Situation(
        "G",
        "squeezed: a batch of one loses its axis",
        lambda: Around(lambda s, x: s.net(x)[:, :1].squeeze()),
        lambda: truth(lambda y: y[:, :1]),
    ),
    Situation("G", "squeezed, several numbers", lambda: Around(lambda s, x: s.net(x).squeeze())),
    Situation(
        "G",
        "no axis of images",
        lambda: Around(lambda s, x: s.net(x).mean()),
        None,
        "keep the batch axis first",
    ),
    Situation(
        "H", "a method of a network in train mode", lambda: Encoder().train().encode, words="train mode"
    ),
    Situation(
        "H",
        "functools.partial of a network",
        lambda: functools.partial(Encoder().eval(), scale=2.0),
        lambda: truth(twice),
    ),
    Situation(
        "H",
        "a function around a network in half precision",
        lambda: (lambda net: lambda x: net(x))(small().half()),
        tolerance=1e-2,
    ),
    Situation("H", "a function around a global network", lambda: by_global, words="train mode"),
    Situation(
        "H",
        "an ensemble",
        lambda: (lambda nets: lambda x: sum(n(x) for n in nets))([small(), small()]),
        lambda: truth(twice),
    ),
    Situation(
        "I",
        "attributes, a list and a dict are written",
        lambda: Around(appended, seen=[], counts={}, last=None),
    ),
    Situation("I", "a hook keeps what passes", hooked),
    Situation(
        "J",
        "dropout that stays on",
        lambda: Around(lambda s, x: functional.dropout(s.net(x), 0.3, training=True)),
        None,
        "is random",
    ),
    Situation(
        "J",
        "noise of NumPy's",
        lambda: Around(lambda s, x: s.net(x) + float(np.random.default_rng().normal())),
        None,
        "is random",
    ),
    Situation("K", "autocast inside", lambda: Around(autocast), tolerance=0.1),
    Situation(
        "K",
        "a part in bfloat16 that casts by itself",
        lambda: Around(partly, net=small().bfloat16()),
        tolerance=0.1,
    ),
    Situation("L", "pixels must lie in [0, 1]", lambda: Around(checked), words="the control left out"),
    Situation("L", "at most three images at once", lambda: Around(limited)),
    Situation("N", "exported for batches of four", lambda: exported(4), words="takes 4 images at once"),
    Situation("N", "exported for single images", lambda: exported(1), words="takes 1 image at once"),
    Situation(
        "N", "a batch size written into forward", lambda: Around(fixed), words="takes 4 images at once"
    ),
    Situation("O", "arrays in, arrays out", lambda: predict, right_predict, layers=False, **_DIFFERENCES),
    Situation(
        "O",
        "arrays in, lists out",
        lambda: lambda images: predict(images).tolist(),
        right_predict,
        tolerance=1e-2,
        **_DIFFERENCES,
    ),
    Situation(
        "O",
        "a function that wants an array",
        lambda: lambda images: predict(images.astype("float64")),
        right_predict,
        **_DIFFERENCES,
    ),
    Situation("O", "a dataclass inside of a tuple", lambda: Around(lambda s, x: (Prediction(s.net(x)), 3))),
    Situation("P", "layers without weights yet", lazy, None, "filled by a first pass"),
    Situation(
        "S",
        "an output by its key",
        lambda: Around(lambda s, x: {"logits": x.mean((2, 3)), "boxes": s.net(x)}),
        options={"output": "boxes:invariant"},  # `boxes` alone are those of a detector
    ),
    Situation(
        "S",
        "an output by its path",
        lambda: Around(lambda s, x: (x.mean((2, 3)), Scores(s.net(x), None))),
        options={"output": "1.scores"},
    ),
    Situation("S", "class numbers", lambda: Around(lambda s, x: s.net(x).argmax(1)), None, "int64"),
    Situation("W", "forward calls sys.exit", lambda: Around(exits), None, "SystemExit"),
]
