"""What an orbit costs: the time of a run over a group, in forward passes of the same images.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/orbit.py [--quick]

Batches of 32 images, no control, six measures at once. The ratio is of the whole pass over the orbit to plain forward
passes of as many images, timed in turn; the least is 1. The last column is the share of moving the images.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import timm
import torch

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.orbit_pass import Compared
from symmeter.measuring.passes import moved
from symmeter.measuring.plan import Given, Settings, make_plan

NETWORKS = ("resnet50", "vit_small_patch16_224", "mobilenetv2_100")
GROUPS = ("C4", "D4", "shift(8)", "C8", "SO2")
MEASURES = "geed,geed(cosine),twirled_variance,relative_error,consistency,kl_consistency"


def prepared(model: torch.nn.Module, x: torch.Tensor, group: str, elements: int) -> OrbitRun:
    """A run that has looked at the model, ready for chunks."""
    settings = Settings(control=False, elements=elements, progress=False)
    plan = make_plan(model, Given(x), group, MEASURES, "softmax", settings)
    run = OrbitRun(plan, plan.open(), Grid(Bandlimited()), False, group=plan.symmetry.groups[0])
    run.orbit = run.prepared(x)
    return run


@torch.no_grad()
def ratios(run: OrbitRun, x: torch.Tensor, repetitions: int) -> tuple[float, float]:
    """(the pass over the orbit, moving the images alone) over plain forward passes, medians."""
    assert run.orbit is not None
    orbit, elements = run.orbit, run.orbit.members
    inputs = moved(run.rho_in, x)
    works: list[Callable[[], Any]] = [
        lambda: [orbit.function(x) for _ in elements],
        lambda: orbit.reduced(moved(run.rho_in, x), Compared(x)),
        lambda: [inputs(g) for g in elements],
    ]
    times = [[seconds(work) for work in works] for _ in range(repetitions)]
    whole, moving = (statistics.median(row[i] / row[0] for row in times) for i in (1, 2))
    return whole, moving


def seconds(work: Callable[[], Any]) -> float:
    """Time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one network, one repetition, 8 images")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="NAME", help="of timm")
    parser.add_argument("--groups", nargs="+", default=GROUPS, metavar="GROUP")
    parser.add_argument("--elements", type=int, default=8, help="drawn of a group that is not enumerated [8]")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    images, repetitions = (8, 1) if options.quick else (32, 3)
    print(f"{'network':24s}{'group':10s}{'elements':>9s}{'ratio':>8s}{'moving images':>16s}")
    for name in NETWORKS[-1:] if options.quick else options.networks:
        torch.manual_seed(0)
        model = timm.create_model(name, pretrained=False).eval()
        x = torch.rand(images, 3, 224, 224)
        for group in options.groups:
            run = prepared(model, x, group, options.elements)
            assert run.elements is not None
            whole, moving = ratios(run, x, repetitions)
            print(f"{name:24s}{group:10s}{run.elements.count:9d}{whole:8.2f}{moving:16.1%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
