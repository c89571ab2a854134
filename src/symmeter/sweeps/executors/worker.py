"""A process for one task, as its sweep sees it: started, looked at, ended."""

import contextlib
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

from symmeter.optional import require
from symmeter.sweeps.executors.containment import end_group, no_interrupts
from symmeter.sweeps.executors.executor import Limits
from symmeter.sweeps.executors.work import work
from symmeter.sweeps.task import Task
from symmeter.verbs.warned import recorded

# A fork server that was killed is replaced as a process is started; if none lasts, the process starts without one.
_METHODS = ("forkserver", "forkserver", "forkserver", "spawn")
_PAUSE = 0.2  # seconds until the next try: what was killed is not gone at once
_starting = threading.Lock()


class NotStarted(Exception):
    """The system lets no process begin."""


class Worker:
    """A process that works on one task, and the end of a pipe where its answer comes in."""

    def __init__(self, task: Task, limits: Limits, log: Path):
        """Start it; NotStarted where that cannot be done."""
        self._psutil = require("psutil", "sweep")
        self._process, self._receiver = _started(task, limits, log)
        self._seen = None
        with contextlib.suppress(self._psutil.Error):
            self._seen = self._psutil.Process(self._process.pid)

    def alive(self) -> bool:
        """Whether it runs; asked of the system, for a fork server may be gone, and a pipe be held by children."""
        with contextlib.suppress(self._psutil.Error):
            return bool(
                self._seen and self._seen.is_running() and self._seen.status() != self._psutil.STATUS_ZOMBIE
            )
        return False

    def answer(self, seconds: float) -> tuple[str, str, dict[str, bytes]] | None:
        """(failure, reason, files) if they come within some seconds; EOFError or OSError where they never will."""
        return self._receiver.recv() if self._receiver.poll(seconds) else None

    def memory(self) -> int:
        """Bytes that it has in memory; 0 where nobody says."""
        with contextlib.suppress(self._psutil.Error):
            return self._seen.memory_info().rss if self._seen else 0
        return 0

    def exit_code(self) -> int | None:
        """The exit code of a process that ends: minus the number of a signal, 255 where its fork server was killed."""
        self._process.join(10)
        return self._process.exitcode

    def see_off(self) -> None:
        """Let it end by itself, and what it started with it; nobody need wait for that."""
        self._receiver.close()
        threading.Thread(target=self._see_off).start()

    def kill(self) -> None:
        """End it, and all that it started."""
        self._receiver.close()
        self._kill()

    def _see_off(self) -> None:
        self._process.join(2)
        self._kill()

    def _kill(self) -> None:
        pid = self._process.pid
        # Its number belongs to no other process while anything of its group is left.
        if pid is not None and (self.alive() or not self._psutil.pid_exists(pid)):
            end_group(pid)
        with contextlib.suppress(self._psutil.Error):
            if self._seen is not None:
                self._seen.kill()
        self._process.join(10)
        with contextlib.suppress(ValueError):  # only where the fork server has been stopped
            self._process.close()


def _started(task: Task, limits: Limits, log: Path) -> tuple[BaseProcess, Connection]:
    """A process that works, and where its answer comes in; NotStarted after several tries."""
    known = multiprocessing.get_all_start_methods()
    failed = ""
    for method in (method for method in _METHODS if method in known):
        context = multiprocessing.get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(["symmeter.sweeps.executors.preload"])
        receiver, sender = context.Pipe(duplex=False)
        try:
            process = context.Process(target=work, args=(task, limits, sender, str(log)))  # type: ignore[attr-defined]
            # Python warns of a resource tracker that was killed, as it replaces it: nobody has lost anything.
            with _starting, _without_main(), recorded():
                if method == "forkserver":  # first, for as it starts Python lets Ctrl-C through again
                    resource_tracker.ensure_running()
                with no_interrupts():
                    process.start()
            return process, receiver
        except (OSError, EOFError) as error:
            receiver.close()
            failed = str(error) or type(error).__name__
            time.sleep(_PAUSE)
        finally:
            sender.close()
    raise NotStarted(f"no process can be started: {failed}")


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """A child is not to import the script that called, which may have no guard against being run again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
