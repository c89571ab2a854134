"""Numbers of several seeds: picked from a table, with Student's interval."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; without one where there is a single seed.

    `left_out` says how many seeds had no number.

    >>> print(Interval(1.0, 0.8, 1.2), Interval(1.0, 0.8, 1.2).below(1.1))
    1 (0.8 to 1.2) False
    """

    value: float
    low: float
    high: float
    left_out: int = 0

    def below(self, bound: float) -> bool:
        """Whether all of it is."""
        return self.high < bound

    def above(self, bound: float) -> bool:
        """Whether all of it is."""
        return self.low > bound

    def __str__(self) -> str:
        if self.value != self.value:
            return "not defined"
        words = [] if self.low == self.high else [f"{self.low:.3g} to {self.high:.3g}"]
        if self.left_out:
            words.append(f"{self.left_out} seed{'s' * (self.left_out > 1)} left out")
        return f"{self.value:.3g}" + f" ({'; '.join(words)})" * bool(words)


def of_values(values: Iterable[float], scale: str = "plain") -> Interval:
    """The mean of what is finite among values, one a seed, with Student's interval.

    `scale` "ratio" does it for logarithms, "correlation" for Fisher's z.
    """
    found = np.array([np.nan if v is None else v for v in values], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(found) if scale == "ratio" else np.arctanh(found) if scale == "correlation" else found
    found, given = found[np.isfinite(found)], len(found)
    if not len(found):
        return Interval(float("nan"), float("nan"), float("nan"))
    back = {"ratio": np.exp, "correlation": np.tanh}.get(scale, float)
    half = 0.0
    if len(found) > 1:
        half = float(t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
    mean = float(found.mean())
    low, value, high = (float(back(v)) for v in (mean - half, mean, mean + half))
    return Interval(value, low, high, given - len(found))


def over_seeds(table: Any, statistic: Callable[[Any], float], scale: str = "plain") -> Interval:
    """A statistic of every seed's rows, as `of_values`."""
    return of_values((statistic(rows) for _, rows in table.groupby("seed")), scale)


def chosen(rows: Any, **where: Any) -> Any:
    """The rows whose columns have these values."""
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows


def pick(rows: Any, column: str, **where: Any) -> Any:
    """One number: that of the first row whose other columns have these values."""
    return chosen(rows, **where)[column].astype(float).iloc[0]  # of NumPy: divided by 0 it is not finite


def ratio(table: Any, column: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Interval:
    """Of two rows of every seed; seeds where one of them is 0 are left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return over_seeds(
            table, lambda rows: pick(rows, column, **one) / pick(rows, column, **other), "ratio"
        )


def difference(table: Any, column: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Interval:
    """Of two rows of every seed."""
    return over_seeds(table, lambda rows: pick(rows, column, **one) - pick(rows, column, **other))


def in_words(intervals: Mapping[str, Interval]) -> str:
    """Several by name."""
    return ", ".join(f"{name} {interval}" for name, interval in intervals.items())
