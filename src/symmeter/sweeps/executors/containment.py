"""What holds a worker, where the system has it: a group of its own, an end with its sweep, a limit of memory."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from symmeter.sweeps.executors.executor import Limits

_GROUPS = hasattr(os, "killpg")  # of processes that are ended together: not on Windows


def _module(name: str) -> Any:
    """A module that not every system has; None where there is none."""
    with contextlib.suppress(ImportError):
        return import_module(name)
    return None


def _signals_of_pipes() -> Any:
    """The module `fcntl` where the kernel can send any signal when the other end of a pipe is closed: on Linux."""
    found = _module("fcntl")
    return found if hasattr(found, "F_SETSIG") and hasattr(os, "O_ASYNC") else None


def missing() -> list[str]:
    """What this system has not, in words.

    >>> missing() if os.path.exists("/proc/self/statm") else []
    []
    """
    wanted = {
        "a model that hangs in C code outlives a sweep that is killed": _signals_of_pipes() is not None,
        "memory is looked at 20 times a second and not limited in between": _memory_can_be_limited(),
        "processes that a model starts may outlive it": _GROUPS,
        "every cell imports its packages anew": "forkserver" in multiprocessing.get_all_start_methods(),
    }
    return [words for words, there in wanted.items() if not there]


def contain(limits: Limits) -> None:
    """In a worker: a group of its own that ends with the sweep, whatever it is doing; no Ctrl-C; a limit of memory."""
    if _GROUPS:
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep decides
    _end_with_parent()
    _limit_memory(limits)


@contextlib.contextmanager
def no_interrupts() -> Iterator[None]:
    """Processes that begin meanwhile get no Ctrl-C from their first moment on, before they could say so themselves."""
    mask = getattr(signal, "pthread_sigmask", None)  # of this thread: the others hear Ctrl-C
    if mask is None:
        yield
        return
    before = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)


def end_group(number: int) -> None:
    """Kill all processes of a worker's group; `number` is the process id that the worker has or had."""
    if _GROUPS:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(number, signal.SIGKILL)


def oom_kills() -> int | None:
    """How many processes the kernel has killed since it began because memory ran out; None where it does not say."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        lines = Path("/proc/vmstat").read_text(encoding="utf-8").splitlines()
        return int(dict(line.split() for line in lines)["oom_kill"])
    return None


def _end_with_parent() -> None:
    """Die as soon as the sweep has died, which closes a pipe.

    The kernel sees to it where it can, for a thread waits for ever while C code holds Python's lock. Its signal for the
    death of a parent would be of no use: the parent is the fork server, which may die alone.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    pipe, fcntl = parent.sentinel, _signals_of_pipes()
    if fcntl is None:
        threading.Thread(target=_wait_and_end, args=(pipe,), daemon=True).start()
        return
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if wait([pipe], 0):  # it died before that
        end_group(os.getpgrp())


def _wait_and_end(pipe: int) -> None:
    wait([pipe])
    end_group(os.getpid())
    os._exit(1)


def _memory_can_be_limited() -> bool:
    return hasattr(_module("resource"), "RLIMIT_DATA") and os.path.exists("/proc/self/statm")


def _limit_memory(limits: Limits) -> None:
    """Beyond the limit an allocation fails, where the system can say so; the parent looks as well."""
    if limits.gigabytes is None or not _memory_can_be_limited():
        return
    resource = _module("resource")
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[5])
        most = pages * os.sysconf("SC_PAGE_SIZE") + int(limits.bytes)
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))
