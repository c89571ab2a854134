"""A network with a remedy, measured beside the one without on the same samples."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from torch import nn

from symmeter.curing.candidates import Candidate
from symmeter.curing.row import LARGER, SMALLER, UNCLEAR, CureRow
from symmeter.errors import SymmeterError
from symmeter.measuring.measure import measure
from symmeter.models.loaded import LoadedModel
from symmeter.results.intervals import Interval, of_mean, of_ratio_of_means, of_ratios
from symmeter.results.paired import Images, common_names
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.verdict import NOT_RESOLVED
from symmeter.verbs.warned import recorded

_ELEMENTS = 8  # of a group, for the consistency of decisions


@dataclass(frozen=True)
class Measured:
    """What was found of one network: its errors, and by symmetry how often its decisions stay the same."""

    result: Result
    consistency: Mapping[str, float]


@dataclass(frozen=True)
class Bench:
    """How networks are measured: arguments of `symmeter.measure`, the same for all.

    `decisions` has, by symmetry, the group over which the consistency of decisions is measured.
    """

    loaded: LoadedModel
    data: object
    arguments: Mapping[str, object]
    decisions: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, model: nn.Module) -> Measured:
        """Measure a network; its notes are in the result, and said by nobody."""
        loaded = replace(self.loaded, model=model)
        with recorded():
            result = measure(loaded, self.data, control="stability", **self.arguments)  # type: ignore[arg-type]
            shares = {
                group: self._consistency(loaded, group) for group in dict.fromkeys(self.decisions.values())
            }
        return Measured(result, {name: shares[group] for name, group in self.decisions.items()})

    def _consistency(self, loaded: LoadedModel, group: str) -> float:
        """The share of decisions that elements of a group do not change."""
        given = {**self.arguments, "symmetry": group, "measure": "consistency", "elements": _ELEMENTS}
        return measure(loaded, self.data, control=False, **given).rows[0].value  # type: ignore[arg-type]


@dataclass(frozen=True)
class Cost:
    """How many times the operations and the seconds of a forward pass without a remedy."""

    operations: float | None = None
    passes: float | None = None


def rows_of(
    candidate: Candidate, number: int, before: Measured, after: Measured, cost: Cost
) -> list[CureRow]:
    """What was found of a candidate, a row for every error that was measured."""
    pair = _Pair.of(before.result, after.result)
    after_rows = {row.column: row for row in after.result.rows}
    rows = []
    for own in before.result.rows:
        other = after_rows.get(own.column)
        if other is None:
            continue
        found = replace(
            blank(candidate, number, own),
            consistency_before=before.consistency.get(own.symmetry),
            consistency=after.consistency.get(own.symmetry),
            operations=cost.operations,
            passes=cost.passes,
        )
        rows.append(pair.added_to(found, own, other))
    return rows


def blank(candidate: Candidate, number: int, row: Row) -> CureRow:
    """The row of a candidate under a symmetry of which nothing is measured yet."""
    predicted = candidate.predicted[row.symmetry]
    return CureRow(
        remedy=str(candidate.recipe),
        where=candidate.recipe.where,
        symmetry=row.symmetry,
        measure=row.measure,
        output=row.output,
        recalibrated=candidate.recalibrated,
        finetuned=candidate.finetuned,
        error_before=row.value,
        predicted=predicted.ratio,
        predicted_low=predicted.low,
        predicted_high=predicted.high,
        stability_before=row.stability,
        accuracy_before=row.accuracy,
        recipe=number,
    )


@dataclass(frozen=True)
class _Pair:
    """Two networks on the samples that both have."""

    before: Images
    after: Images

    @classmethod
    def of(cls, before: Result, after: Result) -> "_Pair":
        names = common_names([before, after])
        if not names:
            raise SymmeterError("no sample could be measured with and without the remedy")
        return cls(Images.of(before, names), Images.of(after, names))

    def added_to(self, found: CureRow, own: Row, other: Row) -> CureRow:
        """A row with its ratios: of errors, of their stability, and the change of accuracy."""
        was, now = self.before.column(f"{own.column}"), self.after.column(f"{other.column}")
        if was is None or now is None:
            return found
        ratio = float(now.mean() / was.mean()) if was.mean() else None
        interval = of_ratio_of_means(now, was).within(0.0)
        found = replace(
            found,
            error=other.value,
            ratio=ratio,
            ratio_low=interval.low,
            ratio_high=interval.high,
            stability=other.stability,
            accuracy=other.accuracy,
            n=len(now),
            verdict=_verdict(own, interval),
        )
        return self._with_accuracy(self._with_stability(found, own, other))

    def _with_stability(self, found: CureRow, own: Row, other: Row) -> CureRow:
        was, now = self.before.ratios(own, "stability"), self.after.ratios(other, "stability")
        if was is None or now is None:
            return found
        with np.errstate(divide="ignore", invalid="ignore"):  # of_ratios drops what is not finite
            ratio = of_ratios(now[0] / now[1], was[0] / was[1])
        if ratio is None or ratio.method != "paired":
            return found
        low, high = ratio.interval.low, ratio.interval.high
        return replace(found, stability_ratio=ratio.value, stability_ratio_low=low, stability_ratio_high=high)

    def _with_accuracy(self, found: CureRow) -> CureRow:
        was, now = self.before.column("top1"), self.after.column("top1")
        if was is None or now is None:
            return found
        change = (now - was)[np.isfinite(now - was)]
        if not len(change):
            return found
        interval = of_mean(change).within(-1.0, 1.0)
        return replace(
            found,
            accuracy_change=float(change.mean()),
            accuracy_change_low=interval.low,
            accuracy_change_high=interval.high,
        )


def _verdict(before: Row, ratio: Interval) -> str:
    """Whether an error that was resolved is clearly smaller or larger."""
    if not before.resolved:
        return NOT_RESOLVED
    low, high = ratio.ends
    return SMALLER if high < 1 else LARGER if low > 1 else UNCLEAR
