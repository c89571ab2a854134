"""One task in a process of its own, which may crash, hang or eat all memory without harm to anything else."""

import contextlib
import multiprocessing
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

from symmeter.errors import SymmeterError, first_line
from symmeter.optional import require
from symmeter.sweeps.executors.executor import Limits, Outcome
from symmeter.sweeps.task import Task

_LOOK = 0.05  # seconds between looks at the memory of a process
_STARVED = re.compile(r"bad_alloc|can.t allocate|cannot allocate|out of memory|MemoryError", re.IGNORECASE)
_starting = threading.Lock()


def isolated(task: Task, limits: Limits, stop: threading.Event | None = None) -> Outcome:
    """Run a task in a process of its own; out of memory it is tried again with smaller batches, down to 1.

    `stop` ends it from another thread.
    """
    while True:
        outcome = _once(task, limits, stop or threading.Event())
        batch = task.get("batch_size")
        if outcome.failure != "memory" or batch == 1:
            return outcome
        task = {**task, "batch_size": 8 if batch is None else max(1, batch // 4)}


def _once(task: Task, limits: Limits, stop: threading.Event) -> Outcome:
    began = time.monotonic()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["symmeter.sweeps.executors.preload"])
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="symmeter-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        with _starting, _without_main():
            process = context.Process(target=_work, args=(task, limits, sender, str(log)))
            process.start()
        sender.close()
        done = False
        try:
            outcome = _watched(process, receiver, task, limits, log, stop)
            done = outcome.done
        finally:
            receiver.close()
            if done:  # it ends by itself: the next task need not wait for it
                threading.Thread(target=_see_off, args=(process,)).start()
            else:
                _kill(process)
    return replace(outcome, seconds=time.monotonic() - began)


def _watched(
    process: BaseProcess, receiver: Connection, task: Task, limits: Limits, log: Path, stop: threading.Event
) -> Outcome:
    """Wait for what a process sends; end it at its limits."""
    psutil = require("psutil", "sweep")
    deadline = time.monotonic() + (limits.seconds or float("inf"))
    base = None
    while True:
        try:
            if receiver.poll(_LOOK):
                failure, reason, files = receiver.recv()
                return Outcome(task, files, failure, reason)
        except (EOFError, OSError):
            process.join(10)
            return Outcome(
                task, failure=_death(process.exitcode, log), reason=_last_words(process.exitcode, log)
            )
        if stop.is_set():
            return Outcome(task, failure="lost", reason="the sweep was stopped")
        if time.monotonic() > deadline:
            return Outcome(task, failure="time", reason=f"not done in {limits.seconds:g} s")
        if limits.gigabytes is not None:
            with contextlib.suppress(psutil.Error):
                used = psutil.Process(process.pid).memory_info().rss
                base = used if base is None else base
                if used - base > limits.bytes:
                    reason = (
                        f"more than {limits.gigabytes:g} GiB at batch size {task.get('batch_size') or 'auto'}"
                    )
                    return Outcome(task, failure="memory", reason=reason)


def _death(code: int | None, log: Path) -> str:
    """Why a process died that said nothing: the kernel kills what takes all memory, and libraries abort."""
    starved = code == -signal.SIGKILL or bool(_STARVED.search(_tail(log)))
    return "memory" if starved else "crash"


def _last_words(code: int | None, log: Path) -> str:
    name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
    lines = map(str.strip, reversed(_tail(log).splitlines()))
    last = next(filter(None, lines), "")
    return f"{name}: {last}"[:300] if last else name


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return log.read_bytes()[-4000:].decode(errors="replace")
    return ""


def _see_off(process: BaseProcess) -> None:
    """Wait for a process that has done its work; end one that does not go."""
    process.join(2)
    _kill(process)


def _kill(process: BaseProcess) -> None:
    """End a process and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.pid is not None and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
    process.close()


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """A child is not to import the script that called, which may have no guard against being run again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(task: Task, limits: Limits, sender: Connection, log: str) -> None:
    """In the child: measure, and send (failure, reason, files)."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(to, 1)
    os.dup2(to, 2)
    _limit_memory(limits)
    try:
        sender.send(("", "", _measured(task)))
    except BaseException as error:
        sender.send((*_failure(error), {}))


def _measured(task: Task) -> dict[str, bytes]:
    import torch

    from symmeter.autodiff.memory import reuse_freed_memory
    from symmeter.sweeps.cell import measured_cell

    reuse_freed_memory()
    if task.get("threads"):
        torch.set_num_threads(task["threads"])
    return measured_cell(task)


def _failure(error: BaseException) -> tuple[str, str]:
    from symmeter.autodiff.memory import out_of_memory

    if isinstance(error, MemoryError) or out_of_memory(error):  # type: ignore[arg-type]
        return "memory", first_line(error)
    if isinstance(error, SymmeterError):
        starved = "out of memory" in str(error).lower() or "can't allocate memory" in str(error)
        return ("memory" if starved else "refused"), str(error)
    return "error", f"{type(error).__name__}: {first_line(error)}"


def _limit_memory(limits: Limits) -> None:
    """Beyond the limit an allocation fails, where the system can say so; the parent looks as well."""
    if limits.gigabytes is None:
        return
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[5])
        most = pages * os.sysconf("SC_PAGE_SIZE") + int(limits.bytes)
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)
