"""One cell, measured in this process: from a task to the files of a cell."""

import dataclasses
import hashlib

import torch

from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.layers.attribute import attribute
from symmeter.measuring.measure import measure
from symmeter.models.load import load_model
from symmeter.models.loaded import LoadedModel
from symmeter.results.result import Result
from symmeter.sweeps.packed import packed
from symmeter.sweeps.task import Task
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
