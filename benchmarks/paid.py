"""What a user pays: the public verbs themselves, in a fresh interpreter, in forward passes of the same samples.

    python benchmarks/paid.py [--networks NAME ...] [--cases NAME ...] [--images N] [--store]

`all told` is the first call in the process, with the first look, verification and floor; `alone` is what a sample costs
beyond those: a call on a quarter of the samples is subtracted from a second call on all. The unit is a plain forward
pass of the same samples in batches of 8 without gradients, timed before and after each call.

`--quick` measures small networks and fails where `all told` is 15 % above what ratios.json holds for this kind of
machine, in the best of three runs; `--store` writes what was found there.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from grids import KINDS
from torch import Tensor, nn

import symmeter

BATCH = 8
STORED = Path(__file__).with_name("ratios.json")
LIMIT, TRIES, FEW = 1.15, 3, 8
PLANE = (
    "resnet50",
    "vit_small_patch16_224",
    "convnext_tiny",
    "swin_tiny_patch4_window7_224",
    "mobilenetv3_large_100",
    "mixer_b16_224",
)
# Of the nine affine generators: how x' and y' change with x, y and 1.
_MATRICES = torch.tensor(
    [
        [[0, 0, 1], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 1]],
        [[0, -1, 0], [1, 0, 0]],
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [0, 0, 0]],
        [[0, 0, 0], [1, 0, 0]],
        [[1, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 1, 0]],
        [[1, 0, 0], [0, -1, 0]],
    ],
    dtype=torch.float32,
)


class Messages(nn.Module):
    """An invariant network on clouds of points: three rounds of messages along all pairs of their distances."""

    def __init__(self, width: int = 64):
        super().__init__()
        self.start = nn.Parameter(torch.randn(width))
        self.edges = nn.ModuleList(
            nn.Sequential(nn.Linear(16, width), nn.SiLU(), nn.Linear(width, width)) for _ in range(3)
        )
        self.nodes = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)) for _ in range(3)
        )
        self.head = nn.Linear(width, 8)

    def forward(self, points: Tensor) -> Tensor:
        """(B, 8) of points (B, N, 3)."""
        squares = (points[:, :, None] - points[:, None]).square().sum(-1, keepdim=True)
        radial = torch.exp(-(squares - torch.linspace(0, 4, 16)).square())
        h = self.start.expand(*points.shape[:2], -1)
        for edges, nodes in zip(self.edges, self.nodes, strict=True):
            h = h + nodes((edges(radial) * h[:, None]).mean(2))
        return self.head(h.mean(1))


@dataclass(frozen=True)
class Task:
    """A network with samples, and the symmetries of its kind of data."""

    net: nn.Module
    samples: Tensor
    symmetry: str
    domain: str = "images"

    @staticmethod
    def named(name: str, count: int) -> "Task":
        """A model of timm, or the network of grids.py for a kind of data, or one on points; so many samples."""
        torch.manual_seed(0)
        if name == "graph":
            return Task(Messages().eval(), torch.randn(count, 64, 3), "rotation,translation", "points")
        if name in KINDS:
            kind = KINDS[name]
            samples = torch.randn(count, 1, *kind.sizes)
            return Task(kind.network(), samples, ",".join(kind.generators), kind.domain)
        net: Any = timm.create_model(name, pretrained=False).eval()
        head = net.get_classifier()
        if not head.weight.any():  # a network whose output is always the same is not what a user has
            nn.init.trunc_normal_(head.weight, std=0.02)
        return Task(net, torch.randn(count, 3, 224, 224), "affine")

    def first(self, count: int) -> "Task":
        """The same with fewer samples."""
        return replace(self, samples=self.samples[:count])

    @torch.no_grad()
    def forward(self) -> None:
        """A plain pass."""
        for part in self.samples.split(BATCH):
            self.net(part)

    def measure(self, control: str, more: str = "") -> object:
        """The public verb, at its defaults."""
        return symmeter.measure(
            self.net,
            self.samples,
            self.symmetry + more,
            domain=self.domain,
            control=control,
            progress=False,
            output="softmax" if self.domain == "images" else "logits:invariant",
        )

    def attribute(self, probes: int) -> object:
        """The public verb of layers, without control."""
        return symmeter.attribute(
            self.net, self.samples, self.symmetry, probes=probes, control=False, progress=False
        )

    def reference(self) -> None:
        """As public code has it: one generator after the other, bilinear, by two backward passes."""
        for part in self.samples.split(BATCH):
            for matrix in _MATRICES:
                t = torch.zeros(len(part), requires_grad=True)
                maps = torch.eye(2, 3) + t[:, None, None] * matrix
                grid = F.affine_grid(maps, list(part.shape), align_corners=False)
                y = self.net(F.grid_sample(part, grid, align_corners=False)).softmax(1)
                u = torch.zeros_like(y, requires_grad=True)
                (slope,) = torch.autograd.grad(y, t, u, create_graph=True)
                torch.autograd.grad(slope.sum(), u)


CASES: dict[str, Callable[[Task], object]] = {
    "none": lambda task: task.measure("none"),
    "stability": lambda task: task.measure("stability"),
    "both": lambda task: task.measure("both"),
    "colours": lambda task: task.measure("none", ",colour"),
    "layers": lambda task: task.attribute(0),
    "norms": lambda task: task.attribute(16),
    "reference": Task.reference,
}
QUICK = (("resnet18", "none"), ("resnet18", "both"), ("resnet18", "layers"), ("1-D", "none"))


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paid(name: str, case: str, count: int) -> tuple[float, float]:
    """(all told, alone) in forward passes, in this interpreter; alone is not asked for where there are few samples."""
    warnings.simplefilter("ignore")
    task = Task.named(name, count)
    few, run = task.first(count // 4), CASES[case]
    task.forward()
    units, passes = [forward_seconds(task)], []
    runs = (lambda: run(task), lambda: run(few), lambda: run(task))
    for work in runs if count > FEW else runs[:1]:
        spent = seconds(work)
        units.append(forward_seconds(task))
        # The speed of a machine drifts from minute to minute: a call is held against what is right beside it.
        passes.append(2 * spent / (units[-2] + units[-1]))
    alone = (passes[2] - passes[1]) / (1 - (count // 4) / count) if count > FEW else math.nan
    return passes[0], alone


def forward_seconds(task: Task) -> float:
    """Of a plain pass: the median of three."""
    return statistics.median(seconds(task.forward) for _ in range(3))


def in_fresh(name: str, case: str, count: int) -> tuple[float, float]:
    """The same in a fresh interpreter."""
    command = [sys.executable, __file__, "--here", name, case, str(count)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    told, alone = map(float, out.split())
    return told, alone


def machine() -> str:
    """The kind of this machine, for which ratios are stored."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{next(iter(names), platform.machine())}, {os.cpu_count()} cores"


