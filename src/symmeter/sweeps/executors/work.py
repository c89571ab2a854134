"""What a worker does: one task, and one answer."""

import os
from collections.abc import Iterator
from multiprocessing.connection import Connection

from symmeter.errors import SymmeterError, first_line
from symmeter.sweeps.executors.containment import contain
from symmeter.sweeps.executors.executor import Limits
from symmeter.sweeps.task import Task


def work(task: Task, limits: Limits, sender: Connection, log: str) -> None:
    """In a process of its own: measure, and send (failure, reason, files). What is printed goes to `log`."""
    to = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(to, 1)
    os.dup2(to, 2)
    contain(limits)
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

    if any(map(out_of_memory, _causes(error))):
        return "memory", first_line(error) or type(error).__name__
    if isinstance(error, SymmeterError):
        starved = "out of memory" in str(error).lower() or "can't allocate memory" in str(error)
        return ("memory" if starved else "refused"), str(error)
    return "error", f"{type(error).__name__}: {first_line(error)}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, what it was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__
