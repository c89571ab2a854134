"""Stores of made-up cells: as many models as wanted, without measuring any."""

from dataclasses import replace

import numpy as np
import pandas as pd

from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.sweeps.packed import packed

LONG = (
    "/very/long/path/to/checkpoints/of/the/group/2026-11/resnet_{}/epoch_090.safetensors",
    r"C:\Users\somebody\Documents\experiments\transformer\run_{}\model_best.pth.tar",
    "hf:an-organisation-with-a-name/mixer-large-patch16-384-in22k-ft-in1k-{}",
    "timm:resnet_{}",
)
KINDS = {"resnet": 1.0, "vision_transformer": 0.7, "mlp_mixer": 0.6}


def made_up(count, seed=0, symmetries=("translation_x", "rotation"), names=None, slope=-3.0):
    """Rows of `count` models: value and stability fall with accuracy, and by kind; size has no effect of its own."""
    random = np.random.default_rng(seed)
    for i in range(count):
        family = list(KINDS)[i % 3]
        accuracy, size = random.uniform(0.6, 0.9), 10 ** random.uniform(6, 8)
        name = names[i] if names else f"timm:{family}_{i}"
        rows = tuple(
            Row(measure="lee", symmetry=symmetry, output="softmax", layer="", value=value, standard_error=value / 10,
                n=16, floor=1e-12, control=4 * value, selectivity=ratio, unit="probability^2", direction="lower = more symmetric",
                definition="bandlimited", verdict="stable", accuracy=accuracy, interval_low=0.8 * value, interval_high=1.5 * value,
                stability=ratio, stability_low=0.8 * ratio, stability_high=1.25 * ratio, stability_pairs=16,
                specificity=0.9, specificity_low=0.7, specificity_high=1.2, specificity_pairs=16, typical=value / 2)
            for symmetry in symmetries
            for value in [float(KINDS[family] * 10 ** (slope * accuracy + random.normal(0, 0.05)))]
            for ratio in [20 * value]
        )  # fmt: skip
        header = {
            "status": "complete", "definition": "bandlimited", "spec": {"seconds": 1.0, "device": "cpu", "dtype": "float32"},
            "model": {"name": name, "family": family, "parameters": int(size), "weights": "pretrained in1k"},
            "data": {"name": "photos", "used": 16}, "environment": {}, "accuracy": {"top1": accuracy},
        }  # fmt: skip
        entry = {"model": name, "name": name, "untrained": False, "tags": {"training": "supervised"}}
        task = {
            "key": f"{i:032x}",
            "entry": entry,
            "spec": {"seed": 0, "kind": "measure"},
            "data": "photos",
            "code": "1",
        }
        yield task, Result(rows, header, (f"a word about {name}",))


def zoo(count):
    """Cells as users have them: paths, tags, untrained networks, rows that are not resolved."""
    names = [LONG[i % 4].format(i) for i in range(count)]
    for i, (task, result) in enumerate(made_up(count, names=names)):
        entry = task["entry"]
        entry["tags"] |= {
            "width": ["narrow", "wide"][i % 2],
            "augmentation": ["none", "rotations up to 30 degrees", "<b>"][i % 3],
        }
        if i % 5:
            entry["tags"]["seed"] = i % 3
        change = {"verdict": "not resolved"} if i % 7 == 6 else {}
        if i % 4 == 3:
            entry |= {"untrained": True, "name": f"{names[i]}, untrained"}
            entry["tags"]["training"] = "untrained"
            change = {"stability": 1.1, "verdict": "not stable"}
        yield task, replace(result, rows=tuple(replace(row, **change) for row in result.rows))


def fill(store, cells):
    """Commit cells to a store; one file of samples serves them all."""
    for task, result in cells:
        store.commit(task["key"], packed(result, task, None))
    return store


def quick_frame(count, **kwargs):
    """The frame of such a store, without a store."""
    tables = []
    for task, result in made_up(count, **kwargs):
        entry = task["entry"]
        tables.append(result.to_pandas().assign(
            cell=task["key"], name=entry["name"], model=entry["model"], family=result.header["model"]["family"],
            parameters=result.header["model"]["parameters"], weights="pretrained in1k", fresh=False, data="photos",
            seed=0, kind="measure", created=1.0, top1=result.header["accuracy"]["top1"],
        ))  # fmt: skip
    return pd.concat(tables, ignore_index=True)
