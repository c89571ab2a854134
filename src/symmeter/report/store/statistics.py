"""What the values of many models say together: correlations, and a regression that separates what goes along.

The response is the logarithm of stability, which is a mean of logarithms over the images; of metrics without a control
it is that of the geometric mean, for the mean of values with long tails is that of a few images. Untrained networks,
whose accuracy is chance, are not among trained ones here.

The models are what is sampled, and all that is known of them (kind, size, accuracy, training) is the same for every
image of a model. Rows of single images would be pseudo-replicates: they share the model's own deviation, and a random
effect per image does not take that out. Where all models see the same images, such an effect is common to all of them
and changes no difference between models at all. A random effect per model is what matters, and with it the means of the
logarithms, one per model, hold all that the images say of the coefficients. That is the regression here, with intervals
that hold for unequal variances (HC3).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from symmeter.optional import require
from symmeter.report.store.table import UNTRAINED
from symmeter.results.intervals import CONFIDENCE, holm
from symmeter.results.verdict import NOT_RESOLVED
from symmeter.sweeps.tables import Frame

LEAST = 8  # models that a statistic needs
LEVEL = 1 - CONFIDENCE  # of a corrected p value, above which nothing is said
STABILITY = "stability"
_ALL = "all models"
_UPPER = (1 + CONFIDENCE) / 2
_RESPONSES = {
    STABILITY: STABILITY,
    "typical": "geometric mean",
    "value": "value",
}  # column and words, best first


@dataclass(frozen=True)
class Correlation:
    """A coefficient with its 95 % interval, and the two-sided p value of none, corrected by Holm's method.

    Linear ones by Fisher's transformation, ranks with the variance of Bonett and Wright 2000.
    """

    what: str
    against: str
    of: str
    value: float
    low: float
    high: float
    n: int
    p: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f})"

    @property
    def clear(self) -> bool:
        """Whether there is one, after the correction."""
        return self.p < LEVEL


@dataclass(frozen=True)
class Effect:
    """A coefficient of the regression, as the factor by which the response changes, all else being equal.

    `low` to `high` is its own 95 % interval; `p` is corrected by Holm's method over the effects.
    """

    term: str
    factor: float
    low: float
    high: float
    p: float

    @property
    def clear(self) -> bool:
        """Whether there is one, after the correction."""
        return self.p < LEVEL

    def __str__(self) -> str:
        return f"{self.factor:.2g} times ({self.low:.2g} to {self.high:.2g})"


@dataclass(frozen=True)
class Regression:
    """The logarithm of the response on what is known of the models."""

    effects: tuple[Effect, ...]
    r_squared: float
    n: int
    left_out: tuple[str, ...]  # terms that these models cannot tell from others


def response(values: Frame) -> str:
    """The column whose logarithm is compared between models: stability where there is one."""
    there = [column for column in _RESPONSES if column in values and (values[column] > 0).sum() >= 2]
    return there[0] if there else "value"


def words_of(values: Frame) -> str:
    """The response in words."""
    return _RESPONSES[response(values)]


def usable(values: Frame) -> tuple[Frame, int]:
    """Rows with a response above 0 that is resolved, with its logarithm, and how many are left out.

    Trained networks only, where there are any.
    """
    trained = values["training"] != UNTRAINED
    values = values[trained] if trained.any() else values
    column = response(values)
    good = (values[column] > 0) & (values["verdict"] != NOT_RESOLVED)
    return values[good].assign(log=np.log10(values.loc[good, column].astype(float))), int((~good).sum())


def correlations(values: Frame) -> list[Correlation]:
    """Of the logarithm of the response with accuracy and size: of all models, and within each kind of architecture.

    The last one, where it can be had, is the rank correlation with size when what both share with accuracy is taken
    out. All p values are corrected together.
    """
    chosen, _ = usable(values)
    kinds = list(chosen.groupby("architecture"))
    groups = [(_ALL, chosen), *(kinds if len(kinds) > 1 else [])]
    found: list[Correlation] = []
    for against, (name, rows) in itertools.product(("accuracy", "parameters"), groups):
        rows = rows.dropna(subset=[against])
        if _enough(rows, against):
            columns = [rows["log"].to_numpy(), _column(rows, against)]
            found += [_correlation(what, against, name, columns) for what in ("linear", "rank")]
    rows = chosen.dropna(subset=["parameters", "accuracy"])
    if _enough(rows, "parameters") and _enough(rows, "accuracy"):
        columns = [rows["log"].to_numpy(), _column(rows, "parameters"), _column(rows, "accuracy")]
        found.append(_correlation("rank, given accuracy", "parameters", _ALL, columns))
    corrected = holm([one.p for one in found])
    return [replace(one, p=p) for one, p in zip(found, corrected, strict=True) if p is not None]


def regression(values: Frame) -> Regression | None:
    """log10(response) ~ architecture + log10(parameters) + accuracy + training data + training method."""
    chosen, _ = usable(values)
    pd = require("pandas", "io")
    rows = chosen.dropna(subset=["parameters"])
    rows = rows.dropna(subset=["accuracy"]) if rows["accuracy"].notna().sum() >= LEAST else rows
    design, left_out = _design(rows, pd)
    if design is None or len(rows) < max(LEAST, 2 * (design.shape[1] + 1)):
        return None
    effects, r_squared = fitted_effects(rows["log"].to_numpy(), design)
    return Regression(effects, r_squared, len(rows), tuple(left_out))


def fitted_effects(logarithms: np.ndarray, design: Frame) -> tuple[tuple[Effect, ...], float]:
    """The effects of the columns of a design on logarithms (n,) to base 10, with intervals by HC3; and R squared."""
    linear_model = require("statsmodels.regression.linear_model", "report")  # not all of statsmodels.api
    constant = np.ones(len(design))
    model = linear_model.OLS(logarithms, np.column_stack([constant, design.to_numpy(float)]))
    fitted = model.fit(cov_type="HC3", use_t=True)
    corrected = holm(list(map(float, fitted.pvalues[1:])))
    factor = lambda slope: float(10 ** min(slope, 300))
    effects = tuple(
        Effect(term, factor(slope), factor(low), factor(high), 1.0 if p is None else p)
        for term, slope, (low, high), p in zip(
            design, fitted.params[1:], fitted.conf_int()[1:], corrected, strict=True
        )
    )
    return effects, float(fitted.rsquared)


def below_one(values: Frame, column: str = STABILITY) -> int:
    """How many rows have a ratio that is below 1 after Holm's correction over all of them, from their intervals."""
    rows = values.dropna(subset=[column, f"{column}_high", f"{column}_pairs"])
    rows = rows[(rows[column] > 0) & (rows[f"{column}_pairs"] > 2)]
    named = (column, f"{column}_high", f"{column}_pairs")
    corrected = holm(
        [_p_below_one(*numbers) for numbers in zip(*(rows[name] for name in named), strict=True)]
    )
    return sum(p is not None and p < LEVEL for p in corrected)


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of the median of values (n,) from their order alone; infinite where they are too few."""
    stats = require("scipy.stats", "report")
    found = stats.quantile_test(np.asarray(values, float), p=0.5).confidence_interval(confidence)
    low, high = float(found.low), float(found.high)
    return -math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high


def _p_below_one(value: float, high: float, pairs: float) -> float:
    """The two-sided p value of a ratio of 1, from the upper end of its interval by Student's t on the logarithm."""
    special = require("scipy.special", "report")
    if value >= 1 or math.isinf(high):
        return 1.0
    error = math.log(high / value) / float(special.stdtrit(pairs - 1, _UPPER))
    t = math.inf if not error else -math.log(value) / error
    return float(2 * special.stdtr(pairs - 1, -t))


