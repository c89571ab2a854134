"""The headlines: what can be said of a store in sentences, each with its uncertainty and with how many were tried."""

from collections import Counter

from symmeter.errors import counted
from symmeter.report.store.statistics import (
    LEAST,
    LEVEL,
    STABILITY,
    Correlation,
    Regression,
    below_one,
    correlations,
    median_interval,
    regression,
    response,
    usable,
    words_of,
)
from symmeter.report.store.table import UNTRAINED, Metric, Tables
from symmeter.results.numbers import ratio
from symmeter.results.verdict import MEANINGS, NOT_RESOLVED, NOT_STABLE
from symmeter.sweeps.tables import Frame


def findings(tables: Tables, metric: Metric) -> list[str]:
    """Sentences about one metric."""
    values = tables.of(metric)
    chosen, left_out = usable(values)
    words = [_verdicts(values)]
    if values[STABILITY].notna().any():
        words += _below_one(values) + _extremes(values)
    else:
        words.append("Measured without a control: values alone do not say which network is more symmetric.")
    if left_out:
        words.append(f"{counted(left_out, 'value')} not resolved or 0: not in the statistics below.")
    words += _untrained(values) + _kinds(chosen, values)
    found = correlations(values)
    words += [_related(one, words_of(values), metric, values, len(found)) for one in found if _told(one)]
    if (fitted := regression(values)) is not None:
        words += reading(fitted, words_of(values))
    return words


def reading(fitted: Regression, what: str) -> list[str]:
    """A regression in plain words; `what` is its response."""
    tests = counted(len(fitted.effects), "test")
    words = [
        f"All else being equal, {effect.term} goes with {effect.factor:.2g} times the {what} (95 % interval "
        f"{effect.low:.2g} to {effect.high:.2g}; {p_value(effect.p)} after Holm's correction over {tests})."
        for effect in fitted.effects
        if effect.clear
    ]
    unclear = [effect.term for effect in fitted.effects if not effect.clear]
    if unclear:
        words.append(
            f"No clear effect of its own after Holm's correction over {tests}: {'; '.join(unclear)}."
        )
    if fitted.left_out:
        words.append(f"These models cannot tell apart: {'; '.join(fitted.left_out)}.")
    words.append(
        f"The regression explains {100 * fitted.r_squared:.0f} % of the variance over {fitted.n} models."
    )
    return words


def p_value(p: float) -> str:
    """A p value in words.

    >>> p_value(0.0321), p_value(1e-9)
    ('p = 0.032', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _verdicts(values: Frame) -> str:
    """How many models have which verdict."""
    counts = Counter(values["verdict"])
    order = [*MEANINGS, *(word for word in counts if word not in MEANINGS)]
    said = ", ".join(f"{counts[word]} {word}" for word in order if counts[word])
    return f"{counted(len(values), 'model')}: {said}, each by intervals of its own."


def _below_one(values: Frame) -> list[str]:
    """How many stand, when it is taken into account that many were looked at."""
    rows = values[values["verdict"] != NOT_RESOLVED].dropna(subset=[STABILITY])
    if len(rows) < 2:
        return []
    count = below_one(rows)
    return [f"After Holm's correction over {len(rows)} models the stability of {count} is still below 1."]


def _extremes(values: Frame) -> list[str]:
    """The networks with the lowest and the highest ratio, of those that may be named."""
    named = values[values["named"]].dropna(subset=[STABILITY, f"{STABILITY}_high"])
    stable = named[named["verdict"] != NOT_STABLE].sort_values(STABILITY)
    if not len(stable):
        return ["No trained network is stable by its interval, so none is named as the most symmetric."]
    best = stable.iloc[0]
    words = [f"Most stable: {best['name']} ({_interval(best)}){_reach(stable, best)}."]
    if len(named) > 1:
        last = named.sort_values(STABILITY).iloc[-1]
        words = [f"{words[0][:-1]}; least: {last['name']} ({_interval(last)})."]
    specific = stable[stable["specificity_high"] < 1].sort_values("specificity")
    if len(specific):
        best = specific.iloc[0]
        told = f"{best['name']} ({_interval(best, 'specificity')}){_reach(specific, best, 'specificity')}"
        words.append(f"Most specific: {told}.")
    return words


def _reach(rows: Frame, best: Frame, column: str = STABILITY) -> str:
    """How many others have an interval that reaches into that of the best."""
    near = int((rows[f"{column}_low"] <= best[f"{column}_high"]).sum()) - 1
    return f", not told apart by its interval from {counted(near, 'other')}" if near > 0 else ""


def _untrained(values: Frame) -> list[str]:
    """The caution: raw values of random weights say nothing."""
    column = response(values)
    good = values[(values["verdict"] != NOT_RESOLVED) & (values[column] > 0)]
    fresh, trained = (good[(good["training"] == UNTRAINED) == flag] for flag in (True, False))
    if len(fresh) < LEAST or len(trained) < LEAST or column != STABILITY:
        return []
    medians = [_median(rows[column]) for rows in (trained, fresh)]
    words = f"Median stability of trained networks {medians[0]}, of untrained ones {medians[1]}"
    times = trained["value"].median() / fresh["value"].median()
    return [
        f"{words} (0: symmetric, 1: no different); their raw values differ by {times:.3g} times, which says how "
        "much networks react, not how symmetric they are."
    ]


def _median(numbers: Frame, confidence: float = 1 - LEVEL) -> str:
    """A median with its interval."""
    low, high = median_interval(list(numbers), confidence)
    return f"{numbers.median():.3g} ({low:.3g} to {high:.3g})"


def _kinds(chosen: Frame, values: Frame) -> list[str]:
    """Medians by architecture, with intervals that hold all at once."""
    groups = [(kind, rows) for kind, rows in chosen.groupby("architecture") if len(rows) >= LEAST]
    if len(groups) < 2:
        return []
    column = response(values)
    alone = 1 - LEVEL / len(groups)
    found = [f"{kind} {_median(rows[column], alone)}, {len(rows)}" for kind, rows in groups]
    what = f"Medians of {words_of(values)} by architecture"
    return [f"{what} (with intervals that hold together in 95 % of cases, models): {'; '.join(found)}."]


def _told(one: Correlation) -> bool:
    """Whether a correlation is one for a sentence; the table has the others."""
    return one.of == "all models" and one.what != "linear"


def _related(one: Correlation, what: str, metric: Metric, values: Frame, tests: int) -> str:
    """A correlation in words."""
    given = "Given the accuracy, the rank" if "given" in one.what else "Rank"
    symmetric_is_low = response(values) == STABILITY or metric.lower_is_better
    worse = (one.value > 0) == symmetric_is_low
    read = f"more goes with {'less' if worse else 'more'} symmetric networks"
    corrected = f"{p_value(one.p)} after Holm's correction over {counted(tests, 'test')}"
    return (
        f"{given} correlation of {what} and {one.against}: {one}, {corrected}: "
        f"{read if one.clear else 'compatible with none'}."
    )


def _interval(row: Frame, column: str = STABILITY) -> str:
    return ratio(row[column], row[f"{column}_low"], row[f"{column}_high"])
