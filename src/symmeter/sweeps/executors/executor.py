"""What an executor is: it runs tasks somewhere, and brings back what became of them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from symmeter.sweeps.task import Task
from symmeter.verbs.arguments import above

Started = Callable[[Task], None]

# Why a cell failed, in words for a summary.
REASONS = {
    "refused": "cannot be measured as asked",
    "error": "raised an exception",
    "memory": "out of memory",
    "time": "over the time limit",
    "crash": "crashed",
    "lost": "its process or its machine was lost",
}

_LIMIT = above(0).or_none("for no limit")


@dataclass(frozen=True)
class Limits:
    """What one cell may use: seconds, and GiB of memory above what an idle worker has. None: no limit."""

    seconds: float | None = 3600.0
    gigabytes: float | None = None

    def __post_init__(self):
        for name in ("seconds", "gigabytes"):
            _LIMIT.check(f"limit of {name}", getattr(self, name))

    @property
    def bytes(self) -> float:
        """The memory limit in bytes."""
        return math.inf if self.gigabytes is None else self.gigabytes * 2**30


@dataclass(frozen=True)
class Outcome:
    """What became of a task: `files` of a cell by name, or `failure` (a key of REASONS) with `reason`."""

    task: Task
    files: dict[str, bytes] = field(default_factory=dict)
    failure: str = ""
    reason: str = ""
    seconds: float = 0.0

    @property
    def done(self) -> bool:
        """Whether there is a cell to keep."""
        return not self.failure


class Executor(ABC):
    """Runs tasks; the store is not its business."""

    name: str
    notes: Sequence[str] = ()  # what a user has to know of it

    @property
    @abstractmethod
    def width(self) -> int:
        """How many tasks run at once."""

    @abstractmethod
    def run(self, tasks: Iterable[Task], started: Started) -> Iterator[Outcome]:
        """Outcomes in the order in which they come; `started` is called as a task begins.

        Tasks are taken from the iterable only as places become free. Closing the iterator ends what still runs.
        """
