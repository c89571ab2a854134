"""The files of a cell from its result. Nothing here imports torch, as a report of a store needs none."""

import time

from symmeter.results.result import Result
from symmeter.sweeps.places import ELEMENTS, HEADER, ROWS, SAMPLES
from symmeter.sweeps.sealed import json_file
from symmeter.sweeps.tables import labelled, parquet_file
from symmeter.sweeps.task import Record, Task


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
