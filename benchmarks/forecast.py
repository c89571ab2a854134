"""The cost model of `symmeter sweep --dry-run`: measured here on cells of some networks, fitted, and written down.

    OMP_NUM_THREADS=1 python benchmarks/forecast.py [--quick] [--cells FILE] [--write]

Each cell runs in a process of its own with one thread, and its processor time counts, so that other work on the machine
disturbs little. The constants are those with the least relative error, none below 0. Printed is the error of
networks that were left out of the fit, one after the other. GPUs are extrapolated: operations there are as far from the
published peak as here from the peak that a product of large matrices reaches, and likewise for memory.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import least_squares

from symmeter.files import write_whole
from symmeter.sweeps.cell import measured_cell
from symmeter.sweeps.forecast.cost import PLACE, work_of
from symmeter.sweeps.forecast.size import size_of
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.plan import Spec, plan

NETWORKS = (
    "test_vit", "mobilenetv3_large_100", "regnetx_008", "resnet50", "efficientnet_b0", "convnext_tiny",
    "vit_tiny_patch16_224", "vit_small_patch16_224", "swin_tiny_patch4_window7_224", "resmlp_12_224",
)  # fmt: skip
SPECS = (
    Spec("translation", control="none"),
    Spec("translation,rotation,shear,stretch,gain", control="none", options={"definition": "gruver2023"}),
    Spec("rotation", control="both"),
)
DATA = "builtin:photos"
BUDGET = 1.5e10  # products of one pass of all samples together
START = (2.0, 1e-9, 3e-11, 5e-10, 3.0)  # from which the search for the constants begins
# Published peaks: 32-bit operations and bytes of memory, each a second, from the makers' data sheets.
GPUS = {
    "NVIDIA A100 80GB": (19.5e12, 2.04e12, "NVIDIA A100 data sheet: 19.5 TFLOPS FP32, 2,039 GB/s"),
    "NVIDIA H200": (67e12, 4.8e12, "NVIDIA H200 data sheet: 67 TFLOPS FP32, 4.8 TB/s"),
}


def timed(task: dict) -> float:
    """Processor seconds of one cell in this process, which was made for it."""
    torch.set_num_threads(1)
    began = time.process_time()
    measured_cell(task)
    return time.process_time() - began


def cells(names: tuple[str, ...], known: list[dict]) -> Iterator[dict]:
    """What some networks cost, one row per cell that is not known."""
    done = {(row["network"], row["spec"]) for row in known}
    for name in names:
        entry = Entry(f"timm:{name}", untrained=True)
        size = size_of(entry)
        assert size is not None, name
        for i, spec in enumerate(SPECS):
            if (name, spec.symmetry) in done:
                continue
            samples = int(np.clip(BUDGET / size.macs, 2, 16)) // (1 + (i == 1)) or 1
            (cell,) = plan([entry], DATA, Spec(**{**asdict(spec), "samples": samples}))
            with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
                seconds = pool.submit(timed, cell.task()).result()
            work = work_of(spec, DATA, samples)
            row = {"network": name, "spec": spec.symmetry, "seconds": seconds, **asdict(size), **asdict(work)}
            print(f"{name:30s} {spec.symmetry[:24]:24s} {samples:3d} samples {seconds:7.2f} s", flush=True)
            yield row


def design(rows: list[dict], samples: float) -> np.ndarray:
    """(cells, 4): what each constant is multiplied by."""
    passes = [(row["samples"] + samples) * row["passes"] for row in rows]
    return np.array([
        [1.0, row["parameters"], n * row["macs"], n * row["moved"]] for row, n in zip(rows, passes, strict=True)
    ])  # fmt: skip


def fitted(rows: list[dict]) -> tuple[np.ndarray, float]:
    """The constants (4,) and `samples`, none below 0, with the least error on a logarithmic scale."""
    seconds = np.array([row["seconds"] for row in rows])

    def off(logarithms: np.ndarray) -> np.ndarray:
        *constants, samples = np.exp(logarithms)
        return np.log(design(rows, samples) @ constants / seconds)

    found = np.exp(least_squares(off, np.log(START), loss="soft_l1").x)
    return found[:4], float(found[4])


def left_out(rows: list[dict]) -> np.ndarray:
    """(cells,) predicted over measured seconds, of each network by the fit to all others."""
    ratios = []
    for name in dict.fromkeys(row["network"] for row in rows):
        constants, samples = fitted([row for row in rows if row["network"] != name])
        own = [row for row in rows if row["network"] == name]
        ratios += list(design(own, samples) @ constants / np.array([row["seconds"] for row in own]))
    return np.array(ratios)


def how_well(rows: list[dict]) -> dict[str, float]:
    """By which factors the predictions for networks that were left out are off."""
    factors = np.exp(np.abs(np.log(left_out(rows))))
    nine_in_ten = np.quantile(factors, 0.9)
    found = {
        "typical_factor": np.median(factors), "nine_in_ten_within": nine_in_ten, "worst_factor": factors.max()
    }  # fmt: skip
    counts = {"cells": len(rows), "networks": len({row["network"] for row in rows})}
    return counts | {name: round(float(factor), 2) for name, factor in found.items()}


def peaks() -> tuple[float, float]:
    """32-bit operations a second of a product of large matrices in one thread, and bytes a second of a copy."""
    torch.set_num_threads(1)
    a, big = torch.rand(1536, 1536), torch.rand(2**26)
    best = {"operations": 0.0, "bytes": 0.0}
    for _ in range(5):
        began = time.process_time()
        torch.matmul(a, a)
        best["operations"] = max(best["operations"], 2 * 1536**3 / (time.process_time() - began))
        began = time.process_time()
        big.clone()
        best["bytes"] = max(best["bytes"], 2 * 4 * len(big) / (time.process_time() - began))
    return best["operations"], best["bytes"]


def devices(constants: np.ndarray, samples: float, processor: str) -> list[dict]:
    """This core, and what published peaks make of it for GPUs."""
    start, parameter, mac, number = map(float, constants)
    operations, moved = peaks()
    reached = f"measured: product of matrices {operations / 1e9:.0f} GFLOPS, copy {moved / 1e9:.1f} GB/s"
    core = {"name": f"one core ({processor})", "start": start, "parameter": parameter, "samples": samples}
    core |= {"mac": mac, "number": number, "measured": True, "source": reached}
    found = [core]
    for name, (peak, bandwidth, source) in GPUS.items():
        scaled = {"mac": mac * operations / peak, "number": number * moved / bandwidth}
        found.append({**core, **scaled, "name": name, "measured": False, "source": source})
    return found


def processor_name() -> str:
    """What this machine calls its processor."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="four small networks, nothing is written")
    parser.add_argument(
        "--cells", type=Path, metavar="FILE", help="keep measured cells there, and do not measure them again"
    )
    parser.add_argument("--write", action="store_true", help="write the constants into the package")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows = json.loads(options.cells.read_text()) if options.cells and options.cells.is_file() else []
    for row in cells(NETWORKS[:4] if options.quick else NETWORKS, rows):
        rows.append(row)
        if options.cells:
            write_whole(options.cells, json.dumps(rows))
    constants, samples = fitted(rows)
    told = how_well(rows)
    print(f"start {constants[0]:.2f} s, {constants[1] * 1e9:.2f} s per 10^9 parameters, {samples:g} samples beside, "
          f"{constants[2] * 1e9:.4f} s per 10^9 products, {constants[3] * 1e9:.3f} s per 10^9 numbers")  # fmt: skip
    print(f"left out, one network after the other: {told}")
    if options.write:
        made = {"command": "python benchmarks/forecast.py --write", "date": date.today().isoformat(),
                "left_out": told, "devices": devices(constants, samples, processor_name())}  # fmt: skip
        write_whole(PLACE, json.dumps(made, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
