"""Training of small classifiers, the same for every study; equal seeds give equal networks."""

import math
from collections.abc import Callable

import torch
from images import Images
from torch import Tensor, nn
from torch.nn import functional

from symmeter.demo.networks import one_thread

Augment = Callable[[Tensor], Tensor]


def same(x: Tensor) -> Tensor:
    """No augmentation."""
    return x


def quarter_turns(x: Tensor) -> Tensor:
    """Every image turned by a random multiple of 90 degrees."""
    turns = torch.randint(0, 4, (len(x),))
    return torch.stack([torch.rot90(image, int(k), (-2, -1)) for image, k in zip(x, turns, strict=True)])


def trained(
    build: Callable[[], nn.Module],
    images: Images,
    seed: int,
    epochs: int,
    augment: Augment = same,
    rate: float = 3e-3,
) -> nn.Module:
    """A network from `build` under a seed, trained with AdamW and one cycle of the learning rate, in eval mode."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = build().float().train()
        steps = epochs * math.ceil(len(images.train_x) / 64)
        optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=max(2, steps))
        for _ in range(epochs):
            for chosen in torch.randperm(len(images.train_x)).split(64):
                loss = functional.cross_entropy(
                    network(augment(images.train_x[chosen])), images.train_y[chosen]
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
    return network.eval()


@torch.no_grad()
def accuracy(network: nn.Module, images: Images) -> float:
    """On the test images."""
    right = [(network(x).argmax(1) == y).float().sum() for x, y in
             zip(images.test_x.split(500), images.test_y.split(500), strict=True)]  # fmt: skip
    return float(sum(right)) / len(images.test_x)
