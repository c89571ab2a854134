"""Cost of a generator on grids of one, two and three axes, in forward passes, through `symmeter.measure`.

The networks are alike: the same layers and channels, as many positions, kernels of 3 along each axis. The unit is one
forward pass of the same samples without gradients, timed next to it. What a run costs however many samples it has (a
first look, the floor in double precision) is left out: a run of a few samples is subtracted.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import symmeter

CHANNELS = 12
FEW = 4  # samples in a batch, and in the run that is subtracted


@dataclass(frozen=True)
class Kind:
    """A kind of data with its layers, the sizes of its grid, and its generators."""

    domain: str
    sizes: tuple[int, ...]
    generators: Sequence[str]
    convolution: type[nn.Module]
    pool: type[nn.Module]

    def network(self) -> nn.Module:
        """Four convolutions with norms, the third with a stride, and a head over the mean."""
        layers: list[nn.Module] = []
        before = 1
        for stride in (1, 1, 2, 1):
            layers += [
                self.convolution(before, CHANNELS, 3, padding=1, stride=stride),
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
    "1-D": Kind("signals", (13824,), ("translation_x",), nn.Conv1d, nn.AdaptiveAvgPool1d),
    "2-D": Kind("images", (117, 118), TURNS, nn.Conv2d, nn.AdaptiveAvgPool2d),
    "3-D": Kind("volumes", (24, 24, 24), IN_SPACE, nn.Conv3d, nn.AdaptiveAvgPool3d),
}


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, which other work on the machine does not add to; with OMP_NUM_THREADS=1."""
    began = time.process_time()
    work()
    return time.process_time() - began


def cost(kind: Kind, generators: Sequence[str], samples: int, repetitions: int) -> float:
    """Passes a generator beyond f(x), of the fastest of several runs of each in turn."""
    torch.manual_seed(0)
    net, x = kind.network(), torch.randn(samples + FEW, 1, *kind.sizes)
    options: dict[str, Any] = {"output": "logits", "domain": kind.domain, "control": False, "progress": False}
    run = lambda count: symmeter.measure(net, x[:count], ",".join(generators), batch_size=FEW, **options)
    works = [lambda: forward(net, x[FEW:]), lambda: run(FEW), lambda: run(len(x))]
    times = [[seconds(work) for work in works] for _ in range(repetitions + 1)]
    plain, few, whole = map(min, zip(*times[1:], strict=True))
    return ((whole - few) / plain - 1) / len(generators)


@torch.no_grad()
def forward(net: nn.Module, x: Tensor) -> Tensor:
    """One plain pass, in the same batches."""
    return torch.cat([net(part) for part in x.split(FEW)])


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few samples, one repetition")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    samples, repetitions = (4, 1) if options.quick else (16, 4)
    print(f"{'grid':6s}{'sizes':>12s}{'one generator':>16s}{'each of all':>14s}{'all':>5s}")
    for name, kind in KINDS.items():
        sizes = "x".join(map(str, kind.sizes))
        one = cost(kind, kind.generators[:1], samples, repetitions)
        each = cost(kind, kind.generators, samples, repetitions)
        print(f"{name:6s}{sizes:>12s}{one:16.2f}{each:14.2f}{len(kind.generators):5d}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
