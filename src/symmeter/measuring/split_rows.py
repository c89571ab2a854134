"""From the columns of a run over a group to the split of its error, and to what averages gain."""

import math
from typing import Any

import numpy as np

from symmeter.measuring.averages import Average
from symmeter.measuring.error_split import (
    ASYMMETRY,
    ERROR,
    GIVEN,
    SYMMETRISED,
    key_of,
    left_by,
    predicted,
    taken_by,
)
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.targets import OrbitTarget
from symmeter.results.coset_errors import Cosets
from symmeter.results.error_split import AveragedError, ErrorSplit
from symmeter.results.estimate import bounded
from symmeter.results.intervals import Interval, of_mean, of_ratio_of_means
from symmeter.results.standard_errors import standard_error


def split_rows(run: OrbitRun) -> tuple[list[ErrorSplit], list[AveragedError]]:
    """One row for every output with labels, and one for every average of it."""
    splits, averages = [], []
    for target in run.targets if run.splitting.wanted else ():
        labelled = np.isfinite(run.columns[key_of(target, GIVEN)])
        if labelled.any():
            own = _Rows(run, target, labelled)
            splits.append(own.split())
            averages += [own.averaged(one) for one in run.splitting.averages(run.elements)]
    return splits, averages


class _Rows:
    """The rows of one output, from those of its samples (N,) that have labels."""

    def __init__(self, run: OrbitRun, target: OrbitTarget, labelled: np.ndarray):
        self._run, self._target, self._labelled = run, target, labelled
        self._labels = {
            "symmetry": run.group.name,
            "output": target.output.name,
            "layer": target.output.layer,
            "unit": target.quantity.squared_unit,
            "root_unit": target.quantity.unit,
            "n": int(labelled.sum()),
        }

    def split(self) -> ErrorSplit:
        """How much of the error is broken symmetry."""
        found: dict[str, Any] = {}
        for statistic in (GIVEN, ERROR, SYMMETRISED, ASYMMETRY):
            found |= self._columns(statistic, statistic)
        error = found[ERROR]
        ratio = of_ratio_of_means(self._values(ASYMMETRY), self._values(ERROR), seed=self._run.seed)
        share = found[ASYMMETRY] / error if error else None
        low, high = bounded(ratio.low), bounded(ratio.high)
        return ErrorSplit(**self._labels, **found, share=share, share_low=low, share_high=high)

    def averaged(self, average: Average) -> AveragedError:
        """What an average takes away, predicted and measured."""
        k = average.k
        found = self._columns("error", left_by(k)) | self._columns("gain", taken_by(k))
        found |= self._columns("predicted_gain", predicted(k))
        found["predicted_error"] = float(self._values(ERROR).mean()) - found["predicted_gain"]
        return AveragedError(**self._labels, **found, evaluations=k, over=average.over)

    def _values(self, statistic: str) -> np.ndarray:
        return self._run.columns[key_of(self._target, statistic)][self._labelled]

    def _columns(self, name: str, statistic: str) -> dict[str, Any]:
        """The mean of a statistic under this name, with its interval."""
        values = self._values(statistic)
        mean, interval = float(values.mean()), of_mean(values, seed=self._run.seed)
        interval = self._widened(interval, mean, standard_error(values), self._element_error(statistic))
        return {name: mean, f"{name}_low": bounded(interval.low), f"{name}_high": bounded(interval.high)}

    @staticmethod
    def _widened(
        interval: Interval, mean: float, over_samples: float | None, over_elements: float
    ) -> Interval:
        """With the chance of both samples and elements."""
        if not over_samples:
            return interval
        return interval.widened(mean, math.hypot(over_samples, over_elements) / over_samples)

    def _element_error(self, statistic: str) -> float:
        """The standard error that comes from which elements the run has drawn; 0 where they are all, or not shared."""
        sums, elements = self._run.splitting.sums.get(key_of(self._target, statistic)), self._run.elements
        known = sums is not None and sums.samples and self._run.orbits.same_count
        if sums is None or not known or not elements.sampled:
            return 0.0
        means = sums.total / sums.samples
        if elements.replicates:
            return Cosets(elements.block, elements.part).error_of_mean(means) or 0.0
        return standard_error(means) or 0.0
