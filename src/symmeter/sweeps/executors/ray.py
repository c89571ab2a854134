"""A Ray cluster: the same processes, limits and outcomes as on this machine, on many."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

from symmeter.optional import require
from symmeter.sweeps.executors.executor import Executor, Limits, Outcome, Started
from symmeter.sweeps.executors.isolated import isolated
from symmeter.sweeps.task import Task

_LIVES = 3  # times a cell is begun again when its machine is lost


class Ray(Executor):
    """Cells as tasks of a Ray cluster, each in a process of its own there.

    Models, weights and images must be where the workers can read them, by the same paths; results come back through
    Ray, so the store need not be. `address` None: the cluster of RAY_ADDRESS, else a cluster of this machine.
    """

    name = "ray"

    def __init__(
        self,
        jobs: int | None = None,
        limits: Limits | None = None,
        device: str | None = None,
        address: str | None = None,
        cpus: float = 1.0,
        gpus: float | None = None,
    ):
        """`cpus`, `gpus` are what one cell takes; gpus None: 1 where the cluster has any."""
        self._ray: Any = require("ray", "ray")
        self._limits, self._device, self._cpus = limits or Limits(), device, cpus
        self._mine = not self._ray.is_initialized()
        if self._mine:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster of our own tells nobody
            self._ray.init(
                address=address,
                log_to_driver=False,
                logging_level="error",
                **({} if address else {"include_dashboard": False}),
            )
        total = self._ray.cluster_resources()
        self._gpus = gpus if gpus is not None else float(device is None and total.get("GPU", 0) > 0)
        self._jobs = jobs

    @property
    def width(self) -> int:
        if self._jobs:
            return self._jobs
        total = self._ray.cluster_resources()
        wanted = {"CPU": self._cpus, "GPU": self._gpus}
        return max(1, int(min(total.get(name, 0) / each for name, each in wanted.items() if each)))

    def run(self, tasks: Iterable[Task], started: Started) -> Iterator[Outcome]:
        ray = self._ray
        remote = ray.remote(_on_worker).options(
            num_cpus=self._cpus, num_gpus=self._gpus, max_retries=_LIVES, scheduling_strategy="SPREAD"
        )
        device = self._device or ("cuda" if self._gpus else None)
        waiting: dict[object, Task] = {}
        try:
            for task in tasks:
                started(task)
                task = {**task, "device": device, "threads": max(1, int(self._cpus))}
                waiting[remote.remote(task, self._limits)] = task
                while len(waiting) >= self.width:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        finally:
            for reference in waiting:
                with contextlib.suppress(Exception):
                    ray.cancel(reference, force=True)
            if self._mine:
                ray.shutdown()

    def _next(self, waiting: dict[object, Task]) -> Outcome:
        """The next outcome that is there; a task whose machines were all lost has one too."""
        (reference, *_), _ = self._ray.wait(list(waiting), num_returns=1)
        task = waiting.pop(reference)
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            return Outcome(task, failure="lost", reason=" ".join(str(error).split())[:200])


def _on_worker(task: Task, limits: Limits) -> Outcome:
    return isolated(task, limits)
