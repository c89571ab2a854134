"""The work of a sweep: cells that are not in the store are claimed, measured and kept."""

from collections.abc import Callable, Iterator, Sequence

from symmeter.sweeps.claims import Claims
from symmeter.sweeps.executors.executor import Executor, Outcome
from symmeter.sweeps.plan import Cell
from symmeter.sweeps.progress import Progress, progress_for
from symmeter.sweeps.store import Store
from symmeter.sweeps.summary import Summary
from symmeter.sweeps.task import Task


def run_cells(
    cells: Sequence[Cell],
    store: Store,
    executor: Callable[[], Executor],
    *,
    progress: bool | None = None,
    retry_errors: bool = False,
    batch_size: int | None = None,
) -> Summary:
    """Do all cells that are not in the store; `executor` makes the Executor, if there is anything to do."""
    summary = Summary(cells=len(cells))
    waiting = _missing(cells, store, summary, retry_errors)
    if waiting:
        claims = Claims(store)
        try:
            with progress_for(len(waiting), progress) as watcher:
                tasks = _claimed(waiting, store, claims, summary, batch_size)
                _work(tasks, store, executor(), claims, watcher, summary)
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
    tasks: Iterator[Task],
    store: Store,
    executor: Executor,
    claims: Claims,
    progress: Progress,
    summary: Summary,
) -> None:
    outcomes = executor.run(tasks, progress.started)
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
