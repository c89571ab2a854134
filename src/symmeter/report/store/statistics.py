"""What the values of many models say together: correlations, and a regression that separates what goes along."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from symmeter.optional import require
from symmeter.sweeps.tables import Frame

LEAST = 8  # models that a correlation needs
_RESAMPLES = 1000


@dataclass(frozen=True)
class Correlation:
    """A coefficient with a 95 % interval from bootstrap samples of models."""

    what: str
    of: str
    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f})"

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low * self.high > 0


@dataclass(frozen=True)
class Effect:
    """A coefficient of the regression, as the factor by which the error changes, all else being equal."""

    term: str
    factor: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves no change out."""
        return self.low > 1 or self.high < 1

    def __str__(self) -> str:
        return f"{self.factor:.2g} times ({self.low:.2g} to {self.high:.2g})"


@dataclass(frozen=True)
class Regression:
    """log10 of the error on what is known of the models, with intervals that hold for unequal variances (HC3)."""

    effects: tuple[Effect, ...]
    r_squared: float
    n: int
    left_out: tuple[str, ...]  # terms that these models cannot tell from others


def usable(values: Frame) -> tuple[Frame, int]:
    """Rows with a positive value that is resolved, and how many are left out: their logarithm says nothing."""
    good = (values["value"] > 0) & (values["verdict"] != "not resolved")
    return values[good].assign(log=np.log10(values.loc[good, "value"].astype(float))), int((~good).sum())


def correlations(values: Frame, against: str) -> list[Correlation]:
    """Linear and rank correlation of log10(error) with a column: overall, and within each kind of architecture."""
    chosen, _ = usable(values)
    groups = [("all models", chosen), *chosen.groupby("architecture")]
    found = []
    for name, rows in groups:
        rows = rows.dropna(subset=[against])
        if len(rows) < LEAST or rows[against].nunique() < 3 or (name != "all models" and len(groups) == 2):
            continue
        x = rows[against].astype(float).to_numpy()
        x = np.log10(x) if against == "parameters" else x
        for what, ranked in (("linear", False), ("rank", True)):
            found.append(_bootstrapped(what, name, [x, rows["log"].to_numpy()], ranked))
    return found


def partial(values: Frame, of: str, given: str) -> Correlation | None:
    """Rank correlation of error and a column, when what both share with another column is taken out."""
    chosen, _ = usable(values)
    rows = chosen.dropna(subset=[of, given])
    if len(rows) < LEAST or min(rows[of].nunique(), rows[given].nunique()) < 3:
        return None
    columns = [
        rows[of].astype(float).to_numpy(),
        rows["log"].to_numpy(),
        rows[given].astype(float).to_numpy(),
    ]
    return _bootstrapped(f"rank, given {given}", "all models", columns, ranked=True)


def regression(values: Frame) -> Regression | None:
    """log10(error) ~ architecture + log10(parameters) + accuracy + training data + training method."""
    chosen, _ = usable(values)
    pd = require("pandas", "io")
    rows = chosen.dropna(subset=["parameters"])
    rows = rows.dropna(subset=["accuracy"]) if rows["accuracy"].notna().sum() >= LEAST else rows
    design, left_out = _design(rows, pd)
    if design is None or len(rows) < max(LEAST, 2 * (design.shape[1] + 1)):
        return None
    sm = require("statsmodels.api", "report")
    fitted = sm.OLS(rows["log"].to_numpy(), sm.add_constant(design.to_numpy(float))).fit(cov_type="HC3")
    bounds = fitted.conf_int()[1:]
    factor = lambda slope: float(10 ** min(slope, 300))
    effects = tuple(
        Effect(term, factor(slope), factor(low), factor(high))
        for term, slope, (low, high) in zip(design, fitted.params[1:], bounds, strict=True)
    )
    return Regression(effects, float(fitted.rsquared), len(rows), tuple(left_out))


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


def _bootstrapped(what: str, of: str, columns: Sequence[np.ndarray], ranked: bool) -> Correlation:
    """A coefficient of the columns (n,), with percentiles over samples of models with replacement, all at once."""
    rankdata = require("scipy.stats", "report").rankdata

    def coefficients(samples: Sequence[np.ndarray]) -> np.ndarray:
        parts = [rankdata(sample, axis=1) if ranked else sample for sample in samples]
        parts = [part - part.mean(1, keepdims=True) for part in parts]
        with np.errstate(invalid="ignore", divide="ignore"):
            x, y, *given = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts]
            xy = (x * y).sum(1)
            if not given:
                return xy
            xz, yz = (x * given[0]).sum(1), (y * given[0]).sum(1)
            return (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))

    n = len(columns[0])
    chosen = np.random.default_rng(0).integers(0, n, (_RESAMPLES, n))
    draws = coefficients([column[chosen] for column in columns])
    low, high = np.nanpercentile(draws, [2.5, 97.5]) if np.isfinite(draws).any() else (math.nan, math.nan)
    value = float(coefficients([column[None] for column in columns])[0])
    return Correlation(what, of, value, float(low), float(high), n)
