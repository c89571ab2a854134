"""What becomes of a model on corrupted data: a result whose rows are those of every corruption at every strength."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import ClassVar

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.results.accuracy import change_of, of_scores
from symmeter.results.comparison import compared
from symmeter.results.comparison_row import ComparisonRow
from symmeter.results.result import Result
from symmeter.results.robustness_findings import sentences
from symmeter.results.robustness_row import CLEAN, RobustnessRow
from symmeter.results.robustness_text import sheet_of
from symmeter.results.row import Row
from symmeter.results.saved import register
from symmeter.results.sheet import WIDTH, Sheet

Label = tuple[str, int]  # the corruption, and its strength
_SAME = ("symmetry", "measure", "output", "layer")


class Robustness(Result):
    """Rows of clean data, and of the same data corrupted.

    `result["gaussian_noise", 3, "rotation"]` is one row, `result["rotation"]` that of clean data. `samples` has the
    columns of clean data as `measure` has them, and those of corrupted data with `CORRUPTION STRENGTH:` before their
    names, NaN for images that were left out there.
    """

    kind: ClassVar[str] = "robustness"
    labels: ClassVar = ("corruption", "strength", *Result.labels)

    @property
    def corruptions(self) -> tuple[str, ...]:
        """The names of the corruptions, as they were asked for."""
        return tuple(dict.fromkeys(row.corruption for row in self._own if row.strength))

    @property
    def _own(self) -> tuple[RobustnessRow, ...]:
        return tuple(row for row in self.rows if isinstance(row, RobustnessRow))

    def along(self, corruption: str, symmetry: str, measure: str, output: str) -> list[RobustnessRow]:
        """The rows of one corruption under one symmetry by strength, clean data first."""
        found = [
            row
            for row in self._own
            if row.corruption in (CLEAN, corruption)
            and (row.symmetry, row.measure, row.output) == (symmetry, measure, output)
        ]
        return sorted(found, key=lambda row: row.strength)

    def sentences(self) -> list[str]:
        """What the intervals bear, a line for each corruption under each symmetry."""
        return sentences(self._own)

    def sheet(self, width: int = WIDTH) -> Sheet:
        return sheet_of(self, self._own, width)


def gathered(
    runs: Mapping[Label, Result], warnings: Sequence[str], spec: Mapping[str, object], partial: bool = False
) -> Robustness:
    """The results of all runs as one; the first is that of clean data, with which the others are compared.

    The header is that of clean data, with more for its `spec`.
    """
    clean, *_ = runs.values()
    changes, notes = _changes(runs)
    rows = [_row(row, label, result, clean, changes) for label, result in runs.items() for row in result.rows]
    status = "partial" if partial or any(one.status != "complete" for one in runs.values()) else "complete"
    return Robustness(
        rows=tuple(rows),
        header={**clean.header, "spec": {**clean.header["spec"], **spec}, "status": status},
        warnings=(*warnings, *notes),
        samples=_samples(runs),
        sample_names=clean.sample_names,
    )


def _changes(runs: Mapping[Label, Result]) -> tuple[dict[Label, list[ComparisonRow]], list[str]]:
    """By run what became of its rows, and what cannot be compared."""
    (_, clean), *others = runs.items()
    known, notes = [], {}
    for label, result in others:
        try:
            compared([clean, result], [CLEAN, name_of(label)])
        except SymmeterError as error:  # measures without values of single images
            notes[str(error).partition(": ")[2] or str(error)] = None
        else:
            known.append((label, result))
    if not known:
        return {}, [f"not compared with clean data: {note}" for note in notes]
    names = {name_of(label): label for label, _ in known}
    found: dict[Label, list[ComparisonRow]] = {}
    for row in compared([clean, *(result for _, result in known)], [CLEAN, *names]).rows:
        found.setdefault(names[row.model], []).append(row)
    return found, [f"not compared with clean data: {note}" for note in notes]


def _row(
    row: Row, label: Label, result: Result, clean: Result, changes: Mapping[Label, list[ComparisonRow]]
) -> RobustnessRow:
    """A row of one run, with what became of it."""
    found: dict[str, float | str | None] = {**of_scores(result)}
    if label[1]:
        found |= change_of(result, clean)
    for change in changes.get(label, ()):
        if all(change[name] == row[name] for name in _SAME):
            about = change.quantity
            found |= {f"{about}_ratio": change.ratio, f"{about}_ratio_low": change.ratio_low}
            found |= {f"{about}_ratio_high": change.ratio_high, f"{about}_change": change.verdict}
    made = RobustnessRow(**asdict(row), corruption=label[0], strength=label[1])
    return replace(made, **found)  # type: ignore[arg-type]


def name_of(label: Label) -> str:
    """A run in words.

    >>> name_of(("fog", 3)), name_of((CLEAN, 0))
    ('fog 3', 'clean')
    """
    return f"{label[0]} {label[1]}" if label[1] else CLEAN


def _samples(runs: Mapping[Label, Result]) -> dict[str, np.ndarray]:
    """All columns (n,) at the images of clean data, NaN where another run left one out."""
    (_, clean), *others = runs.items()
    columns = dict(clean.samples)
    where = {name: i for i, name in enumerate(clean.sample_names)}
    for label, result in others:
        own = [i for i, name in enumerate(result.sample_names) if name in where]
        places = [where[result.sample_names[i]] for i in own]
        for name, values in result.samples.items():
            column = columns[f"{name_of(label)}:{name}"] = np.full(len(where), np.nan)
            column[places] = np.asarray(values, np.float64)[own]
    return columns


register(Robustness, RobustnessRow)
