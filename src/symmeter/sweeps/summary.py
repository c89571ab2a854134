"""What a sweep has done, in numbers and in words."""

from dataclasses import dataclass, field

from rich.markup import escape

from symmeter.errors import counted, shortened
from symmeter.results.html import as_html
from symmeter.results.sheet import Sheet, new_table
from symmeter.sweeps.executors.executor import REASONS


@dataclass
class Summary:
    """What a sweep did: counts of cells, and why some failed."""

    cells: int = 0
    skipped: int = 0  # were there already
    done: int = 0
    failed: dict[str, list[str]] = field(default_factory=dict)  # by reason: labels
    known: int = 0  # failed before, and were not tried again
    elsewhere: int = 0  # another sweep works on them
    repaired: int = 0  # were damaged, and were done again
    interrupted: bool = False
    notes: list[str] = field(default_factory=list)  # what differs from a preset

    @property
    def complete(self) -> bool:
        """Whether every cell is there."""
        return self.skipped + self.done == self.cells

    @property
    def _words(self) -> str:
        failures = sum(map(len, self.failed.values()))
        words = [
            f"{counted(self.cells, 'cell')}: {self.done} done, {self.skipped} there already, {failures} failed"
        ]
        if self.known:
            words.append(f"{self.known} failed before (--retry-errors tries them again)")
        if self.elsewhere:
            words.append(f"{self.elsewhere} with another sweep")
        if self.repaired:
            words.append(f"{self.repaired} damaged and done again")
        if self.interrupted:
            words.append("interrupted: start again to go on")
        return ", ".join(words)

    def __str__(self) -> str:
        lines = [
            f"  {REASONS[reason]}: {len(labels)} ({shortened(labels, 5)})"
            for reason, labels in self.failed.items()
        ]
        return "\n".join([self._words, *lines, *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        table = new_table()
        for name in ("failed", "cells", "which"):
            table.add_column(name, justify="right" if name == "cells" else "left")
        for reason, labels in self.failed.items():
            table.add_row(REASONS[reason], str(len(labels)), escape(shortened(labels, 5)))
        return as_html(Sheet(self._words, tables=[table] * bool(self.failed), legend=self.notes))
