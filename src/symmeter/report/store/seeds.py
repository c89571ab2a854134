"""Several seeds of one model as one row: means, and intervals that hold what the seeds differ by.

What a seed's own interval leaves open comes from its images, which the seeds may share: it is not averaged out. So with
k centres c (logarithms for ratios) and the errors e of the seeds' own intervals, the mean of the c has the variance
var(c) / k + mean(e^2), and Student's t with Satterthwaite's degrees of freedom. Low and high ends go apart, for their
distances from the centre differ. Merged intervals are never narrower than those of one seed are on average.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symmeter.results.estimate import bounded
from symmeter.results.intervals import CONFIDENCE, Interval, Ratio
from symmeter.results.row import RATIOS
from symmeter.results.verdict import SAYS_NOTHING, against_untrained, verdict

Cell = Mapping[str, Any]  # a row of a store under one measure and symmetry
NUMBERS = (
    "value", "interval_low", "interval_high", "standard_error", "typical", "floor", "control", "specificity_control",
    "n", *(name + part for name in RATIOS for part in ("", "_low", "_high", "_pairs")),
)  # fmt: skip
_AVERAGED = ("value", "floor", "control", "specificity_control")
_UPPER = (1 + CONFIDENCE) / 2


def merged(rows: Sequence[Cell]) -> dict[str, Any]:
    """One row of the rows of one model and metric; of several seeds the mean, with a verdict from merged intervals.

    Numbers are floats or None. Ratios and `typical` are geometric means over the seeds.
    """
    first, last = rows[0], rows[-1]
    found: dict[str, Any] = {"name": first["name"], "metric": first["metric"], "cell": last["cell"]}
    found |= {"seeds": len(rows), "verdict": first["verdict"]}
    found |= {column: number(first.get(column)) for column in NUMBERS}
    return found if len(rows) == 1 else found | _over_seeds(rows)


def number(value: Any) -> float | None:
    """A float, infinite ones too; None for what is missing."""
    return None if value is None or value != value else float(value)


def _over_seeds(rows: Sequence[Cell]) -> dict[str, Any]:
    """What differs from the first row's numbers."""
    found: dict[str, Any] = dict.fromkeys(NUMBERS)
    found |= {column: number(_column(rows, column).mean()) for column in _AVERAGED}
    images = float(np.nan_to_num(_column(rows, "n")).min())
    found |= {"n": images, "standard_error": _error(rows)}
    found["typical"] = number(_geometric(_column(rows, "typical")))
    interval = _interval(rows, "value", "interval", images, np.asarray)
    found |= {"interval_low": bounded(interval.low), "interval_high": bounded(interval.high)}
    ratios = {name: _ratio(rows, name) for name in RATIOS}
    for name, ratio in ratios.items():
        if ratio is not None:
            found |= {name: ratio.value, f"{name}_pairs": ratio.pairs}
            found[f"{name}_low"] = bounded(ratio.interval.low)
            found[f"{name}_high"] = bounded(ratio.interval.high)
    resolved = all(row["verdict"] not in SAYS_NOTHING for row in rows)
    word = verdict(resolved, int(images), ratios["stability"], ratios["specificity"])
    untrained = ratios["untrained"]
    return found | {"verdict": word if untrained is None else against_untrained(word, untrained)}


def _column(rows: Sequence[Cell], name: str) -> np.ndarray:
    """One number of every seed (k,); NaN, which goes through all sums, for those that lack it."""
    return np.array([number(row.get(name)) for row in rows], float)


def _geometric(values: np.ndarray) -> float:
    """The geometric mean of values (k,); 0 where one is not above 0."""
    return float(np.exp(_logarithm(values).mean()))


def _error(rows: Sequence[Cell]) -> float | None:
    """The standard error of the mean value: what the seeds differ by, and what each of them leaves open."""
    errors, values = _column(rows, "standard_error"), _column(rows, "value")
    variance = float(values.var(ddof=1)) / len(values) + float((errors**2).mean())
    return number(math.sqrt(variance))


def _ratio(rows: Sequence[Cell], name: str) -> Ratio | None:
    """One ratio of all seeds; None where one of them lacks it."""
    values, pairs = _column(rows, name), _column(rows, f"{name}_pairs")
    if np.isnan([values, pairs]).any():
        return None
    fewest = int(pairs.min())
    if not (values > 0).all():
        return Ratio(float(values.mean()), Interval(remark="a seed has a ratio of 0"), fewest)
    logs = _interval(rows, name, name, fewest, _logarithm)
    return Ratio(_geometric(values), logs.through(math.exp), fewest)


def _logarithm(values: np.ndarray) -> np.ndarray:
    """Of values (k,); minus infinity for those that are not above 0."""
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(values, 0))


def _interval(
    rows: Sequence[Cell],
    name: str,
    interval: str,
    images: float,
    scale: Callable[[np.ndarray], np.ndarray],
) -> Interval:
    """The interval of the mean of a number of the seeds, on a scale, from their own ones, each of so many images."""
    values = _column(rows, name)
    low, high = _column(rows, f"{interval}_low"), _column(rows, f"{interval}_high")
    lacking = np.isnan(values) | (np.isnan(low) & np.isnan(high))
    if lacking.any() or images < 2:
        return Interval(remark="not all seeds have an interval")
    low = np.where(np.isnan(low), -np.inf, low)  # an interval with one end is not bounded on the other side
    high = np.where(np.isnan(high), np.inf, high)
    centres, low, high = map(scale, (values, low, high))
    between = float(centres.var(ddof=1)) / len(centres)
    down = _half(between, len(centres) - 1, centres - low, images - 1)
    up = _half(between, len(centres) - 1, high - centres, images - 1)
    return Interval(float(centres.mean()) - down, float(centres.mean()) + up)


def _half(between: float, freedom: float, sides: np.ndarray, own_freedom: float) -> float:
    """How far one end is from the mean of k seeds; `sides` (k,) are those distances of the seeds' own intervals."""
    from scipy.special import stdtrit

    within = float(((sides / stdtrit(own_freedom, _UPPER)) ** 2).mean())
    total = between + within
    if not total or not math.isfinite(total):
        return math.sqrt(total)
    together = total**2 / (between**2 / freedom + within**2 / own_freedom)
    return float(stdtrit(together, _UPPER)) * math.sqrt(total)
