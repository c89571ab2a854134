"""Cost of a generator on grids of one, two and three axes, in forward passes, through `symmeter.measure`.

The networks are alike: the same layers and channels, as many positions, kernels of 3 along each axis of two or three,
and of 9 along one, which are as many taps as in the plane. The unit is one forward pass of the same samples without
gradients, timed before and after, in an allocator that keeps what is freed, as `measure` has it. What a run costs
however many samples it has (a first look, the floor in double precision) is left out: a run of a few samples is
subtracted. Of the rounds the median counts.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import symmeter
from symmeter.autodiff.memory import freed_memory_reused

CHANNELS = 12
FEW = 8  # samples in the run that is subtracted: as many as the floor is found on
BATCH = 4


@dataclass(frozen=True)
class Kind:
    """A kind of data with its layers, the sizes of its grid, and its generators."""

    domain: str
    sizes: tuple[int, ...]
    generators: Sequence[str]
    convolution: type[nn.Module]
    pool: type[nn.Module]
    taps: int = 3

    def network(self) -> nn.Module:
        """Four convolutions with norms, the third with a stride, and a head over the mean."""
        layers: list[nn.Module] = []
        before = 1
        for stride in (1, 1, 2, 1):
            layers += [
                self.convolution(before, CHANNELS, self.taps, padding=self.taps // 2, stride=stride),
                nn.GroupNorm(3, CHANNELS),
                nn.GELU(),
            ]
            before = CHANNELS
        return nn.Sequential(*layers, self.pool(1), nn.Flatten(), nn.Linear(CHANNELS, 10)).eval()


TURNS = ("translation_x", "translation_y", "rotation", "scale")
IN_SPACE = (
    "translation_x",
    "translation_y",
    "translation_z",
    "rotation_x",
    "rotation_y",
    "rotation_z",
    "scale",
)
KINDS = {
    "1-D": Kind("signals", (13824,), ("translation_x",), nn.Conv1d, nn.AdaptiveAvgPool1d, 9),
    "2-D": Kind("images", (117, 118), TURNS, nn.Conv2d, nn.AdaptiveAvgPool2d),
    "3-D": Kind("volumes", (24, 24, 24), IN_SPACE, nn.Conv3d, nn.AdaptiveAvgPool3d),
}


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, which other work on the machine does not add to; with OMP_NUM_THREADS=1."""
    began = time.process_time()
    work()
    return time.process_time() - began


@dataclass(frozen=True)
class Case:
    """A network of a kind, with samples and generators."""

    kind: Kind
    generators: Sequence[str]
    net: nn.Module
    samples: Tensor

    @staticmethod
    def of(kind: Kind, generators: Sequence[str], count: int) -> "Case":
        """With so many random samples beyond the FEW that are subtracted."""
        torch.manual_seed(0)
        return Case(kind, generators, kind.network(), torch.randn(FEW + count, 1, *kind.sizes))

    def passes(self) -> float:
        """A generator's, beyond f(x), in one round."""
        plain = [seconds(self.forward) for _ in range(3)]
        few = seconds(lambda: self.measured(FEW))
        whole = seconds(lambda: self.measured(len(self.samples)))
        plain += [seconds(self.forward) for _ in range(3)]
        return ((whole - few) / statistics.median(plain) - 1) / len(self.generators)

    @torch.no_grad()
    def forward(self) -> None:
        """One plain pass of the samples that are not subtracted, in the same batches."""
        for part in self.samples[FEW:].split(BATCH):
            self.net(part)

    def measured(self, count: int) -> object:
        """A run of the first samples."""
        options: dict[str, Any] = {
            "output": "logits",
            "domain": self.kind.domain,
            "control": False,
            "progress": False,
        }
        return symmeter.measure(
            self.net, self.samples[:count], ",".join(self.generators), batch_size=BATCH, **options
        )


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few samples, two rounds")
    parser.add_argument("--rounds", type=int, help="rounds of which the median counts (5)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    count, rounds = (4, 2) if options.quick else (32, 5)
    rounds = options.rounds or rounds
    cases = []
    for kind in KINDS.values():
        cases += [Case.of(kind, kind.generators[:1], count), Case.of(kind, kind.generators, count)]
    with freed_memory_reused():  # in turn, so that all see the same machine
        by_round = [[case.passes() for case in cases] for _ in range(rounds + 1)][1:]
    found = [statistics.median(of_case) for of_case in zip(*by_round, strict=True)]
    print(f"{'grid':6s}{'sizes':>12s}{'one generator':>16s}{'each of all':>14s}{'all':>5s}")
    for (name, kind), one, each in zip(KINDS.items(), found[::2], found[1::2], strict=True):
        sizes = "x".join(map(str, kind.sizes))
        print(f"{name:6s}{sizes:>12s}{one:16.2f}{each:14.2f}{len(kind.generators):5d}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
