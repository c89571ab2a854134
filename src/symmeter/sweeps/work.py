"""The work of a sweep: cells that are not in the store are claimed, measured and kept."""

from collections.abc import Callable, Iterator, Sequence

from symmeter.errors import counted
from symmeter.sweeps.claims import Claims
from symmeter.sweeps.executors.executor import Executor, Outcome
from symmeter.sweeps.plan import Cell
from symmeter.sweeps.progress import Progress, progress_for
from symmeter.sweeps.store import Store
from symmeter.sweeps.summary import Summary
from symmeter.sweeps.task import Task
from symmeter.verbs.warned import warn


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
    store.tidy()
    summary = Summary(cells=len(cells))
    waiting = _missing(cells, store, summary, retry_errors)
    if waiting:
        claims = Claims(store)
        try:
            with progress_for(len(waiting), progress) as watcher:
                while waiting:
                    elsewhere: list[Cell] = []
                    tasks = _claimed(waiting, store, claims, summary, elsewhere, batch_size)
                    _work(tasks, store, executor(), claims, watcher, summary)
                    waiting = _forsaken(elsewhere, claims, watcher)
                    summary.elsewhere += len(elsewhere) - len(waiting)
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
    for fault in broken.values():
        warn(f"{fault}: its cell is set aside and measured again")
    summary.repaired = len(broken)
    errors = {} if retry_errors else store.errors()
    failed = {
        key for key, error in errors.items() if error.get("failure") != "lost"
    }  # which says nothing of the cell
    missing, whole = [], []
    for cell in cells:
        if cell.key in there and cell.key not in broken:
            whole.append(cell)
        elif cell.key in failed:
            summary.known += 1
        else:
            missing.append(cell)
    summary.skipped += len(whole)
    _relabel(whole, store)
    return missing


def _relabel(cells: Sequence[Cell], store: Store) -> None:
    """Renew the names and tags of cells whose models have got others since then; the numbers stay."""
    changed = {}
    for cell in cells:
        before, now = store.header(cell.key)["cell"]["entry"], cell.task()["entry"]
        if any(before.get(name) != now[name] for name in ("name", "tags")):
            changed[cell.key] = now
    store.relabel(changed)


def _claimed(
    cells: list[Cell],
    store: Store,
    claims: Claims,
    summary: Summary,
    elsewhere: list[Cell],
    batch_size: int | None,
) -> Iterator[Task]:
    """The tasks of those cells that are ours to do, claimed one by one as there is place for them; others are noted."""
    for cell in cells:
        if not claims.take(cell.key):
            elsewhere.append(cell)
            continue
        there = cell.key in store
        if there and not store.fault(cell.key):  # another sweep has done it meanwhile
            claims.give_back(cell.key)
            summary.skipped += 1
            continue
        if there:
            store.set_cell_aside(cell.key)
        yield {**cell.task(), "batch_size": batch_size}


def _forsaken(cells: list[Cell], claims: Claims, progress: Progress) -> list[Cell]:
    """Those cells of other sweeps that nobody works on any more."""
    if cells:
        progress.say(f"looking whether another sweep is alive, which has {counted(len(cells), 'cell')}")
    keys = claims.forsaken(cell.key for cell in cells)
    return [cell for cell in cells if cell.key in keys]


def _work(
    tasks: Iterator[Task],
    store: Store,
    executor: Executor,
    claims: Claims,
    progress: Progress,
    summary: Summary,
) -> None:
    if executor.notes:
        progress.say(f"on this system: {'; '.join(executor.notes)}")
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
