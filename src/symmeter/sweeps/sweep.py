"""`sweep`: every model on the data, into a store; what is there already is not done again."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symmeter.errors import SymmeterError, counted, nearest
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.plan import control_mode
from symmeter.optional import require
from symmeter.sweeps.claims import Claims
from symmeter.sweeps.executors.executor import REASONS, Engine, Limits, Outcome
from symmeter.sweeps.executors.local import Local
from symmeter.sweeps.model_list import Entry, read_models
from symmeter.sweeps.plan import Cell, Spec, plan
from symmeter.sweeps.progress import Progress, progress_for
from symmeter.sweeps.store import Store
from symmeter.sweeps.task import Task
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


# Where a sweep is stricter than `measure`: a cell is found again by what was asked for, so that is plain words.
SWEPT = {
    **ARGUMENTS,
    "models": Kind("a name, a wildcard, a file with a list of them, a row, or several", _models),
    "data": Kind("a path: a folder, a .npz, or builtin:photos", path.read),
    "store": Kind("a folder, or an address that fsspec knows", path.read),
    "symmetry": Kind("names such as 'rotation,C4'", word.read),
    "measure": Kind("names such as 'lee'", word.read).or_none("for the usual ones"),
    "definition": Kind("a name such as 'bandlimited'", word.read),
    "device": Kind("a device such as 'cpu' or 'cuda'", lambda one: str(ARGUMENTS["device"].read(one)))
    .or_none("for all GPUs there are"),
    "seeds": several("whole numbers, at least 0, one for every run", seed),
    "jobs": whole(1, 16).or_none("for one a GPU, or one a core"),
    "limits": instance("Limits", Limits).or_none("for an hour and an equal share of memory"),
    "address": word.or_none("for RAY_ADDRESS, else this machine"),
    "layers": truth,
    "untrained": truth,
    "retry_errors": truth,
}  # fmt: skip


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


@verb(
    SWEPT, engine=Kind("'local', 'ray' or an Engine", lambda value: _known_engine(value)),
)  # fmt: skip
def sweep(
    models: Any, data: str | os.PathLike, store: str | os.PathLike, symmetry: str = "translation",
    measure: str | None = None, output: str = "softmax", definition: str = "bandlimited", samples: int | None = None,
    batch_size: int | None = None, device: str | None = None, seeds: Sequence[int] = (0,), progress: bool | None = None,
    *, engine: str | Engine = "local", jobs: int | None = None, limits: Limits | None = None, layers: bool = False,
    untrained: bool = False, retry_errors: bool = False, control: str = "displacement", elements: int | None = None,
    sampling: str = "haar", padding: str | None = None, probes: int = 0, address: str | None = None,
) -> Summary:  # fmt: skip
    """Measure many models and keep every cell (one model, one data set, one spec) in a store as soon as it is done.

    A cell that is there already is not done again, so the same call goes on where the last one was stopped, however it
    was stopped. Cells that failed are recorded with their reason, and tried again with `retry_errors`.

    Args:
        models: names, wildcards such as `timm:vit_*`, files with lists of them (see `read_models`), or several.
        data: the path of a folder, a `.npz`, or `builtin:photos`.
        store: a folder, or any address that fsspec can write to.
        engine: `local`, `ray`, or an Engine. `address`: of a Ray cluster.
        jobs: cells at once; None for one a CUDA device, or one a core.
        limits: time and memory of one cell; out of memory it is tried again with smaller batches.
        seeds: one cell each. layers: attribute the error to layers as well, in cells of their own.
        untrained: random weights for all models without a file of weights.

    Other arguments are those of `symmeter.measure`. Returns a Summary; raises SymmeterError for a mistake in the call.

    >>> import tempfile
    >>> summary = sweep("timm:vti_*", "builtin:photos", tempfile.mkdtemp(), untrained=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: timm:vti_*: no model has such a name; start with timm: or torchvision:
    """
    for package in _NEEDED + ("ray",) * (engine == "ray"):
        require(package, "ray" if engine == "ray" else "sweep")
    if engine == "local":
        _check_device(device)
    spec = Spec(symmetry, measure, output, definition, samples, 0, control_mode(control), elements, sampling,
                padding, probes)  # fmt: skip
    cells = plan(read_models(models, untrained), str(data), spec, seeds=seeds, layers=layers)
    return run_cells(cells, Store(store, create=True), lambda: make_engine(engine, jobs, limits, device, address),
                     progress=progress, retry_errors=retry_errors, batch_size=batch_size)  # fmt: skip


def make_engine(
    engine: str | Engine, jobs: int | None = None, limits: Limits | None = None, device: str | None = None,
    address: str | None = None,
) -> Engine:  # fmt: skip
    """An engine by name."""
    if isinstance(_known_engine(engine), Engine):
        return engine  # type: ignore[return-value]
    if engine == "local":
        return Local(jobs, limits, device)
    from symmeter.sweeps.executors.ray import Ray

    return Ray(jobs, limits, device, address)


def _check_device(device: str | None) -> None:
    """SymmeterError for a device that no cell could use. It is not taken into use here, where nothing is computed."""
    import torch

    try:
        wanted = torch.device(device or "cpu")
        found = torch.cuda.device_count() if wanted.type == "cuda" else 1
    except RuntimeError:
        wanted, found = None, 0
    if wanted is None or (wanted.index or 0) >= found:
        raise SymmeterError(f"device {device!r} cannot be used here; choose cpu" + (
            ", cuda" if torch.cuda.is_available() else ""))  # fmt: skip


def _known_engine(engine: str | Engine) -> str | Engine:
    """Itself. Said before anything is read, and also where there is nothing to do."""
    if isinstance(engine, Engine) or (isinstance(engine, str) and engine in ENGINES):
        return engine
    close = nearest(engine, ENGINES) if isinstance(engine, str) else "; choose from " + ", ".join(ENGINES)
    raise SymmeterError(f"unknown engine {shown(engine)}{close}")


def run_cells(
    cells: Sequence[Cell], store: Store, engine: Any, *, progress: bool | None = None, retry_errors: bool = False,
    batch_size: int | None = None,
) -> Summary:  # fmt: skip
    """Do all cells that are not in the store; `engine` makes the Engine, if there is anything to do."""
    summary = Summary(cells=len(cells))
    waiting = _missing(cells, store, summary, retry_errors)
    if waiting:
        claims = Claims(store)
        try:
            with progress_for(len(waiting), progress) as shown:
                _work(waiting, store, engine(), claims, shown, summary, batch_size)
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


def _work(
    cells: list[Cell], store: Store, engine: Engine, claims: Claims, progress: Progress, summary: Summary,
    batch_size: int | None,
) -> None:  # fmt: skip
    def tasks() -> Iterator[Task]:
        for cell in cells:
            if not claims.take(cell.key):
                summary.elsewhere += 1
            elif cell.key in store:  # another sweep has done it meanwhile
                claims.give_back(cell.key)
                summary.skipped += 1
            else:
                yield {**cell.task(), "batch_size": batch_size}

    outcomes = engine.run(tasks(), progress.started)
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
    store.fail(task["key"], {
        "label": task["label"], "failure": outcome.failure, "reason": outcome.reason, "seconds": outcome.seconds,
        "batch_size": task.get("batch_size"), "entry": task["entry"], "data": task["data"], "spec": task["spec"],
    })  # fmt: skip
