"""Numbers that know how far they can be trusted: a mean with its error, interval, floor and controls."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symmeter.results.intervals import CONFIDENCE, Interval, Ratio, of_mean, of_ratios
from symmeter.results.standard_errors import ratio_error, standard_error
from symmeter.results.verdict import NO_VALUE, resolved, verdict

# The standard deviation of the logarithm of specificity between untrained networks, beyond the choice of images:
# weights drawn at random prefer some directions of motion. `studies/instrument.py` measures it, on 12 networks of
# images; kinds of data on which networks differ more have their own, `Domain.between_networks`.
BETWEEN_NETWORKS = 0.1
_NO_INTERVAL = Interval()


@dataclass(frozen=True)
class Estimate:
    """A mean over images and what stands beside it. None means that it could not be had (one image, no control).

    `floor` is what the measurement itself adds. `control` is the same statistic along the directions in which other
    images move, `specificity_control` that along deformations of the same image as fast; `stability` and `specificity`
    are value over control, image by image, `ratio_of_means` the ratio of the means of value and control. `typical` is
    the geometric mean of the values above 0. `top_share` is the part of the total carried by the 5 % of images with the
    largest values. `power` is that of an amplitude that the value is made of: 2 for squares, which stand clear of the
    floor later.
    """

    value: float
    standard_error: float | None
    n: int
    interval: Interval = _NO_INTERVAL
    floor: float | None = None
    control: float | None = None
    control_standard_error: float | None = None
    ratio_of_means: float | None = None
    ratio_of_means_standard_error: float | None = None
    stability: Ratio | None = None
    specificity_control: float | None = None
    specificity: Ratio | None = None
    median: float | None = None
    typical: float | None = None
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
        """One or two words, those of `symmeter.results.verdict.verdict`."""
        if math.isnan(self.value):
            return NO_VALUE
        return verdict(self.resolved, self.n, self.stability, self.specificity)

    def columns(self) -> dict[str, Any]:
        """What a row holds of it, the verdict included."""
        found: dict[str, Any] = {name: getattr(self, name) for name in _AS_THEY_ARE}
        found |= columns_of_interval("interval", self.interval) | {"verdict": self.verdict}
        for name in ("stability", "specificity"):
            found |= columns_of_ratio(name, getattr(self, name))
        return found | {"selectivity": found.get("stability")}


_AS_THEY_ARE = (
    "value", "standard_error", "n", "floor", "control", "control_standard_error", "ratio_of_means",
    "ratio_of_means_standard_error", "specificity_control", "median", "typical", "quantile_05", "quantile_95",
    "top_share", "power",
)  # fmt: skip


def columns_of_interval(name: str, interval: Interval) -> dict[str, Any]:
    """`NAME_low` and `NAME_high`, None where the values set no such bound, and `NAME_remark` for why that is."""
    low, high = bounded(interval.low), bounded(interval.high)
    missing = [word for word, end in (("lower", low), ("upper", high)) if end is None]
    remark = interval.remark or (f"the values set no {' and no '.join(missing)} bound" if missing else "")
    return {f"{name}_low": low, f"{name}_high": high, f"{name}_remark": remark}


def bounded(end: float | None) -> float | None:
    """An end of an interval; None for an infinite one."""
    return None if end is None or not math.isfinite(end) else end


def columns_of_ratio(name: str, ratio: Ratio | None) -> dict[str, Any]:
    """`NAME`, its interval, and `NAME_pairs`: from how many images it is."""
    if ratio is None:
        return {}
    low, high = bounded(ratio.interval.low), bounded(ratio.interval.high)
    return {name: ratio.value, f"{name}_low": low, f"{name}_high": high, f"{name}_pairs": ratio.pairs}


def estimate(
    values: np.ndarray,
    controls: Mapping[str, np.ndarray] | None = None,
    floor: float | None = None,
    power: int = 1,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    between_networks: float = BETWEEN_NETWORKS,
) -> Estimate:
    """Mean, error, interval and spread of values (N,), one per image, with the ratios to their controls (N,).

    `controls` may have `stability` and `specificity`, not a number for an image without one. Values must be finite.
    The interval of specificity holds the chance of an untrained network's weights too, `between_networks`.
    ValueError when there are none.

    >>> e = estimate(np.array([1.0, 3.0, 2.0]), {"stability": np.array([2.0, 6.0, 4.0])})
    >>> e.value, e.control, e.stability.value, e.ratio_of_means
    (2.0, 4.0, 0.5, 0.5)
    """
    values = np.asarray(values, np.float64)
    if len(values) == 0:
        raise ValueError("no values to estimate from")
    value, controls = float(values.mean()), controls or {}
    low, median, high = map(float, np.quantile(values, [0.05, 0.5, 0.95]))
    known = _known(values, controls.get("stability"))
    turned = _known(values, controls.get("specificity"))
    mean = None if known is None else float(known[1].mean())
    return Estimate(
        value=value,
        standard_error=standard_error(values),
        n=len(values),
        interval=of_mean(values, confidence, seed=seed),
        floor=floor,
        control=mean,
        control_standard_error=None if known is None else standard_error(known[1]),
        ratio_of_means=float(known[0].mean()) / mean if known is not None and mean else None,
        ratio_of_means_standard_error=None if known is None else ratio_error(*known),
        stability=None if known is None else of_ratios(*known, confidence),
        specificity_control=None if turned is None else float(turned[1].mean()),
        specificity=None if turned is None else of_ratios(*turned, confidence, beyond=between_networks),
        median=median,
        typical=typical(values),
        quantile_05=low,
        quantile_95=high,
        top_share=_top_share(values),
        power=power,
    )


def typical(values: np.ndarray) -> float | None:
    """The geometric mean of those of values (N,) that are above 0; None where none is.

    >>> round(typical(np.array([1.0, 100.0, 0.0])), 6)
    10.0
    """
    above = values[values > 0]
    return float(np.exp(np.log(above).mean())) if len(above) else None


def _known(values: np.ndarray, controls: np.ndarray | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Values and controls (n,) of the images that have a control; None where none has."""
    if controls is None:
        return None
    there = ~np.isnan(controls)
    return (values[there], controls[there]) if there.any() else None


def _top_share(values: np.ndarray) -> float | None:
    """The part of the sum of values (N,) that the largest 5 % hold; None where the sum is not positive."""
    total = float(values.sum())
    top = np.sort(values)[-max(1, len(values) // 20) :]
    return float(top.sum()) / total if total > 0 else None
