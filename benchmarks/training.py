"""What a step of training costs with the penalty beside one without, and how far draws of the penalty scatter.

A step is forward, loss, backward. With the penalty, its pass of forward mode serves the loss too (`return_output`);
`apart`: the loss has a pass of its own beside it. All ratios are inside one run, the least of several turns of each.

The scatter is the standard deviation of a draw over its mean, on one batch, for four ways to choose the direction:
random signs of all generators, or one generator at random; for every sample, or for the batch.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

import symmeter
from symmeter.demo.networks import cnn
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.training.estimates import signs
from symmeter.training.samples import Meant

SMALL = {"demo CNN": (cnn, (64, 1, 16, 16))}
LARGE = {
    "ResNet-18": (lambda: timm.create_model("resnet18"), (8, 3, 96, 96)),
    "ViT-Ti/16": (lambda: timm.create_model("vit_tiny_patch16_224", img_size=96), (8, 3, 96, 96)),
}
SYMMETRIES = ("rotation", "affine", "C4")
SCATTERED = ("translation", "translation,rotation", "affine")
DRAWS = 400


def seconds(run: Callable[[], object]) -> float:
    """Of one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def steps(network: nn.Module, x: Tensor) -> dict[str, Callable[[], object]]:
    """A step of training by what it has, for inputs x (B, C, H, W)."""
    labels = torch.arange(len(x)) % 10

    def step(symmetry: str = "", apart: bool = False) -> None:
        network.zero_grad()
        term: Tensor | float = 0.0
        if symmetry and not apart:
            term, scores = symmeter.penalty(network, x, symmetry, return_output=True)
        else:
            scores = network(x)
            term = symmeter.penalty(network, x, symmetry) if symmetry else 0.0
        (functional.cross_entropy(scores, labels) + term).backward()

    found: dict[str, Callable[[], object]] = {"plain": step}
    for symmetry in SYMMETRIES:
        found[symmetry] = lambda symmetry=symmetry: step(symmetry)
    return found | {"rotation, apart": lambda: step("rotation", apart=True)}


def costs(network: nn.Module, x: Tensor, turns: int) -> dict[str, float]:
    """The cost of each step over that of the plain one."""
    runs = steps(network.train(), x)
    times = {name: [seconds(run)] for name, run in runs.items()}  # the first warms up
    for _ in range(turns):
        for name, run in runs.items():
            times[name].append(seconds(run))
    least = {name: min(own[1:]) for name, own in times.items()}
    return {name: own / least["plain"] for name, own in least.items() if name != "plain"}


def scatter(network: nn.Module, x: Tensor, symmetry: str) -> dict[str, float]:
    """The relative standard deviation of a draw, by how its direction is chosen, for inputs x (B, C, H, W)."""
    samples = Meant(symmetry, "softmax").of(network, x)
    generators = samples.plan.symmetry.generators
    f = lambda z: network(z).softmax(1)
    _, found = lie_derivative(f, x, generators, samples.rho_in(), Trivial())
    found = found.detach().double()  # (T, B, classes)
    count, batch, random = len(generators), len(x), torch.Generator().manual_seed(0)
    one = lambda n: count**0.5 * functional.one_hot(torch.randint(count, (n,), generator=random), count).T
    ways = {
        "signs, each sample": lambda: signs(count, batch, random),
        "signs, batch": lambda: signs(count, 1, random).expand(-1, batch),
        "one, each sample": lambda: one(batch),
        "one, batch": lambda: one(1).expand(-1, batch),
    }
    value = lambda c: float(torch.einsum("tbm,tb->bm", found, c.double()).square().mean())
    truth = float(found.square().mean((1, 2)).sum())
    return {name: statistics.stdev(value(way()) for _ in range(DRAWS)) / truth for name, way in ways.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest network, few turns")
    parser.add_argument("--turns", type=int, default=10)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    networks = SMALL if options.quick else SMALL | LARGE
    for name, (build, shape) in networks.items():
        found = costs(build(), torch.rand(shape), 3 if options.quick else options.turns)
        print(
            f"{name:10s} a step over a plain one: " + ", ".join(f"{k} {v:.2f}" for k, v in found.items()),
            flush=True,
        )
    network, x = cnn().eval(), torch.rand(64, 1, 16, 16)
    for symmetry in SCATTERED:
        words = ", ".join(f"{k} {v:.3f}" for k, v in scatter(network, x, symmetry).items())
        print(f"scatter of {symmetry}: {words}", flush=True)


if __name__ == "__main__":
    main()
