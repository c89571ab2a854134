"""One cell, measured in this process: from a task to the files of a cell."""

import dataclasses
import hashlib
import io
import json
import time
import warnings
from collections.abc import Mapping
from typing import Any

import torch

from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.layers.attribute import attribute
from symmeter.measurement import measure
from symmeter.models import LoadedModel, load_model
from symmeter.result import Result, pandas
from symmeter.sweeps.engine import Task

HEADER, ROWS, SAMPLES, ELEMENTS = "header", "rows", "samples", "elements"
TAG = "tag_"


def measured_cell(task: Task) -> dict[str, bytes]:
    """Load, measure, and put the result into files by name: a JSON header, Parquet tables."""
    entry, spec = task["entry"], task["spec"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SymmeterWarning)
        loaded = load_model(
            entry["model"], weights=entry["weights"], model_kwargs=entry["model_kwargs"],
            untrained=entry["untrained"], seed=spec["seed"],
        )  # fmt: skip
        result = _result(loaded, task)
    notes = [str(w.message) for w in caught if issubclass(w.category, SymmeterWarning)]
    result = dataclasses.replace(result, warnings=tuple(dict.fromkeys([*notes, *result.warnings])))
    if not result.rows:
        raise SymmeterError("nothing was measured: no image could be used")
    return packed(result, task, _state_hash(loaded.model))


def _result(loaded: LoadedModel, task: Task) -> Result:
    entry, spec = task["entry"], task["spec"]
    common = {
        "symmetry": spec["symmetry"], "output": spec["output"], "definition": spec["definition"],
        "samples": spec["samples"], "seed": spec["seed"], "batch_size": task.get("batch_size"),
        "device": task.get("device"), "progress": False, "preprocessing": dict(entry["preprocessing"]),
    }  # fmt: skip
    if spec["kind"] == "layers":
        return attribute(loaded, task["data"], probes=spec["probes"], layouts=entry["layouts"] or None,
                         control=spec["control"] != "none", **common)  # fmt: skip
    return measure(
        loaded, task["data"], measure=spec["measure"], control=spec["control"], elements=spec["elements"],
        sampling=spec["sampling"], padding=spec["padding"], **common,
    )  # fmt: skip


def packed(result: Result, task: Task, state: str | None) -> dict[str, bytes]:
    """The files of a cell. Rows carry the settings, so that a table of all cells needs nothing else."""
    entry, spec = task["entry"], task["spec"]
    content = result.to_dict()
    for table in (ROWS, ELEMENTS):
        content.pop(table, None)
    info = content["model"]
    content |= {"cell": {"key": task["key"], "entry": entry, "data": task["data"], "spec": spec}}
    info["state_sha256"] = state
    labels = {
        "cell": task["key"], "name": entry["name"] or entry["model"], "model": entry["model"],
        "family": info.get("family"), "parameters": info.get("parameters"), "weights": info.get("weights"),
        "untrained": entry["untrained"], "data": content["data"].get("name"), "images": content["data"].get("used"),
        "seed": spec["seed"], "kind": spec["kind"], "code": task["code"], "created": round(time.time(), 3),
        "status": result.status,
        "seconds": content["spec"].get("seconds"), "device": content["spec"].get("device"),
        "dtype": content["spec"].get("dtype"), "top1": (content.get("accuracy") or {}).get("top1"),
    }  # fmt: skip
    frame = labelled(result.to_pandas().rename(columns={"kind": "layer_kind"}), labels, entry["tags"])
    files = {HEADER: _json(content), ROWS: parquet(frame), SAMPLES: parquet(result.samples_to_pandas())}
    if result.elements:
        files[ELEMENTS] = parquet(result.elements_to_pandas().assign(cell=task["key"]))
    return files


def labelled(frame: Any, labels: Mapping[str, Any], tags: Mapping[str, Any]) -> Any:
    """A table of rows with the cell's labels before its own columns, and its tags behind them."""
    tagged = {TAG + key: str(value) for key, value in tags.items()}
    own = frame[[column for column in frame if not column.startswith(TAG)]]
    return pandas().concat([_constant(labels, own.index), own, _constant(tagged, own.index)], axis=1)


def _constant(values: Mapping[str, Any], index: Any) -> Any:
    return pandas().DataFrame({key: [value] * len(index) for key, value in values.items()}, index=index)


def parquet(frame: Any) -> bytes:
    """A table as the bytes of a Parquet file: small, with check sums, as plain columns."""
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False, compression="zstd", write_page_checksum=True)
    except ImportError as error:
        raise SymmeterError("Parquet needs pyarrow: pip install 'symmeter[io]'") from error
    return buffer.getvalue()


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, default=str) + "\n").encode()


def _state_hash(model: Any) -> str | None:
    """SHA-256 of the names and values of all weights: which network it was that was measured."""
    if not isinstance(model, torch.nn.Module):
        return None
    hashed = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        if isinstance(value, torch.Tensor) and not value.is_meta:
            hashed.update(name.encode())
            plain = value.detach().cpu().contiguous().reshape(-1)
            hashed.update(plain.view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()