def _enough(rows: Frame, against: str) -> bool:
    return len(rows) >= LEAST and rows[against].nunique() >= 3


def _column(rows: Frame, against: str) -> np.ndarray:
    """A column (n,), of sizes its logarithm."""
    values = rows[against].astype(float).to_numpy()
    return np.log10(values) if against == "parameters" else values


def _correlation(what: str, against: str, of: str, columns: Sequence[np.ndarray]) -> Correlation:
    """Of the first two columns (n,), when what they share with a third, if there is one, is taken out."""
    stats, special = require("scipy.stats", "report"), require("scipy.special", "report")
    ranked = what.startswith("rank")
    columns = [stats.rankdata(column) if ranked else column for column in columns]
    between = np.corrcoef(columns)
    r = float(between[0, 1])
    n, given = len(columns[0]), len(columns) - 2
    if given:
        xz, yz = float(between[0, 2]), float(between[1, 2])
        r = (r - xz * yz) / math.sqrt(max((1 - xz**2) * (1 - yz**2), 1e-300))
    r = min(max(r, -1.0), 1.0) if math.isfinite(r) else 0.0  # nothing to share where one of them is constant
    inner = math.copysign(min(abs(r), 1 - 1e-12), r)
    error = math.sqrt((1 + r**2 / 2 if ranked else 1.0) / (n - 3 - given))
    half = float(special.ndtri(_UPPER)) * error
    low, high = math.tanh(math.atanh(inner) - half), math.tanh(math.atanh(inner) + half)
    freedom = n - 2 - given
    t = inner * math.sqrt(freedom / (1 - inner**2))
    return Correlation(what, against, of, r, low, high, n, float(2 * special.stdtr(freedom, -abs(t))))


def _design(rows: Frame, pd: ModuleType) -> tuple[Frame, list[str]]:
    """One column per term; a term that others make up is left out and named."""
    if not len(rows):
        return None, []
    terms = {"ten times the parameters": np.log10(rows["parameters"].astype(float))}
    if rows["accuracy"].notna().all():
        terms["10 points more accuracy"] = rows["accuracy"].astype(float) * 10
    for column, prefix in (
        ("architecture", ""),
        ("training_data", "training data "),
        ("training", "training "),
    ):
        counts = rows[column].value_counts()
        for level in counts.index[1:]:
            if counts[level] >= 3:
                terms[f"{prefix}{level} instead of {counts.index[0]}"] = (rows[column] == level).astype(float)
    kept: dict[str, np.ndarray] = {}
    left_out = []
    for term, column in terms.items():
        matrix = np.column_stack([np.ones(len(rows)), *kept.values(), column])
        if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
            left_out.append(term)
        else:
            kept[term] = column.to_numpy()
    return (pd.DataFrame(kept), left_out) if kept else (None, left_out)
