"""`sweep`: every model on the data, into a store; what is there already is not done again."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.plan import control_mode
from symmeter.sweeps.executors.executor import Executor, Limits
from symmeter.sweeps.executors.workers import Workers, known_executor
from symmeter.sweeps.forecast.forecast import Forecast
from symmeter.sweeps.forecast.look import forecast
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.local_weights import with_weights_from
from symmeter.sweeps.model_list import Models, read_models, with_remote_code
from symmeter.sweeps.plan import Cell, Spec, plan
from symmeter.sweeps.presets.preset import Preset, known_preset
from symmeter.sweeps.presets.settled import Settled, named, settled, with_output
from symmeter.sweeps.store import Store
from symmeter.sweeps.summary import Summary
from symmeter.sweeps.work import run_cells
from symmeter.verbs.arguments import Kind, instance, path, seed, several, shown, truth, whole, word
from symmeter.verbs.verb import verb


def _models(value: object) -> object:
    if isinstance(value, str | os.PathLike):
        return path.read(value)
    if isinstance(value, Entry | Mapping):
        return value
    return [_models(one) for one in several("models", Kind("", lambda one: one)).read(value)]


def _in_words(value: object) -> bool:
    """Whether a value is words and numbers, by which a cell can be found again."""
    if isinstance(value, list | tuple):
        return all(map(_in_words, value))
    return value is None or isinstance(value, bool | int | float | str)


def _options(value: object) -> object:
    for name, one in ARGUMENTS["options"].read(value).items():
        if not _in_words(one):
            raise SymmeterError(f"{name} is {shown(one)}; a sweep takes words and numbers")
    return value


def _inputs(value: object) -> object:
    words = ARGUMENTS["inputs"].read(value)
    if value is not None and not words:
        raise ValueError
    return words


def _preset(value: object) -> Preset:
    return value if isinstance(value, Preset) else known_preset(word.read(value))


# Where a sweep is stricter than `measure`: a cell is found again by what was asked for, so that is plain words.
_DEVICE = Kind("a device such as 'cpu' or 'cuda'", lambda one: str(ARGUMENTS["device"].read(one)))
_PRESET = "for that of a preset, or the usual one"
SWEPT = {
    **ARGUMENTS,
    "models": Kind("a name, a wildcard, a file with a list of them, a row, or several", _models).or_none(
        "for those of a preset"
    ),
    "data": Kind("a path: a folder, a .npz, a file of structures, or builtin:photos", path.read),
    "store": Kind("a folder, or an address that fsspec knows", path.read),
    "symmetry": Kind("names such as 'rotation,C4'", word.read).or_none(_PRESET),
    "output": ARGUMENTS["output"].or_none(_PRESET),
    "control": ARGUMENTS["control"].or_none(_PRESET),
    "domain": Kind("the name of a kind of data", lambda one: find_domain(word.read(one)).name).or_none(
        "to see it from the data"
    ),
    "measure": Kind("names such as 'lee'", word.read).or_none("for the usual ones"),
    "inputs": Kind(ARGUMENTS["inputs"].words, _inputs),
    "options": Kind("options of the kind of data, in words and numbers", _options),
    "device": _DEVICE.or_none("for all GPUs there are"),
    "seeds": several("whole numbers, at least 0, one for every run", seed),
    "jobs": whole(1, 16).or_none("for one per GPU, or one per core"),
    "limits": instance("Limits", Limits).or_none("for an hour and an equal share of memory"),
    "address": word.or_none("for RAY_ADDRESS, else this machine"),
    "layers": truth,
    "untrained": truth,
    "retry_errors": truth,
    "trust_remote_code": truth,
    "allow_code": several("patterns such as 'mypackage.models:*'", word, least=0),
    "preset": Kind("the name of a preset, or a Preset", _preset).or_none("for none"),
    "weights_from": path.or_none("for downloads"),
    "dry_run": truth,
}


@verb(SWEPT, executor=Kind("'local', 'ray' or an Executor", known_executor))
def sweep(
    models: Models | None,
    data: str | os.PathLike,
    store: str | os.PathLike,
    symmetry: str | None = None,
    measure: str | None = None,
    output: str | None = None,
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    seeds: Sequence[int] = (0,),
    progress: bool | None = None,
    *,
    executor: str | Executor = "local",
    jobs: int | None = None,
    limits: Limits | None = None,
    address: str | None = None,
    layers: bool = False,
    untrained: bool = False,
    retry_errors: bool = False,
    control: str | None = None,
    elements: int | None = None,
    sampling: str = "auto",
    probes: int = 0,
    domain: str | None = None,
    inputs: str | Mapping[str, str] | Sequence[str] | None = None,
    trust_remote_code: bool = False,
    allow_code: Sequence[str] = (),
    preset: str | Preset | None = None,
    weights_from: str | os.PathLike | None = None,
    dry_run: bool = False,
    **options: object,
) -> Summary | Forecast:
    """Measure many models and keep every cell (one model, one data set, one spec) in a store as soon as it is done.

    A cell that is there already is not done again, so the same call goes on where the last one was stopped, however it
    was stopped. Cells that failed are recorded with their reason, and tried again with `retry_errors`.

    Args:
        models: names, wildcards such as `timm:vit_*`, files with lists of them (see `read_models`), or several; None
            for those of the `preset`.
        data: the path of a folder, a `.npz`, a file of structures, or `builtin:photos`.
        store: a folder, or any address that fsspec can write to.
        executor: `local`, `ray`, or an Executor. `address`: of a Ray cluster.
        jobs: cells at once; None for one per CUDA device, or one per core.
        limits: time and memory of one cell; out of memory it is tried again with smaller batches.
        seeds: one cell each. layers: attribute the error to layers as well, in cells of their own.
        untrained: random weights for all models without a file of weights.
        trust_remote_code: code that comes with networks of a hub may run. allow_code: patterns of code, such as
            `mypackage.models:*`, that a list of models may name besides `FILE.py:callable` in its own folder.
        preset: a study by name, `gruver2023` or `zoo2026`: its models and settings, as far as nothing else is given.
        weights_from: a folder with files `NAME.safetensors` (or `.pth`) in place of downloads.
        dry_run: only look, and return a Forecast: models, downloads, expected hours.
        options: of the kind of data, such as `definition`, `padding` and `img_size` of images; what a list of models
            says of one model goes before them.

    Other arguments are those of `symmeter.measure`; usual are the `symmetry` translation, the `output` softmax, the
    `control` both. Returns a Summary; raises SymmeterError for a mistake in the call.

    >>> import tempfile
    >>> summary = sweep("timm:vti_*", "builtin:photos", tempfile.mkdtemp(), untrained=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: timm:vti_*: no model has such a name; start with timm: or torchvision:
    """
    workers = Workers(executor, jobs, limits, device, address).check()
    study = None if preset is None else known_preset(preset)
    given = {"symmetry": symmetry, "output": output, "samples": samples, "control": control}
    found = settled(study, given, options, models is not None)
    values = {**found.values, "control": control_mode(found.values["control"])}
    spec = Spec(
        measure=measure,
        elements=elements,
        sampling=sampling,
        probes=probes,
        domain=domain,
        inputs=inputs,
        options=found.options,
        **values,
    ).check(str(data))
    spec.refuse_idle(str(data))
    if models is None and study is not None:
        models = with_output(study.models, output)
    entries = read_models(named(models), untrained, spec.domain or "images", allow_code)
    entries = with_remote_code(entries, trust_remote_code)
    if weights_from is not None:
        entries = with_weights_from(entries, Path(weights_from))
    cells = lambda: plan(entries, str(data), spec, seeds=seeds, layers=layers)
    if dry_run:
        ahead = forecast(
            entries, spec, str(data), cells=len(seeds), sizes=study and study.sizes, progress=progress
        )
        return replace(ahead, there=_there(store, cells), **_told(study, found, layers))
    planned = cells()  # what is wrong with it is said before anything is made
    summary = run_cells(
        planned,
        Store(store, create=True),
        workers.start,
        progress=progress,
        retry_errors=retry_errors,
        batch_size=batch_size,
    )
    summary.notes = _asked_otherwise(study, found)
    return summary


def _there(store: str | os.PathLike, cells: Callable[[], list[Cell]]) -> int | None:
    """How many cells are in a store already; None where there is none, and then no data is read for their keys."""
    try:
        keys = Store(store).keys()
    except SymmeterError:
        return None
    return sum(cell.key in keys for cell in cells())


def _asked_otherwise(study: Preset | None, found: Settled) -> list[str]:
    """What differs from the settings of a preset."""
    return [f"not as the preset {study.name} has it: {note}" for note in found.notes] if study else []


def _told(study: Preset | None, found: Settled, layers: bool) -> dict[str, Any]:
    """What a forecast says of a preset besides."""
    notes = ["Attribution to layers is not in the expected time."] * layers
    if study is None:
        return {"notes": tuple(notes)}
    return {
        "title": f"{study.name}: {study.title}",
        "left_out": study.left_out,
        "notes": (*_asked_otherwise(study, found), *study.notes, *notes, f"Source: {study.source}"),
    }
