"""This machine: a process a cell, as many at once as there are places."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue

from symmeter.optional import require
from symmeter.sweeps.executors.containment import missing
from symmeter.sweeps.executors.executor import Executor, Limits, Outcome, Started
from symmeter.sweeps.executors.isolated import isolated
from symmeter.sweeps.task import Task

_SHARE = 0.85  # of the memory that is free at the start, for all places together


def cuda_devices() -> int:
    """How many CUDA devices there are; looking does not take one into use."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


class Local(Executor):
    """Cells in processes of this machine.

    Where there are CUDA devices every place has one to itself, else every place has its share of the cores.
    """

    name = "local"

    def __init__(
        self,
        jobs: int | None = None,
        limits: Limits | None = None,
        device: str | None = None,
        threads: int | None = None,
        count_devices: Callable[[], int] = cuda_devices,
    ):
        """`jobs`: places, None for one a device or a core. `limits`: memory None is an equal share of what is free."""
        limits = limits or Limits()
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        found = count_devices() if device is None else 0
        self._jobs = jobs or found or max(1, cores if device is None else 1)
        self._devices = [f"cuda:{i % found}" if found else device for i in range(self._jobs)]
        self._threads = threads or max(1, cores // self._jobs)
        if limits.gigabytes is None:
            free = require("psutil", "sweep").virtual_memory().available / 2**30
            limits = Limits(limits.seconds, round(_SHARE * free / self._jobs, 2))
        self.limits, self.notes = limits, missing()

    @property
    def width(self) -> int:
        return self._jobs

    def run(self, tasks: Iterable[Task], started: Started) -> Iterator[Outcome]:
        places: SimpleQueue = SimpleQueue()
        stop = threading.Event()
        for device in self._devices:
            places.put(device)

        def work(task: Task, device: str | None) -> Outcome:
            try:
                return isolated({**task, "device": device, "threads": self._threads}, self.limits, stop)
            finally:
                places.put(device)

        waiting: set[Future[Outcome]] = set()
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                for task in tasks:
                    device = places.get()
                    started(task)
                    waiting.add(pool.submit(work, task, device))
                    while len(waiting) >= self._jobs:
                        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                        yield from (future.result() for future in done)
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            finally:
                stop.set()
