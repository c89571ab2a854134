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
from symmeter.results.intervals import CONFIDENCE, Interval, Ratio, ends_of
from symmeter.results.row import RATIOS
from symmeter.results.verdict import NOT_RESOLVED, against_untrained, verdict

NUMBERS = (
    "value", "interval_low", "interval_high", "standard_error", "typical", "floor", "control", "specificity_control",
    "n", *(name + part for name in RATIOS for part in ("", "_low", "_high", "_pairs")),
)  # fmt: skip
_AVERAGED = ("value", "floor", "control", "specificity_control")
_UPPER = (1 + CONFIDENCE) / 2


def merged(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
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


def _over_seeds(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What differs from the first row's numbers."""
    found: dict[str, Any] = {column: _mean(rows, column) for column in _AVERAGED}
    images = min(number(row.get("n")) or 0 for row in rows)
    found |= {"n": images, "standard_error": _error(rows)}
    typical = _column(rows, "typical")
    found["typical"] = None if typical is None else _geometric(typical)
    interval = _interval(rows, "value", "interval", images, lambda x: x)
    found |= {"interval_low": bounded(interval.low), "interval_high": bounded(interval.high)}
    ratios = {name: _ratio(rows, name) for name in RATIOS}
    for name, ratio in ratios.items():
        interval = Interval() if ratio is None else ratio.interval
        found |= {name: ratio and ratio.value, f"{name}_low": bounded(interval.low)}
        found[f"{name}_high"] = bounded(interval.high)
        found[f"{name}_pairs"] = ratio and ratio.pairs
    resolved = all(row["verdict"] != NOT_RESOLVED for row in rows)
    word = verdict(resolved, int(images), ratios["stability"], ratios["specificity"])
    untrained = ratios["untrained"]
    return found | {"verdict": word if untrained is None else against_untrained(word, untrained)}


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray | None:
    """One number of every seed (k,); None where one of them lacks it."""
    values = [number(row.get(name)) for row in rows]
    return None if None in values else np.array(values, float)


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = _column(rows, name)
    return None if values is None else float(values.mean())


def _geometric(values: np.ndarray) -> float:
    """The geometric mean of values (k,); 0 where one is not above 0."""
    return float(np.exp(np.log(values).mean())) if (values > 0).all() else 0.0


def _error(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The standard error of the mean value: what the seeds differ by, and what each of them leaves open."""
    errors, values = _column(rows, "standard_error"), _column(rows, "value")
    if errors is None or values is None:
        return None
    return math.sqrt(float(values.var(ddof=1)) / len(values) + float((errors**2).mean()))


def _ratio(rows: Sequence[Mapping[str, Any]], name: str) -> Ratio | None:
    """One ratio of all seeds; None where one of them lacks it."""
    values, pairs = _column(rows, name), _column(rows, f"{name}_pairs")
    if values is None or pairs is None:
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
    rows: Sequence[Mapping[str, Any]],
    name: str,
    interval: str,
    images: float,
    scale: Callable[[np.ndarray], np.ndarray],
) -> Interval:
    """The interval of the mean of a number of the seeds, on a scale, from their own ones, each of so many images."""
    values = _column(rows, name)
    ends = [ends_of(*(number(row.get(f"{interval}_{end}")) for end in ("low", "high"))) for row in rows]
    known = [both for both in ends if both is not None]
    if values is None or len(known) < len(rows) or images < 2:
        return Interval(remark="not all seeds have an interval")
    centres, low, high = (scale(numbers) for numbers in (values, *np.array(known, float).T))
    between = float(centres.var(ddof=1)) / len(centres)
    halves = [_half(between, len(centres) - 1, side, images - 1) for side in (centres - low, high - centres)]
    return Interval(float(centres.mean()) - halves[0], float(centres.mean()) + halves[1])


def _half(between: float, freedom: float, sides: np.ndarray, own_freedom: float) -> float:
    """How far one end is from the mean of k seeds; `sides` (k,) are those distances of the seeds' own intervals."""
    from scipy.special import stdtrit

    within = float(((sides / stdtrit(own_freedom, _UPPER)) ** 2).mean())
    total = between + within
    if not total or not math.isfinite(total):
        return math.sqrt(total)
    together = total**2 / (between**2 / freedom + within**2 / own_freedom)
    return float(stdtrit(together, _UPPER)) * math.sqrt(total)
