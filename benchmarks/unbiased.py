"""Are estimates from sampled elements unbiased, and do their standard errors over elements say how far they scatter?

The truth is the whole finite group (24 elements); estimates are from N of them, drawn with replacement, over many
seeds. One row a measure, group and kernel of rho_out: mean - truth in standard errors of the mean over seeds (and as a
share of the truth), and the root mean square of the stated standard errors over the spread.

    python benchmarks/unbiased.py [--quick] [--seeds 100] [--counts 4,10,24]
"""

import argparse
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.kinds_of_data import parse_group
from symmeter.symmetry.representations.linear import Matrices
from symmeter.symmetry.representations.trivial import Trivial

CLASSES, IMAGES = 24, 5
DISTANCES = ("cosine", "euclidean", "l2", "kl", "js", "01")
VECTORS = ",".join(["twirled_variance", "consistency", *(f"geed({name})" for name in DISTANCES)])
MAPS = "geed(channelwise)"


@dataclass(frozen=True)
class Case:
    """A group, how it acts on outputs, and a network with images."""

    group: str
    kernel: str
    rho: Any
    net: nn.Module
    images: Tensor
    measures: str


@dataclass(frozen=True)
class Found:
    """Over seeds: how far the mean is from the truth, in its standard errors, and stated error over spread."""

    measure: str
    group: str
    kernel: str
    count: int
    bias: float
    relative_bias: float
    error_over_spread: float


class Probabilities(nn.Module):
    """Scores that are neither flat nor certain."""

    def __init__(self, entries: int, gain: float):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(entries, 32), nn.Tanh(), nn.Linear(32, CLASSES))
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        return (self.gain * self.net(x)).softmax(1)


def permuting(places: Callable[[Any], Sequence[int]]) -> Matrices:
    """Classes permuted: class i goes to places(g)[i]."""
    known: dict[Any, Tensor] = {}

    def matrix(g: Any) -> Tensor:
        if g not in known:
            known[g] = torch.eye(CLASSES)[list(places(g))].T
        return known[g]

    return Matrices(matrix)


def _step(g: Any) -> int:
    return round(g.turn[0] / 15)


def _swapped(swap: bool) -> list[int]:
    return [i ^ 1 for i in range(CLASSES)] if swap else list(range(CLASSES))


def _odd(g: Any) -> bool:
    return sum(a > b for i, a in enumerate(g.images) for b in g.images[i:]) % 2 == 1


def _places_of(group: str) -> Callable[[Any], list[int]]:
    """Left multiplication: where g sends every element of the group."""
    elements = parse_group(group).bind((3, 8, 8) if group[0] != "S" else (4, 3)).enumerate()

    def places(g: Any) -> list[int]:
        products = [g @ h for h in elements]
        return [next(i for i, k in enumerate(elements) if (p @ k.inverse()).is_identity) for p in products]

    return places


def cases() -> Iterator[Case]:
    """Three groups of 24 elements, each with the whole group, half of it and the identity as kernel."""
    torch.manual_seed(0)
    images, points = torch.rand(IMAGES, 3, 8, 8), torch.randn(IMAGES, 4, 3)
    halves = {"C24": lambda g: _step(g) % 2 == 1, "D12": lambda g: g.turn[2], "S4": _odd}
    for group, half in halves.items():
        data = points if group == "S4" else images
        net = Probabilities(data[0].numel(), 4.0)
        for kernel, rho in (
            ("full", Trivial()),
            ("partial", permuting(lambda g, half=half: _swapped(half(g)))),
            ("trivial", permuting(_places_of(group))),
        ):
            yield Case(group, kernel, rho, net.eval(), data, VECTORS)
    maps = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Conv2d(4, 3, 3)).eval()
    yield Case("C24", "full", Trivial(), maps, images, MAPS)
    swap = Matrices(lambda g: torch.eye(3)[[1, 0, 2]] if _step(g) % 2 else torch.eye(3))
    yield Case("C24", "partial", swap, maps, images, MAPS)


def rows(case: Case, elements: int | None = None, seed: int = 0) -> dict[str, Any]:
    """Rows by measure."""
    group = parse_group(case.group)
    symmetry = symmeter.Symmetry(case.group, groups=(group,), rho_out=case.rho)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SymmeterWarning)
        result = symmeter.measure(
            case.net, case.images, symmetry, case.measures, "logits", elements=elements, seed=seed,
            control=False, progress=False,
        )  # fmt: skip
    return {row.measure: row for row in result.rows}


def check(case: Case, counts: Sequence[int], seeds: int) -> Iterator[Found]:
    """One line a measure and number of elements."""
    whole = rows(case)
    for count in counts:
        drawn = [sampled(case, count, seed) for seed in range(seeds)]
        for name, true in whole.items():
            values = np.array([one[name].error for one in drawn])
            errors = np.array([one[name].element_standard_error or np.nan for one in drawn])
            spread = values.std(ddof=1)
            bias = values.mean() - true.error
            yield Found(
                name, case.group, case.kernel, count,
                bias / (spread / seeds**0.5) if spread else 0.0,
                bias / true.error if true.error else 0.0,
                float(np.sqrt(np.nanmean(errors**2)) / spread) if spread else 1.0,
            )  # fmt: skip


def sampled(case: Case, count: int, seed: int) -> dict[str, Any]:
    """Rows from independent draws, also where there are as many draws as elements."""
    from symmeter.measuring import orbit
    from symmeter.symmetry.groups import group as base

    def drawn(group: Any, count: int | None, seed: int, sampling: str) -> base.ElementSet:
        assert count is not None
        return base.ElementSet(group, group.sample(count, torch.Generator().manual_seed(seed)), True)

    whole, orbit.choose_elements = orbit.choose_elements, drawn
    try:
        return rows(case, count, seed)
    finally:
        orbit.choose_elements = whole


def main() -> None:
    parser = argparse.ArgumentParser(description="Are estimates from sampled elements unbiased?")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--counts", default="4,10,24")
    parser.add_argument("--quick", action="store_true", help="5 seeds")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    counts = [int(word) for word in arguments.counts.split(",")]
    seeds = 5 if arguments.quick else arguments.seeds
    print(f"{'measure':18} {'group':5} {'kernel':8} " + " ".join(f"{f'N = {n}':>24}" for n in counts))
    found = []
    for case in cases():
        own = list(check(case, counts, seeds))
        found += own
        for name in dict.fromkeys(f.measure for f in own):
            line = [f for f in own if f.measure == name]
            cells = [f"{f.bias:+5.1f} ({f.relative_bias:+6.1%}) {f.error_over_spread:5.2f}" for f in line]
            head = f"{name:18} {case.group:5} {case.kernel:8}"
            print(head, *(f"{cell:>24}" for cell in cells), flush=True)
    biases = np.array([f.bias for f in found])
    beyond, size = np.mean(abs(biases) > 2), np.sqrt(np.mean(biases**2))
    print(f"beyond two standard errors: {beyond:.1%} of {len(found)}; root mean square {size:.2f}")
    for n in counts:
        ratios = [f.error_over_spread for f in found if f.count == n]
        low, median, high = min(ratios), np.median(ratios), max(ratios)
        print(f"N = {n}: stated error / spread, median {median:.2f}, {low:.2f} to {high:.2f}")


if __name__ == "__main__":
    main()
