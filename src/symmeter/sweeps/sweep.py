"""`sweep`: every model on the data, into a store; what is there already is not done again."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symmeter.domain import find_domain
from symmeter.errors import SymmeterError, counted, nearest
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.plan import control_mode
from symmeter.optional import require
from symmeter.sweeps.claims import Claims
from symmeter.sweeps.executors.executor import REASONS, Engine, Limits, Outcome, Task
from symmeter.sweeps.executors.local import Local
from symmeter.sweeps.model_list import Entry, read_models
from symmeter.sweeps.plan import Cell, Spec, plan
from symmeter.sweeps.progress import Progress, progress_for
from symmeter.sweeps.store import Store
from symmeter.verbs.arguments import Kind, instance, path, seed, several, shown, truth, whole, word
from symmeter.verbs.verb import verb

ENGINES = ("local", "ray")
_NEEDED = ("fsspec", "psutil", "pandas", "pyarrow")


def _models(value: Any) -> Any:
    if isinstance(value, str | os.PathLike):
        return path.read(value)
    if isinstance(value, Entry | Mapping):
        return value
    return [_models(one) for one in several("models", Kind("", lambda one: one)).read(value)]


def _in_words(value: Any) -> bool:
    """Whether a value is words and numbers, by which a cell can be found again."""
    if isinstance(value, list | tuple):
        return all(map(_in_words, value))
    return value is None or isinstance(value, bool | int | float | str)


def _options(value: Any) -> Any:
    for name, one in ARGUMENTS["options"].read(value).items():
        if not _in_words(one):
            raise SymmeterError(f"{name} is {shown(one)}; a sweep takes words and numbers")
    return value


# Where a sweep is stricter than `measure`: a cell is found again by what was asked for, so that is plain words.
_DEVICE = Kind("a device such as 'cpu' or 'cuda'", lambda one: str(ARGUMENTS["device"].read(one)))
SWEPT = {
    **ARGUMENTS,
    "models": Kind("a name, a wildcard, a file with a list of them, a row, or several", _models),
    "data": Kind("a path: a folder, a .npz, or builtin:photos", path.read),
    "store": Kind("a folder, or an address that fsspec knows", path.read),
    "symmetry": Kind("names such as 'rotation,C4'", word.read),
    "domain": Kind("the name of a kind of data", lambda one: find_domain(word.read(one)).name).or_none(
        "to see it from the data"
    ),
    "measure": Kind("names such as 'lee'", word.read).or_none("for the usual ones"),
    "options": Kind("options of the kind of data, in words and numbers", _options),
    "device": _DEVICE.or_none("for all GPUs there are"),
    "seeds": several("whole numbers, at least 0, one for every run", seed),
    "jobs": whole(1, 16).or_none("for one per GPU, or one per core"),
    "limits": instance("Limits", Limits).or_none("for an hour and an equal share of memory"),
    "address": word.or_none("for RAY_ADDRESS, else this machine"),
    "layers": truth,
    "untrained": truth,
    "retry_errors": truth,
}


@dataclass
class Summary:
    """What a sweep did: counts of cells, and why some failed."""

    cells: int = 0
    skipped: int = 0  # were there already
    done: int = 0
    failed: dict[str, list[str]] = field(default_factory=dict)  # by reason: labels
    known: int = 0  # failed before, and were not tried again
    elsewhere: int = 0  # another sweep works on them
    repaired: int = 0  # were damaged, and were done again
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether every cell is there."""
        return self.skipped + self.done == self.cells

    def __str__(self) -> str:
        failures = sum(map(len, self.failed.values()))
        words = [
            f"{counted(self.cells, 'cell')}: {self.done} done, {self.skipped} there already, {failures} failed"
        ]
        if self.known:
            words.append(f"{self.known} failed before (--retry-errors tries them again)")
        if self.elsewhere:
            words.append(f"{self.elsewhere} with another sweep")
        if self.repaired:
            words.append(f"{self.repaired} damaged and done again")
        if self.interrupted:
            words.append("interrupted: start again to go on")
        lines = [", ".join(words)]
        for reason, labels in self.failed.items():
            names = ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")
            lines.append(f"  {REASONS[reason]}: {len(labels)} ({names})")
        return "\n".join(lines)


