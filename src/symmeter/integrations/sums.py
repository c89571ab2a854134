"""Sums over images from which a value, its standard error and its stability follow: they add up over batches.

The columns of a run hold one number for every image. What is kept of them here does not grow with the images, and the
sums of two batches are those of both, on one machine or on several.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from symmeter.results.intervals import MOST_DROPPED


@dataclass(frozen=True)
class Sums:
    """Of errors v, by whose mean of s they are divided, and of controls d, divided by the mean of their scales c.

    Without scales s and c are 1. Of images with a control, `alive` ones are not 0 in both of v and d, `used` ones
    in neither: the geometric mean of v / d is over these.
    """

    images: float = 0.0
    values: float = 0.0
    squares: float = 0.0
    scales: float = 0.0
    scale_squares: float = 0.0
    products: float = 0.0
    controls_seen: float = 0.0
    control_scales: float = 0.0
    compared_values: float = 0.0
    compared_controls: float = 0.0
    alive: float = 0.0
    used: float = 0.0
    logs: float = 0.0

    @staticmethod
    def of(
        values: np.ndarray,
        scales: np.ndarray | None = None,
        controls: np.ndarray | None = None,
        control_scales: np.ndarray | None = None,
    ) -> "Sums":
        """Those of columns (n,); controls are not a number for an image without one."""
        v = np.asarray(values, np.float64)
        s = np.ones_like(v) if scales is None else scales
        own = {
            "images": len(v),
            "values": v.sum(),
            "squares": (v * v).sum(),
            "scales": s.sum(),
            "scale_squares": (s * s).sum(),
            "products": (v * s).sum(),
        }
        if controls is not None:
            own |= _beside(v, controls, np.ones_like(v) if control_scales is None else control_scales)
        return Sums(**{name: float(value) for name, value in own.items()})

    def as_row(self) -> list[float]:
        """All sums in their order."""
        return [getattr(self, field.name) for field in fields(self)]

    @property
    def error(self) -> float:
        """The mean of errors over that of their scales; not a number without images."""
        return _ratio(self.values, self.scales)

    @property
    def standard_error(self) -> float:
        """That of `error` by the delta method, of v - r s: without scales s / sqrt(n). Not a number for one image."""
        if self.images < 2:
            return math.nan
        r = self.error
        left = self.squares - 2 * r * self.products + r * r * self.scale_squares
        about = self.values - r * self.scales  # 0 but for round-off
        variance = max(0.0, left - about * about / self.images) / (self.images - 1)
        return math.sqrt(variance / self.images) / abs(self.scales / self.images)

    @property
    def stability(self) -> float:
        """The geometric mean of errors over their controls, or the ratio of the means where many are 0.

        As `symmeter.results.intervals.of_ratios` has it of the images themselves.
        """
        relative = _ratio(self.control_scales, self.controls_seen) / _ratio(self.scales, self.images)
        if self.alive - self.used > MOST_DROPPED * self.alive:
            return _ratio(self.compared_values, self.compared_controls) * relative
        return math.exp(self.logs / self.used) * relative if self.used else math.nan


COUNT = len(fields(Sums))


def _beside(v: np.ndarray, d: np.ndarray, c: np.ndarray) -> Mapping[str, float]:
    """The sums that hold controls d (n,) of errors v (n,), and their scales c (n,)."""
    finite = np.isfinite(v) & np.isfinite(d)
    alive = finite & ((v != 0) | (d != 0))
    used = finite & (v > 0) & (d > 0)
    return {
        "controls_seen": len(d),
        "control_scales": c.sum(),
        "compared_values": v[finite].sum(),
        "compared_controls": d[finite].sum(),
        "alive": alive.sum(),
        "used": used.sum(),
        "logs": (np.log(v[used]) - np.log(d[used])).sum(),
    }


def _ratio(total: float, by: float) -> float:
    return total / by if by else math.nan
