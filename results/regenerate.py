"""All results of this folder, from what can run anywhere: real weights, networks trained here, random weights of timm.

    OMP_WAIT_POLICY=PASSIVE python results/regenerate.py --store DIR [--data ../shared/data] [--executor local|ray]

Sweeps four lists of models into one store, going on where it was stopped, and writes rows.csv, findings.md and the
charts beside this file. Without --data only what needs none: random weights on the built-in photographs, and networks
for digits, trained here.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from symmeter.cli.terminal import prepare_process
from symmeter.demo.networks import load_digits, train_digit_nets
from symmeter.report.store.charts import charts, save_chart, specification
from symmeter.report.store.findings import findings
from symmeter.report.store.table import failures, tables
from symmeter.sweeps.executors.executor import REASONS, Limits
from symmeter.sweeps.store import Store
from symmeter.sweeps.sweep import sweep

HERE = Path(__file__).resolve().parent
SYMMETRY, SAMPLES = "translation,rotation", 16
NETS = """
import torch
from symmeter.demo.networks import cnn, QuarterTurnAverage


def plain():
    return cnn()


def averaged():
    return QuarterTurnAverage(cnn())
"""


def digits(folder: Path) -> tuple[list[dict], Path]:
    """The demo's networks, trained here: rows of a list, and held-out digits."""
    folder.mkdir(parents=True, exist_ok=True)
    data, code = folder / "digits.npz", folder / "nets.py"
    held_out = load_digits()
    pixels = (held_out.test_x[:, 0] * 255).round().to(torch.uint8).numpy()
    if not data.exists():
        np.savez(data, images=pixels[..., None].repeat(1, -1), labels=held_out.test_y.numpy())
        code.write_text(NETS)
        for name, network in train_digit_nets().items():
            torch.save(network.state_dict(), folder / f"{name}.pth")
    kinds = {"plain CNN": "plain", "turned in training": "plain", "C4-averaged": "averaged"}
    return [
        {"model": f"{code}:{kind}", "name": f"digits, {name}", "weights": str(folder / f"{name}.pth"), "mean": [0.0],
         "std": [1.0], "training": "supervised"}
        for name, kind in kinds.items()
    ], data  # fmt: skip


def write(store: Store) -> None:
    """All rows with their settings, findings in sentences, and charts of what was measured on photographs."""
    frame = store.frame()
    left_out = ["created", "seconds", "cell", "code"]
    frame.drop(columns=left_out).to_csv(HERE / "rows.csv", index=False, float_format="%.6g")
    found = tables(frame)
    head = f"{len(found.models)} models, {len(frame)} rows, by `regenerate.py`; all of them: [rows.csv](rows.csv)."
    lines = ["# Findings", "", head, ""]
    for metric in found.metrics:
        lines += [f"## {metric.key}", "", *(f"- {sentence}" for sentence in findings(found, metric)), ""]
    failed = [
        f"- {e['label']}: {REASONS[e['failure']]} ({e['reason']})"
        for e in failures(store.errors(), found.models)
    ]
    lines += ["## Not measured", "", *(failed or ["Nothing."]), ""]
    (HERE / "findings.md").write_text("\n".join(lines))
    (HERE / "charts").mkdir(exist_ok=True)
    for metric in found.metrics:
        values = found.values[found.values["metric"] == metric.key]
        if len(values) < 20 or metric.symmetry != "rotation":
            continue
        for name, chart in charts(metric, values).items():
            stem = f"{metric.symmetry} {name}".replace(" ", "-")
            save_chart(specification(chart) | {"width": 560}, values, HERE / "charts" / f"{stem}.svg")
    print(f"{len(found.models)} models, {len(frame)} rows")


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, metavar="DIR", help="weights and images, as in shared/data")
    parser.add_argument("--executor", default="local")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--retry-errors", action="store_true", help="do again what failed before")
    parser.add_argument("--time-limit", type=float, default=900.0)
    options = parser.parse_args()
    prepare_process()
    photos = options.data / "images" / "photos" if options.data else "builtin:photos"
    lists: list[tuple[list, str | Path]] = [([str(HERE / "timm_smallest.csv")], photos)]
    if options.data:
        lists[0][0].append(str(HERE / "trained_photos.yaml"))
        lists.append(([str(HERE / "trained_cifar10.yaml")], options.data / "images" / "cifar10" / "test.npz"))
    lists.append(digits(options.store.with_name(options.store.name + "-digits")))
    complete = True
    for models, images in lists:
        summary = sweep(
            models,
            images,
            options.store,
            SYMMETRY,
            samples=SAMPLES,
            executor=options.executor,
            jobs=options.jobs,
            limits=Limits(options.time_limit),
            retry_errors=options.retry_errors,
        )
        print(summary, flush=True)
        complete &= summary.complete
    write(Store(options.store))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
