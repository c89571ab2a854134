"""One task in a process of its own, which may crash, hang or eat all memory without harm to anything else."""

import contextlib
import re
import signal
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from symmeter.sweeps.executors.containment import oom_kills
from symmeter.sweeps.executors.executor import Limits, Outcome
from symmeter.sweeps.executors.worker import NotStarted, Worker
from symmeter.sweeps.task import Task

_LOOK = 0.05  # seconds between looks at a process
_LIVES = 3  # times a task is begun when its process is killed from outside
_STARVED = re.compile(r"bad_alloc|can.t allocate|cannot allocate|out of memory|MemoryError", re.IGNORECASE)
# What a model does not do to itself.
_FROM_OUTSIDE = {f"SIG{name}" for name in ("KILL", "TERM", "HUP", "INT", "QUIT", "STOP", "USR1", "USR2")}
_UNKNOWN = 255  # the exit code of a process whose fork server, which would know, was killed


def isolated(task: Task, limits: Limits, stop: threading.Event | None = None) -> Outcome:
    """Run a task in a process of its own; out of memory it is tried again with smaller batches, down to 1.

    A process that is killed from outside says nothing of its task, which is begun again as it was. `stop` ends it from
    another thread.
    """
    stop, lives = stop or threading.Event(), _LIVES
    while True:
        outcome = _once(task, limits, stop)
        batch = task.get("batch_size")
        if outcome.failure == "memory" and batch != 1:
            task = {**task, "batch_size": 8 if batch is None else max(1, batch // 4)}
            continue
        lives -= 1
        if outcome.failure != "lost" or not lives or stop.is_set():
            return outcome


def _once(task: Task, limits: Limits, stop: threading.Event) -> Outcome:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="symmeter-", ignore_cleanup_errors=True) as folder:
        outcome = _in_process(task, limits, Path(folder) / "log", stop)
    return replace(outcome, seconds=time.monotonic() - began)


def _in_process(task: Task, limits: Limits, log: Path, stop: threading.Event) -> Outcome:
    kills = oom_kills()
    try:
        worker = Worker(task, limits, log)
    except NotStarted as error:
        return Outcome(task, failure="lost", reason=str(error))
    leave = worker.kill
    try:
        outcome = _watched(worker, task, limits, stop) or _death(worker, task, log, kills)
        if outcome.done:
            leave = worker.see_off
        return outcome
    finally:
        leave()


def _watched(worker: Worker, task: Task, limits: Limits, stop: threading.Event) -> Outcome | None:
    """Wait for what a process sends, or for its limits; None when it has died in silence."""
    deadline = time.monotonic() + (limits.seconds or float("inf"))
    base = 0
    while True:
        alive = worker.alive()  # before its answer is looked for: the last that it did may be to send it
        try:
            answer = worker.answer(_LOOK if alive else 0)
        except (EOFError, OSError):
            return None
        if answer is not None:
            failure, reason, files = answer
            return Outcome(task, files, failure, reason)
        if not alive:
            return None
        used = worker.memory()
        base = base or used
        over = {
            "lost": (stop.is_set(), "the sweep was stopped"),
            "time": (time.monotonic() > deadline, f"not done in {limits.seconds or 0:g} s"),
            "memory": (
                used - base > limits.bytes,
                f"more than {limits.gigabytes or 0:g} GiB at batch size {task.get('batch_size') or 'auto'}",
            ),
        }
        for failure, (reached, reason) in over.items():
            if reached:
                return Outcome(task, failure=failure, reason=reason)


def _death(worker: Worker, task: Task, log: Path, kills: int | None) -> Outcome:
    """Why a process died that said nothing; `kills` of the kernel for want of memory there had been before."""
    code, said = worker.exit_code(), _tail(log)
    name = _name(code)
    starved = bool(_STARVED.search(said)) or (name == "SIGKILL" and (kills is None or oom_kills() != kills))
    outside = name in _FROM_OUTSIDE or code in (_UNKNOWN, None)
    failure = "memory" if starved else "lost" if outside else "crash"
    last = next(filter(None, map(str.strip, reversed(said.splitlines()))), "")
    return Outcome(task, failure=failure, reason=f"{name}: {last}"[:300] if last else name)


def _name(code: int | None) -> str:
    """An exit code in words: a signal has a name."""
    with contextlib.suppress(ValueError, TypeError):
        return signal.Signals(-(code or 0)).name
    return f"exit code {code}"


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return log.read_bytes()[-4000:].decode(errors="replace")
    return ""
