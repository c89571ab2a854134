"""One cell, measured in this process: from a task to the files of a cell."""

import dataclasses
import hashlib
import time

import torch

from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.layers.attribute import attribute
from symmeter.measuring.measure import measure
from symmeter.models.load import load_model
from symmeter.models.loaded import LoadedModel
from symmeter.results.result import Result
from symmeter.sweeps.places import ELEMENTS, HEADER, ROWS, SAMPLES
from symmeter.sweeps.sealed import json_file
from symmeter.sweeps.tables import labelled, parquet_file
from symmeter.sweeps.task import Record, Task
from symmeter.verbs.warned import recorded, told_apart


def measured_cell(task: Task) -> dict[str, bytes]:
    """Load, measure, and put the result into files by name: a JSON header, Parquet tables."""
    entry, spec = task["entry"], task["spec"]
    with recorded() as found:
        loaded = load_model(
            entry["model"],
            weights=entry["weights"],
            model_kwargs=entry["model_kwargs"],
            untrained=entry["untrained"],
            seed=spec["seed"],
            trust_remote_code=entry["trust_remote_code"],
        )
        result = _result(loaded, task)
    notes, _ = told_apart(found)
    result = dataclasses.replace(result, warnings=tuple(dict.fromkeys([*notes, *result.warnings])))
    if not result.rows:
        raise SymmeterError(f"nothing was measured: no {find_domain(spec['domain']).item} could be used")
    return packed(result, task, _state_hash(loaded.model))


def _result(loaded: LoadedModel, task: Task) -> Result:
    spec = task["spec"]
    same = ("symmetry", "output", "samples", "seed", "domain", "inputs")
    common = {name: spec[name] for name in same} | spec["options"]
    common |= {"batch_size": task.get("batch_size"), "device": task.get("device"), "progress": False}
    if spec["kind"] == "layers":
        layouts = task["entry"]["layouts"] or None
        control = spec["control"] != "none"
        return attribute(
            loaded, task["data"], probes=spec["probes"], layouts=layouts, control=control, **common
        )
    over = ("measure", "control", "elements", "sampling")
    return measure(loaded, task["data"], **{name: spec[name] for name in over}, **common)


def packed(result: Result, task: Task, state: str | None) -> dict[str, bytes]:
    """The files of a cell, yet without seals. Rows carry the settings, so that a table of all cells needs little else.

    Equal cells have equal tables, to the bit: when they were measured, and how long that took, is in their headers.
    """
    entry = task["entry"]
    content = result.to_dict()
    rows, elements = content.pop("rows"), content.pop("elements", None)
    content["model"]["state_sha256"] = state
    labels = _labels(result, content, task)
    tables = {
        ROWS: parquet_file(labelled(map(_renamed, rows), labels, entry["tags"])),
        SAMPLES: parquet_file({"name": list(result.sample_names), **result.samples}),
    }
    if elements:
        tables[ELEMENTS] = parquet_file([{**row, "cell": task["key"]} for row in elements])
    cell = {name: task[name] for name in ("key", "entry", "data", "spec")}
    cell |= {
        "created": round(time.time(), 3),
        "seconds": content["spec"].get("seconds"),
        "tables": list(tables),
    }
    return {HEADER: json_file({**content, "cell": cell}), **tables}


def _labels(result: Result, content: Record, task: Task) -> Record:
    """The settings of a cell, for its rows; `content` is the header of its result."""
    entry, settings = task["entry"], task["spec"]
    info, data, spec = content["model"], content["data"], content["spec"]
    return {
        "cell": task["key"],
        "name": entry["name"] or entry["model"],
        "model": info["name"],
        "family": info.get("family"),
        "parameters": info.get("parameters"),
        "weights": info.get("weights"),
        "fresh": entry["untrained"],  # weights; `untrained` is a ratio that rows have
        "data": data.get("name"),
        "images": data.get("used"),
        "item": data.get("item"),
        "control_towards": spec.get("control_towards"),
        "seed": settings["seed"],
        "kind": settings["kind"],
        "code": task["code"],
        "status": result.status,
        "device": spec.get("device"),
        "dtype": spec.get("dtype"),
        "top1": (content.get("accuracy") or {}).get("top1"),
    }


def _renamed(row: Record) -> Record:
    """A layer has a kind, and the cell has one of its own."""
    return {"layer_kind" if key == "kind" else key: value for key, value in row.items()}


def _state_hash(model: object) -> str | None:
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