@dataclass(frozen=True)
class Workers:
    """Who measures the cells: an Engine, or the name of one with the arguments that it is made with."""

    engine: str | Engine = "local"
    jobs: int | None = None
    limits: Limits | None = None
    device: str | None = None
    address: str | None = None

    def check(self) -> "Workers":
        """Itself; SymmeterError where a package is missing, or no cell could use the device."""
        for package in _NEEDED + ("ray",) * (self.engine == "ray"):
            require(package, "ray" if self.engine == "ray" else "sweep")
        if self.engine == "local":
            _check_device(self.device)
        return self

    def start(self) -> Engine:
        """The engine."""
        engine = _known_engine(self.engine)
        if isinstance(engine, Engine):
            return engine
        if engine == "local":
            return Local(self.jobs, self.limits, self.device)
        from symmeter.sweeps.executors.ray import Ray

        return Ray(self.jobs, self.limits, self.device, self.address)


def _known_engine(engine: str | Engine) -> str | Engine:
    """Itself. Said before anything is read, and also where there is nothing to do."""
    if isinstance(engine, Engine) or (isinstance(engine, str) and engine in ENGINES):
        return engine
    close = nearest(engine, ENGINES) if isinstance(engine, str) else "; choose from " + ", ".join(ENGINES)
    raise SymmeterError(f"unknown engine {shown(engine)}{close}")


@verb(SWEPT, engine=Kind("'local', 'ray' or an Engine", _known_engine))
def sweep(
    models: Any,
    data: str | os.PathLike,
    store: str | os.PathLike,
    symmetry: str = "translation",
    measure: str | None = None,
    output: str = "softmax",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    seeds: Sequence[int] = (0,),
    progress: bool | None = None,
    *,
    engine: str | Engine = "local",
    jobs: int | None = None,
    limits: Limits | None = None,
    address: str | None = None,
    layers: bool = False,
    untrained: bool = False,
    retry_errors: bool = False,
    control: str = "displacement",
    elements: int | None = None,
    sampling: str = "haar",
    probes: int = 0,
    domain: str | None = None,
    inputs: str | Mapping[str, str] | Sequence[str] | None = None,
    **options: Any,
) -> Summary:
    """Measure many models and keep every cell (one model, one data set, one spec) in a store as soon as it is done.

    A cell that is there already is not done again, so the same call goes on where the last one was stopped, however it
    was stopped. Cells that failed are recorded with their reason, and tried again with `retry_errors`.

    Args:
        models: names, wildcards such as `timm:vit_*`, files with lists of them (see `read_models`), or several.
        data: the path of a folder, a `.npz`, or `builtin:photos`.
        store: a folder, or any address that fsspec can write to.
        engine: `local`, `ray`, or an Engine. `address`: of a Ray cluster.
        jobs: cells at once; None for one per CUDA device, or one per core.
        limits: time and memory of one cell; out of memory it is tried again with smaller batches.
        seeds: one cell each. layers: attribute the error to layers as well, in cells of their own.
        untrained: random weights for all models without a file of weights.
        options: of the kind of data, such as `definition`, `padding` and `img_size` of images; what a list of models
            says of one model goes before them.

    Other arguments are those of `symmeter.measure`. Returns a Summary; raises SymmeterError for a mistake in the call.

    >>> import tempfile
    >>> summary = sweep("timm:vti_*", "builtin:photos", tempfile.mkdtemp(), untrained=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: timm:vti_*: no model has such a name; start with timm: or torchvision:
    """
    workers = Workers(engine, jobs, limits, device, address).check()
    spec = Spec(
        symmetry=symmetry,
        measure=measure,
        output=output,
        samples=samples,
        control=control_mode(control),
        elements=elements,
        sampling=sampling,
        probes=probes,
        domain=domain,
        inputs=inputs,
        options=options,
    ).check(str(data))
    entries = read_models(models, untrained, spec.domain or "images")
    cells = plan(entries, str(data), spec, seeds=seeds, layers=layers)
    own = Store(store, create=True)
    return run_cells(
        cells, own, workers.start, progress=progress, retry_errors=retry_errors, batch_size=batch_size
    )


