"""What a sweep says while it works: live lines on a terminal, a bar in a notebook, plain lines elsewhere."""

import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, TextIO

from symmeter.errors import counted
from symmeter.progress import bar, shell
from symmeter.sweeps.executors.executor import Outcome
from symmeter.sweeps.task import Task

if TYPE_CHECKING:
    from rich.progress import TaskID


_LABEL = 48  # letters of one in a line that changes


class Progress(ABC):
    """Is told what begins and what ends."""

    @abstractmethod
    def started(self, task: Task) -> None:
        """A cell has begun."""

    @abstractmethod
    def ended(self, outcome: Outcome) -> None:
        """A cell is done, or has failed."""

    @abstractmethod
    def say(self, words: str) -> None:
        """One line for the user."""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *raised: object) -> None:  # noqa: B027
        """No more to come."""


class Quiet(Progress):
    """Says nothing."""

    def started(self, task: Task) -> None:
        pass

    def ended(self, outcome: Outcome) -> None:
        pass

    def say(self, words: str) -> None:
        pass


class Plain(Progress):
    """One line a cell that ends."""

    def __init__(self, total: int, stream: TextIO | None = None):
        self._total, self._count, self._failed = total, 0, 0
        self._stream, self._began = stream or sys.stderr, time.monotonic()

    def started(self, task: Task) -> None:
        pass

    def say(self, words: str) -> None:
        print(words, file=self._stream, flush=True)

    def ended(self, outcome: Outcome) -> None:
        self._count += 1
        self._failed += not outcome.done
        left = (time.monotonic() - self._began) / self._count * (self._total - self._count)
        what = "done" if outcome.done else f"{outcome.failure}: {outcome.reason[:100]}"
        print(
            f"{self._count}/{self._total} {outcome.task['label']} {outcome.seconds:.1f} s {what}"
            f" ({self._failed} failed, {clock(left)} left)",
            file=self._stream,
            flush=True,
        )


class Live(Progress):
    """A bar for all cells with the time that is left, and a line for every one that runs."""

    def __init__(self, total: int):
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._all = self._bars.add_task("all cells", total=total)
        self._running: dict[str, TaskID] = {}
        self._failed = Counter[str]()

    def __enter__(self) -> "Live":
        self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bars.stop()

    def started(self, task: Task) -> None:
        self._running[task["key"]] = self._bars.add_task(task["label"][:_LABEL], total=None)

    def say(self, words: str) -> None:
        self._bars.console.print(words, style="yellow", markup=False)

    def ended(self, outcome: Outcome) -> None:
        row = self._running.pop(outcome.task["key"], None)
        if row is not None:
            self._bars.remove_task(row)
        if not outcome.done:
            self._failed[outcome.failure] += 1
            self._bars.console.print(
                f"{outcome.task['label']}: {outcome.failure}: {outcome.reason}", style="yellow", markup=False
            )
        words = f"all cells, {counted(self._failed.total(), 'failure')}" if self._failed else "all cells"
        self._bars.update(self._all, advance=1, description=words)


class InNotebook(Progress):
    """A bar for all cells, with what began last, and a line for every one that fails."""

    def __init__(self, total: int):
        self._bar, self._failed = bar(True, total=total, title="all cells", unit="cell"), 0

    def __exit__(self, *raised: object) -> None:
        self._bar.close()

    def started(self, task: Task) -> None:
        self._bar.set_postfix_str(task["label"][:_LABEL])

    def say(self, words: str) -> None:
        print(words)

    def ended(self, outcome: Outcome) -> None:
        if not outcome.done:
            self._failed += 1
            self._bar.set_description_str(f"all cells, {counted(self._failed, 'failure')}", refresh=False)
            self.say(f"{outcome.task['label']}: {outcome.failure}: {outcome.reason}")
        self._bar.update()


def progress_for(total: int, progress: bool | None) -> Progress:
    """None: live lines on a terminal, a bar in a notebook, plain lines elsewhere; False: nothing."""
    if progress is False or not total:
        return Quiet()
    if shell():
        return InNotebook(total)
    return Live(total) if sys.stderr.isatty() else Plain(total)


def clock(seconds: float) -> str:
    """Seconds in words.

    >>> clock(59), clock(61), clock(7265)
    ('59 s', '1 min', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
