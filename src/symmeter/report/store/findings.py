"""The headlines: what can be said of a store in sentences, each with its uncertainty."""

import numpy as np

from symmeter.errors import counted
from symmeter.report.store.statistics import Regression, correlations, partial, regression, usable
from symmeter.report.store.table import Metric, Tables


def findings(tables: Tables, metric: Metric) -> list[str]:
    """Sentences about one metric."""
    values = tables.of(metric)
    chosen, left_out = usable(values)
    words = [_range(chosen, metric)] if len(chosen) else []
    if left_out:
        words.append(f"{counted(left_out, 'value')} not resolved or 0: not in the statistics below.")
    words += _untrained(values, metric) + _kinds(chosen, metric)
    for against in ("accuracy", "parameters"):
        found = [c for c in correlations(values, against) if c.of == "all models" and c.what == "rank"]
        words += [f"Rank correlation of error and {against}: {c}, {_read(c.value, c.clear)}." for c in found]
    if (given := partial(values, "parameters", "accuracy")) is not None:
        words.append(
            f"Given the accuracy, the rank correlation with parameters is {given}, {_read(given.value, given.clear)}."
        )
    if (fitted := regression(values)) is not None:
        words += reading(fitted)
    return words


def reading(fitted: Regression) -> list[str]:
    """A regression in plain words."""
    words = [
        f"All else being equal, {effect.term} goes with {effect.factor:.2g} times the error (95 % interval "
        f"{effect.low:.2g} to {effect.high:.2g})."
        for effect in fitted.effects
        if effect.clear
    ]
    unclear = [effect.term for effect in fitted.effects if not effect.clear]
    if unclear:
        words.append(f"No clear effect of its own: {'; '.join(unclear)}.")
    if fitted.left_out:
        words.append(f"These models cannot tell apart: {'; '.join(fitted.left_out)}.")
    words.append(
        f"The regression explains {100 * fitted.r_squared:.0f} % of the variance over {fitted.n} models."
    )
    return words


def _range(chosen, metric: Metric) -> str:
    order = chosen.sort_values("value", ascending=metric.lower_is_better)
    best, worst = order.iloc[0], order.iloc[-1]
    return (
        f"{counted(len(chosen), 'model')}: most symmetric {best['name']} ({_number(best)}), least {worst['name']} "
        f"({_number(worst)}); median {chosen['value'].median():.3g}."
    )


def _untrained(values, metric: Metric) -> list[str]:
    """The caution: raw errors of random weights say nothing."""
    fresh, trained = (values[(values["training"] == "untrained") == flag] for flag in (True, False))
    if len(fresh) < 3 or len(trained) < 3 or not metric.lower_is_better:
        return []
    ratio = trained["value"].median() / fresh["value"].median()
    words = f"Trained networks have {ratio:.3g} times the error of untrained ones (medians)"
    selectivities = [rows["selectivity"].median() for rows in (trained, fresh)]
    if not np.isnan(selectivities).any():
        words += (
            f", but a selectivity of {selectivities[0]:.2f} against {selectivities[1]:.2f} (0: symmetric, "
            "1: nothing learned)"
        )
    return [words + "."]


def _kinds(chosen, metric: Metric) -> list[str]:
    """Medians by architecture, with bootstrap intervals."""
    random, found = np.random.default_rng(0), []
    for kind, rows in chosen.groupby("architecture"):
        if len(rows) >= 5:
            values = rows["value"].to_numpy(float)
            draws = np.median(values[random.integers(0, len(values), (1000, len(values)))], axis=1)
            low, high = np.percentile(draws, [2.5, 97.5])
            found.append(f"{kind} {np.median(values):.3g} ({low:.3g} to {high:.3g}, {len(rows)})")
    return [f"Medians by architecture (95 % interval, models): {'; '.join(found)}."] if len(found) > 1 else []


def _number(row) -> str:
    error = row["standard_error"]
    return f"{row['value']:.3g}" + (f" ± {error:.1g}" if error is not None and error == error else "")


def _read(value: float, clear: bool) -> str:
    if not clear:
        return "which is compatible with none"
    return "more goes with larger error" if value > 0 else "more goes with smaller error"