def _check_device(device: str | None) -> None:
    """SymmeterError for a device that no cell could use. It is not taken into use here, where nothing is computed."""
    import torch

    try:
        wanted = torch.device(device or "cpu")
        found = torch.cuda.device_count() if wanted.type == "cuda" else 1
    except RuntimeError:
        wanted, found = None, 0
    if wanted is None or (wanted.index or 0) >= found:
        choices = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise SymmeterError(f"device {device!r} cannot be used here; choose {choices}")


def run_cells(
    cells: Sequence[Cell],
    store: Store,
    engine: Callable[[], Engine],
    *,
    progress: bool | None = None,
    retry_errors: bool = False,
    batch_size: int | None = None,
) -> Summary:
    """Do all cells that are not in the store; `engine` makes the Engine, if there is anything to do."""
    summary = Summary(cells=len(cells))
    waiting = _missing(cells, store, summary, retry_errors)
    if waiting:
        claims = Claims(store)
        try:
            with progress_for(len(waiting), progress) as watcher:
                tasks = _claimed(waiting, store, claims, summary, batch_size)
                _work(tasks, store, engine(), claims, watcher, summary)
        except KeyboardInterrupt:
            summary.interrupted = True
        finally:
            claims.close()
    store.index()
    return summary


def _missing(cells: Sequence[Cell], store: Store, summary: Summary, retry_errors: bool) -> list[Cell]:
    """The cells to do: those that are not there, are damaged, or failed and are to be tried again."""
    there = store.keys() & {cell.key for cell in cells}
    broken = store.broken(there)
    for key in broken:
        store.forget(key)
    summary.repaired = len(broken)
    failed = set() if retry_errors else set(store.errors())
    missing = []
    for cell in cells:
        if cell.key in there and cell.key not in broken:
            summary.skipped += 1
            _relabel(cell, store)
        elif cell.key in failed:
            summary.known += 1
        else:
            missing.append(cell)
    return missing


def _relabel(cell: Cell, store: Store) -> None:
    """A cell whose model has got another name or other tags since then: those are renewed, the numbers stay."""
    before = store.header(cell.key)["cell"]["entry"]
    now = cell.task()["entry"]
    if any(before.get(key) != now[key] for key in ("name", "tags")):
        store.relabel(cell.key, now)


def _claimed(
    cells: list[Cell], store: Store, claims: Claims, summary: Summary, batch_size: int | None
) -> Iterator[Task]:
    """The tasks of those cells that are ours to do, claimed one by one as there is place for them."""
    for cell in cells:
        if not claims.take(cell.key):
            summary.elsewhere += 1
        elif cell.key in store:  # another sweep has done it meanwhile
            claims.give_back(cell.key)
            summary.skipped += 1
        else:
            yield {**cell.task(), "batch_size": batch_size}


def _work(
    tasks: Iterator[Task], store: Store, engine: Engine, claims: Claims, progress: Progress, summary: Summary
) -> None:
    outcomes = engine.run(tasks, progress.started)
    try:
        for outcome in outcomes:
            _keep(outcome, store, summary)
            claims.give_back(outcome.task["key"])
            progress.ended(outcome)
    finally:
        outcomes.close()  # type: ignore[attr-defined]


def _keep(outcome: Outcome, store: Store, summary: Summary) -> None:
    task = outcome.task
    if outcome.done:
        store.commit(task["key"], outcome.files)
        summary.done += 1
        return
    summary.failed.setdefault(outcome.failure, []).append(task["label"])
    said = {name: task.get(name) for name in ("label", "batch_size", "entry", "data", "spec")}
    why = {"failure": outcome.failure, "reason": outcome.reason, "seconds": outcome.seconds}
    store.fail(task["key"], said | why)