def guard(count: int, store: bool) -> int:
    """Small networks against the ratios that are stored for this kind of machine; the exit code."""
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    known, failed = stored.setdefault(machine(), {}), 0
    for name, case in QUICK:
        limit = LIMIT * known.get(f"{name} {case}", math.inf)
        best = math.inf
        for _ in range(TRIES):
            best = min(best, in_fresh(name, case, count)[0])
            if best <= limit and not store:
                break
        failed += best > limit
        said = f"stored {limit / LIMIT:.1f}" if limit < math.inf else "nothing stored for this machine"
        print(
            f"{name:12s}{case:12s}{best:8.1f} passes, {said}{'  ABOVE' if best > limit else ''}", flush=True
        )
        known[f"{name} {case}"] = round(best, 2)
    if store:
        STORED.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n")
        return 0
    return int(failed > 0)


def table(networks: Sequence[str], cases: Sequence[str], count: int) -> None:
    """A line for each network and case."""
    print(f"{'network':32s}{'case':12s}{'samples':>8s}{'all told':>10s}{'alone':>8s}", flush=True)
    for name in networks:
        for case in cases:
            told, alone = in_fresh(name, case, count)
            print(f"{name:32s}{case:12s}{count:8d}{told:10.1f}{alone:8.1f}", flush=True)


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--networks", nargs="+", default=(*PLANE, "1-D", "3-D", "graph"))
    parser.add_argument("--cases", nargs="+", default=("none", "stability", "both"), choices=CASES)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--quick", action="store_true", help="small networks, against what is stored")
    parser.add_argument(
        "--store", action="store_true", help="with --quick: write what was found to ratios.json"
    )
    parser.add_argument("--here", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        name, case, count = options.here
        print(*paid(name, case, int(count)))
        return 0
    if options.quick:
        return guard(FEW, options.store)
    table(options.networks, options.cases, options.images)
    return 0


if __name__ == "__main__":
    sys.exit(main())
