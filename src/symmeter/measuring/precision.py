"""How many samples are enough: look at the intervals as samples double, and stop when they are narrow.

Looks are taken after 16, 32, 64, ... samples. A run that stops because an interval happens to be narrow would have
intervals that hold less often than they say, so looking is paid for: with K looks planned, each has intervals at
1 - 0.05 / K. By Bonferroni's inequality all of them hold together in 95 % of runs, whenever a run stops and however its
looks depend on each other (alpha spending in equal parts).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import torch

from symmeter.errors import SymmeterError
from symmeter.results.intervals import CONFIDENCE
from symmeter.results.row import Row
from symmeter.results.verdict import SAYS_NOTHING
from symmeter.samples import Batch, Samples

FIRST = 16  # samples at the first look
_UNKNOWN = 16  # looks that are planned where nobody knows how many samples there are


def planned_looks(total: int | None) -> int:
    """How often so many samples are looked at; the last look is at all of them.

    >>> planned_looks(10), planned_looks(16), planned_looks(200), planned_looks(None)
    (1, 1, 5, 16)
    """
    if total is None:
        return _UNKNOWN
    return 1 + max(0, math.ceil(math.log2(total / FIRST)))


class Until(ABC):
    """When a run has measured enough."""

    confidence = CONFIDENCE  # of every interval

    def batches(self, samples: Samples, most: int) -> Iterator[Batch]:
        """All samples, `most` at a time."""
        return samples.batches(most)

    @abstractmethod
    def enough(self, count: int) -> bool:
        """Whether the run may stop, after `count` samples more."""

    def finish(self) -> None:  # noqa: B027
        """The samples have ended."""

    def words(self) -> str:
        """For the progress bar."""
        return ""

    def notes(self, item: str, softmax: bool) -> list[str]:
        """What the reader should know of how the run was stopped, a line each."""
        return []


class AllSamples(Until):
    """No precision is wanted: a run goes on to the last sample."""

    def enough(self, count: int) -> bool:
        return False


@dataclass
class Precision(Until):
    """When a run has gone far enough: the relative half width of all intervals is at most `wanted`.

    `rows` makes the rows of what was measured so far, with intervals at `confidence`.
    """

    wanted: float
    total: int | None
    rows: Callable[[], Sequence[Row]]
    visited: int = 0
    looked_at: int = 0
    looks: int = 0
    widest: float = math.inf
    where: str = ""

    @property
    def confidence(self) -> float:  # type: ignore[override]
        """Of every interval, so that those of all looks hold together in 95 %."""
        return 1 - (1 - CONFIDENCE) / planned_looks(self.total)

    @property
    def reached(self) -> bool:
        """Whether the last look found all intervals narrow enough."""
        return self.widest <= self.wanted

    @property
    def next_look(self) -> int:
        """After how many samples it is taken."""
        return FIRST * 2**self.looks

    def batches(self, samples: Samples, most: int) -> Iterator[Batch]:
        """All samples in batches that end at a look, or of about `most`."""
        waiting: list[Batch] = []
        for batch in samples.batches(FIRST):
            if waiting and waiting[0].kind != batch.kind:
                yield joined(waiting)
                waiting = []
            waiting.append(batch)
            count = sum(len(one.names) for one in waiting)
            if count + FIRST > most or self.visited + count >= self.next_look:
                yield joined(waiting)
                waiting = []
        if waiting:
            yield joined(waiting)

    def enough(self, count: int) -> bool:
        """Look, where it is time to."""
        self.visited += count
        if self.visited >= self.next_look:
            self._look()
        return self.reached

    def finish(self) -> None:
        """Look at all samples, unless the last look was at them."""
        if self.visited > self.looked_at:
            self._look()

    def _look(self) -> None:
        self.looks, self.looked_at = self.looks + 1, self.visited
        self.widest, self.where = max(map(widest, self.rows()), default=(math.inf, "no values"))

    def summary(self) -> dict[str, Any]:
        """For the header of a result."""
        return {
            "wanted": self.wanted,
            "looks": self.looks,
            "planned": planned_looks(self.total),
            "confidence": self.confidence,
            "reached": self.reached,
            "widest": self.widest,
            "images": self.visited,
        }

    def words(self) -> str:
        return f"widest interval {percent(self.widest)}, wanted {self.wanted:.0%}" if self.looks else ""

    def notes(self, item: str, softmax: bool) -> list[str]:
        notes = []
        if not self.reached:
            advice = "; logits vary less than softmax" if softmax else ""
            notes.append(
                f"precision {self.wanted:g} not reached with all {self.visited} {item}s: widest is "
                f"{percent(self.widest)} ({self.where}){advice}"
            )
        if self.total is None:
            notes.append(
                f"how many {item}s there are is not known, so they were taken as they came: the first ones should be "
                "like the others"
            )
        return notes


def widest(row: Row) -> tuple[float, str]:
    """The larger relative half width of the intervals of value and stability, and of what it is.

    Of a value half the interval over it, of a ratio sqrt(high / low) - 1. What is not resolved from the floor, or the
    same for all images, is as precise as it gets.
    """
    if row.verdict in SAYS_NOTHING:
        return 0.0, row.symmetry
    found = [(0.0, row.symmetry)]
    if row.interval_low is not None and row.interval_high is not None:
        width = (row.interval_high - row.interval_low) / 2
        found.append((width / abs(row.value) if row.value else math.inf, f"{row.symmetry}, value"))
    elif row.standard_error != 0:  # not the same for all images
        found.append((math.inf, f"{row.symmetry}, value"))
    low, high = row.stability_low, row.stability_high
    if row.stability is not None:
        half = math.inf if low is None or high is None or low <= 0 else math.sqrt(high / low) - 1
        found.append((half, f"{row.symmetry}, stability"))
    return max((width if not math.isnan(width) else math.inf, what) for width, what in found)


def percent(width: float) -> str:
    """A relative half width for a person.

    >>> percent(0.344), percent(math.inf)
    ('±34 %', 'without bound')
    """
    return f"±{100 * width:.0f} %" if math.isfinite(width) else "without bound"


def joined(batches: Sequence[Batch]) -> Batch:
    """Several batches of one kind as one."""
    if len(batches) == 1:
        return batches[0]
    labels = None
    if any(batch.labels is not None for batch in batches):
        labels = torch.cat([_labels(batch) for batch in batches])
    names = tuple(chain.from_iterable(batch.names for batch in batches))
    references = tuple(chain.from_iterable(batch.references for batch in batches))
    inputs = torch.cat([batch.inputs for batch in batches])
    return Batch(inputs, labels, names, batches[0].kind, references)


def _labels(batch: Batch) -> torch.Tensor:
    """The labels (B,) of a batch, -1 where they are not known."""
    return torch.full((len(batch.names),), -1) if batch.labels is None else batch.labels


def of_several(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The summaries of several runs on the same data as one: reached where all are, and the widest counts."""
    worst = max(summaries, key=itemgetter("widest"))
    looks = max(map(itemgetter("looks"), summaries))
    images = max(map(itemgetter("images"), summaries))
    return worst | {"looks": looks, "images": images}


def check_precision(precision: float | None, control: str) -> None:
    """SymmeterError for a control that measures another network, which cannot stop at the same sample."""
    if precision is not None and control == "untrained":
        raise SymmeterError(
            f"precision {precision:g} goes with the controls both, stability, wrong-group, none, not with untrained: "
            "a copy with fresh weights would stop at other samples"
        )
