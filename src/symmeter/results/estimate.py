"""Numbers that know how far they can be trusted: a mean with its error, floor and control."""

from dataclasses import dataclass

import numpy as np

from symmeter.results.standard_errors import ratio_error, standard_error
from symmeter.results.verdict import NOT_RESOLVED, on_selectivity, resolved


@dataclass(frozen=True)
class Estimate:
    """A mean over images and what stands beside it. None means that it could not be had (one image, no control).

    `floor` is what the measurement itself adds; `control` the same statistic along directions of the same size
    that are no symmetry; `selectivity` = value / control (1: nothing learned, 0: symmetric). `top_share` is the
    part of the total carried by the 5 % of images with the largest values. `power` is that of an amplitude that the
    value is made of: 2 for squares, which stand clear of the floor later.
    """

    value: float
    standard_error: float | None
    n: int
    floor: float | None = None
    control: float | None = None
    control_standard_error: float | None = None
    selectivity: float | None = None
    selectivity_standard_error: float | None = None
    median: float | None = None
    quantile_05: float | None = None
    quantile_95: float | None = None
    top_share: float | None = None
    power: int = 1

    @property
    def resolved(self) -> bool:
        """Whether the value is positive and stands clear of the floor."""
        return self.value > 0 and resolved(self.value, self.floor, self.power)

    @property
    def verdict(self) -> str:
        """One or two words: `not resolved`, or those of `symmeter.results.verdict.on_selectivity`."""
        if not self.resolved:
            return NOT_RESOLVED
        return on_selectivity(self.selectivity, self.selectivity_standard_error)


def estimate(
    values: np.ndarray, controls: np.ndarray | None = None, floor: float | None = None, power: int = 1
) -> Estimate:
    """Mean, standard error and spread of values (N,), one per image, with the ratio to their controls (N,).

    The selectivity's standard error is that of a ratio of means of paired values. Values must be finite. ValueError
    when there are none.

    >>> e = estimate(np.array([1.0, 3.0]), np.array([2.0, 6.0]))
    >>> e.value, e.standard_error, e.selectivity, e.selectivity_standard_error
    (2.0, 1.0, 0.5, 0.0)
    """
    values = np.asarray(values, np.float64)
    if len(values) == 0:
        raise ValueError("no values to estimate from")
    value = float(values.mean())
    low, median, high = map(float, np.quantile(values, [0.05, 0.5, 0.95]))
    control = control_error = selectivity = selectivity_error = None
    if controls is not None:
        control, control_error = float(np.mean(controls)), standard_error(controls)
        if control:
            selectivity, selectivity_error = value / control, ratio_error(values, controls)
    return Estimate(
        value=value,
        standard_error=standard_error(values),
        n=len(values),
        floor=floor,
        control=control,
        control_standard_error=control_error,
        selectivity=selectivity,
        selectivity_standard_error=selectivity_error,
        median=median,
        quantile_05=low,
        quantile_95=high,
        top_share=_top_share(values),
        power=power,
    )


def _top_share(values: np.ndarray) -> float | None:
    """The part of the sum of values (N,) that the largest 5 % hold; None where the sum is not positive."""
    total = float(values.sum())
    top = np.sort(values)[-max(1, len(values) // 20) :]
    return float(top.sum()) / total if total > 0 else None
