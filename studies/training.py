"""Training of small classifiers, the same for every study; equal seeds give equal networks."""

import math
from collections.abc import Callable

import torch
from images import Images
from torch import Tensor, nn
from torch.nn import functional

from symmeter.demo.networks import one_thread

Augment = Callable[[Tensor], Tensor]
Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]  # of a network, inputs and labels


def same(x: Tensor) -> Tensor:
    """No augmentation."""
    return x


def quarter_turns(x: Tensor) -> Tensor:
    """Every image turned by a random multiple of 90 degrees."""
    return turned(x)[0]


def turned(x: Tensor) -> tuple[Tensor, Tensor]:
    """The same, and how many times 90 degrees it was."""
    turns = torch.randint(0, 4, (len(x),))
    images = [torch.rot90(image, k, (-2, -1)) for image, k in zip(x, turns.tolist(), strict=True)]
    return torch.stack(images), turns.to(x.device)


def shifted(x: Tensor) -> Tensor:
    """Every image shifted by up to two pixels either way, around the edge."""
    moves = torch.randint(-2, 3, (len(x), 2)).tolist()
    return torch.stack([image.roll(move, (-2, -1)) for image, move in zip(x, moves, strict=True)])


def classified(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The loss of a classifier."""
    return functional.cross_entropy(network(x), y)


def shifts_and_turns(x: Tensor) -> Tensor:
    """Every image turned by up to 45 degrees and shifted by up to an eighth of its side."""
    angle = (torch.rand(len(x)) - 0.5) * math.pi / 2
    shift = (torch.rand(len(x), 2) - 0.5) / 2  # of half a side
    rows = torch.stack([angle.cos(), -angle.sin(), shift[:, 0], angle.sin(), angle.cos(), shift[:, 1]], 1)
    grid = functional.affine_grid(rows.reshape(-1, 2, 3).to(x), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def trained(
    build: Callable[[], nn.Module],
    images: Images,
    seed: int,
    epochs: int,
    augment: Augment = same,
    rate: float = 1e-2,
    loss: Loss = classified,
    device: str = "cpu",
) -> nn.Module:
    """A network from `build` under a seed, trained with AdamW and one cycle of the learning rate, in eval mode.

    All chance is drawn on the CPU, so it is the same on every device.
    """
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = build().float().to(device).train()
        steps = epochs * math.ceil(len(images.train_x) / 64)
        optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=max(2, steps))
        for _ in range(epochs):
            for chosen in torch.randperm(len(images.train_x)).split(64):
                optimiser.zero_grad()
                x, y = images.train_x[chosen].to(device), images.train_y[chosen].to(device)
                loss(network, augment(x), y).backward()
                optimiser.step()
                schedule.step()
    return network.eval()


@torch.no_grad()
def logits(network: nn.Module, x: Tensor) -> Tensor:
    """What a network says, where it is."""
    device = next(network.parameters()).device
    return torch.cat([network(part.to(device)).cpu() for part in x.split(500)])


def accuracy(network: nn.Module, images: Images) -> float:
    """On the test images."""
    return float((logits(network, images.test_x).argmax(1) == images.test_y).float().mean())
