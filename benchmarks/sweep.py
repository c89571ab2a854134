"""What a sweep costs beside the measurement, and what a store of many cells costs to resume, load and report.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/sweep.py [--quick]

Machinery: the time of a cell of a tiny network less the time of its measurement. Throughput: the same cells by one
process and by two, each with one thread. Scale: a store of synthetic cells.
"""

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from symmeter.report.store.page import report
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.sweeps.cell import packed
from symmeter.sweeps.executors.local import Local
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.plan import Spec, plan
from symmeter.sweeps.store import Store
from symmeter.sweeps.sweep import sweep
from symmeter.sweeps.work import run_cells

TINY = """
from torch import nn


def tiny(width=4):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 5))
"""


def synthetic(cell, random: np.random.Generator) -> tuple[dict, Result]:
    """A cell that nothing was measured for."""
    value = float(10 ** random.normal(-3, 0.5))
    rows = tuple(
        Row(measure="lee", symmetry=name, output="softmax", layer="", value=value, standard_error=value / 9, n=16,
            floor=1e-12, control=value * 4, selectivity=0.25, stability=0.25, unit="probability^2",
            direction="lower = more symmetric", definition="bandlimited", verdict="stable")
        for name in ("translation_x", "translation_y", "rotation")
    )  # fmt: skip
    header = {"status": "complete", "definition": "bandlimited", "spec": {"seconds": 1.0}, "environment": {},
              "model": {"name": cell.entry.label, "family": "resnet", "parameters": int(random.uniform(1e6, 1e8))},
              "data": {"name": "photos", "used": 16}, "accuracy": {"top1": random.uniform(0.6, 0.9)}}  # fmt: skip
    samples = {row.symmetry: random.random(16) for row in rows}
    return cell.task(), Result(rows, header, (), samples, tuple(map(str, range(16))))


def scale(count: int, folder: Path) -> None:
    """Time to write, resume, load and report so many cells."""
    random = np.random.default_rng(0)
    entries = [Entry(f"timm:model_{i}", untrained=True) for i in range(count)]
    cells = plan(entries, "builtin:photos", Spec())
    store = Store(folder / "store", create=True)
    times = {"write": time.perf_counter()}
    for cell in cells:
        task, result = synthetic(cell, random)
        store.commit(cell.key, packed(result, task, None))
    times["load, without index"] = time.perf_counter()
    store.frame()
    times["resume"] = time.perf_counter()
    summary = run_cells(plan(entries, "builtin:photos", Spec()), store, Local)
    assert summary.skipped == count
    times["load"] = time.perf_counter()
    assert len(store.frame()) == 3 * count
    times["report"] = time.perf_counter()
    path = report(store, folder / "report.html")
    times["end"] = time.perf_counter()
    names, marks = list(times), list(times.values())
    for name, start, end in zip(names, marks, marks[1:], strict=False):
        print(
            f"{count:6d} cells  {name:22s} {end - start:8.2f} s   {1000 * (end - start) / count:6.2f} ms a cell"
        )
    print(f"{count:6d} cells  the report has {path.stat().st_size / 2**20:.1f} MiB")


def machinery(count: int, folder: Path) -> None:
    """Cells of a tiny network, one after the other."""
    code = folder / "tiny.py"
    code.write_text(TINY)
    np.savez(
        folder / "one.npz", images=np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    )
    models = [
        {"model": f"{code}:tiny", "name": str(w), "model_kwargs": {"width": w}} for w in range(2, 2 + count)
    ]
    common = {"symmetry": "rotation", "progress": False, "jobs": 1}
    sweep(models[:1], folder / "one.npz", folder / "warm", **common)
    began = time.perf_counter()
    sweep(models, folder / "one.npz", folder / "cells", **common)
    each = (time.perf_counter() - began) / count
    measured = statistics.mean(Store(folder / "cells").frame()["seconds"])
    print(f"a cell: {1000 * each:.0f} ms, of which the measurement {1000 * measured:.0f} ms, the rest "
          f"{1000 * (each - measured):.0f} ms")  # fmt: skip


def throughput(count: int, folder: Path) -> None:
    """The same cells by one process and by two."""
    row = {"model": "timm:mobilenetv3_small_050", "untrained": True}
    models = [{**row, "name": str(i), "model_kwargs": {"num_classes": 10 + i}} for i in range(count)]
    common = {"symmetry": "affine", "samples": 8, "progress": False}
    seconds = {}
    for jobs in (1, 2):
        executor = Local(jobs, threads=1)
        sweep(
            models[:jobs],
            "builtin:photos",
            folder / f"warm{jobs}",
            samples=1,
            executor=executor,
            progress=False,
        )
        began = time.perf_counter()
        sweep(
            models,
            "builtin:photos",
            folder / f"by{jobs}",
            executor=executor,
            **common,
        )
        seconds[jobs] = time.perf_counter() - began
    print(f"{count} cells: {seconds[1]:.1f} s by one process, {seconds[2]:.1f} s by two: "
          f"{seconds[1] / seconds[2]:.2f} times the throughput")  # fmt: skip


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="50 synthetic cells, 4 real ones")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        machinery(4 if options.quick else 100, Path(folder))
        throughput(2 if options.quick else 12, Path(folder))
        for count in (50,) if options.quick else (1000, 2000):
            place = Path(folder) / str(count)
            place.mkdir()
            scale(count, place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
