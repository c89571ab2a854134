"""Three small networks, trained on handwritten digits within a minute.

A plain CNN, the same CNN trained on turned digits, and the same CNN averaged over the quarter turns of its
input: one knows nothing of rotations, one has learned them from data, one has a part of them built in.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmeter.errors import SymmeterError

PLAIN, TURNED, AVERAGED = "plain CNN", "turned in training", "C4-averaged"
EPOCHS, HELD_OUT, SIDE = 20, 500, 16


@dataclass(frozen=True)
class Digits:
    """Handwritten digits, inputs (N, 1, SIDE, SIDE) in [0, 1] and labels (N,): to train on, and held out."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor


class QuarterTurnAverage(nn.Module):
    """The mean of a network's outputs over the four quarter turns of its square input: invariant under C4."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N, N) to (B, classes)."""
        turns = torch.cat([torch.rot90(x, k, (-2, -1)) for k in range(4)])
        return self.network(turns).unflatten(0, (4, len(x))).mean(0)


def load_digits(seed: int = 0) -> Digits:
    """scikit-learn's 1797 digits of 8 x 8 pixels, enlarged to SIDE x SIDE, split at random under `seed`."""
    try:
        from sklearn import datasets
    except ImportError as error:
        raise SymmeterError("the demo needs scikit-learn: pip install 'symmeter[demo]'") from error
    bunch: Any = datasets.load_digits()
    images, labels = torch.tensor(bunch.images, dtype=torch.float32)[:, None] / 16, torch.tensor(bunch.target)
    images = functional.interpolate(images, size=(SIDE, SIDE), mode="bicubic").clamp(0, 1)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    test, train = order[:HELD_OUT], order[HELD_OUT:]
    return Digits(images[train], labels[train], images[test], labels[test])


def turn(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Each of the images (B, C, H, W) turned about its centre by a random angle of its own."""
    angle = 2 * math.pi * torch.rand(len(images), generator=generator)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([cos, -sin, zero, sin, cos, zero], 1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrix.to(images), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def cnn(width: int = 16) -> nn.Sequential:
    """Three convolutions and a linear classifier."""
    sizes = [1, width, 2 * width, 4 * width]
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * width * (SIDE // 8) ** 2, 10))


def train_digit_nets(
    seed: int = 0,
    epochs: int = EPOCHS,
    digits: Digits | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> dict[str, nn.Module]:
    """The three networks, trained alike, in eval mode; equal seeds give equal networks.

    The global random state is left as it was.
    """
    digits = digits or load_digits(seed)
    networks: dict[str, nn.Module] = {}
    with one_thread(), torch.random.fork_rng(devices=[]):
        for name in (PLAIN, TURNED, AVERAGED):
            say(f"training: {name}")
            torch.default_generator.manual_seed(seed)
            network = QuarterTurnAverage(cnn()) if name == AVERAGED else cnn()
            _train(network, digits, epochs, turn if name == TURNED else lambda x: x)
            networks[name] = network.eval()
    return networks


def _train(network: nn.Module, digits: Digits, epochs: int, augment: Callable[[Tensor], Tensor]) -> None:
    """Train for some epochs; `augment` maps images (b, 1, SIDE, SIDE) to images."""
    batch, rate = 64, 1e-2
    steps = epochs * math.ceil(len(digits.train_x) / batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(digits.train_x)).split(batch):
            loss = functional.cross_entropy(network(augment(digits.train_x[chosen])), digits.train_y[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


@contextmanager
def one_thread() -> Iterator[None]:
    """For networks this small more threads gain nothing, and on a busy machine they wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
