"""Cost of a Lie derivative in forward passes, per network: 8 generators, batch 8, one process, one run.

The unit is one plain forward pass of the same 8 images without gradients, timed next to it; 1 + 8 = 9 passes is
the least that forward mode can take. Memory is the rise of the process's peak, per image.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import timm
import torch
from paid import PLANE

from symmeter.autodiff.memory import peak_bytes, reuse_freed_memory
from symmeter.autodiff.strategies import OneByOne, Strategy, Tiled, Vectorised
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.models.borrowed import borrowed
from symmeter.models.pure_function import PureFunction
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial

EIGHT = [
    GENERATORS[n]
    for n in (
        "translation_x",
        "translation_y",
        "rotation",
        "scale",
        "shear_x",
        "shear_y",
        "stretch_x",
        "stretch_y",
    )
]
BATCH = 8


def fastest(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of several runs: the least disturbed by other work on the machine."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def cost(name: str, repeats: int) -> dict:
    """One network: every strategy at several chunk sizes, in forward passes of the whole batch."""
    model = timm.create_model(name, pretrained=False).eval()
    x = torch.randn(BATCH, 3, 224, 224)
    rho = Grid(Bandlimited())
    row: dict = {"network": name}
    with borrowed(model):
        call = PureFunction(model, x.device, x.dtype)
        f = lambda z: call(z).softmax(1)
        f(x)
        candidates: list[tuple[Strategy, int]] = [(Vectorised(), chunk) for chunk in (1, 2, 4, 8)]
        candidates += [(OneByOne(), BATCH), (Tiled(), 2)]
        for strategy, chunk in candidates:

            def run(strategy: Strategy = strategy, chunk: int = chunk) -> None:
                for start in range(0, BATCH, chunk):
                    lie_derivative(f, x[start : start + chunk], EIGHT, rho, Trivial(), strategy=strategy)

            run()
            seconds = [fastest(lambda: f(x), 1), fastest(run, 1)]
            for _ in range(repeats - 1):  # alternate, so that both see the same machine
                seconds = [min(seconds[0], fastest(lambda: f(x), 1)), min(seconds[1], fastest(run, 1))]
            row[f"{strategy.name} {chunk}"] = seconds[1] / seconds[0]
            row["forward_s"] = min(row.get("forward_s", float("inf")), seconds[0])
    row |= memory_of(name)
    return row


def memory(name: str) -> dict:
    """Peak memory per image of a forward pass and of the derivative along 8 generators, in a process of its own."""
    x = torch.randn(1, 3, 224, 224)
    model = timm.create_model(name, pretrained=False).eval()
    with borrowed(model):
        call = PureFunction(model, x.device, x.dtype)
        f = lambda z: call(z).softmax(1)
        f(x[..., :64, :64].repeat(1, 1, 4, 4)[..., :224, :224])  # what a first call allocates for good
        found = {}
        for key, batch in (("forward_MiB", BATCH), ("derivative_MiB", BATCH)):
            images = x.repeat(batch, 1, 1, 1)
            with peak_bytes(x.device) as peak:
                if key == "forward_MiB":
                    f(images)
                else:
                    lie_derivative(f, images, EIGHT, Grid(Bandlimited()), Trivial())
                found[key] = peak() / batch / 2**20
    return found


def memory_of(name: str) -> dict:
    """`memory` in a fresh process: the peak of a process never falls."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(memory, name).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest network once")
    parser.add_argument("--networks", nargs="+", default=PLANE)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", help="write the rows to this file")
    options = parser.parse_args()
    reuse_freed_memory()
    names = ["mobilenetv3_large_100"] if options.quick else options.networks
    rows = []
    for name in names:
        row = cost(name, 1 if options.quick else options.repeats)
        rows.append(row)
        costs = {k: v for k, v in row.items() if k[-1].isdigit()}
        best = min(costs, key=costs.__getitem__)
        detail = ", ".join(f"{k}: {v:.1f}" for k, v in costs.items())
        print(
            f"{name:30s} {row['forward_s']:.3f} s a forward; best {costs[best]:.1f} ({best}); {detail}; "
            f"{row['forward_MiB']:.0f} MiB an image forward, {row['derivative_MiB']:.0f} MiB the derivative",
            flush=True,
        )
    within = sum(min(v for k, v in row.items() if k[-1].isdigit()) <= 12 for row in rows)
    print(
        f"{within} of {len(rows)} networks within 12 forward passes for 8 generators (the least possible is 9)"
    )
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
