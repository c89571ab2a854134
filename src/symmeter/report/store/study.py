"""The study that a store repeats, where a preset filled it: published points, and their regression beside the store's.

The response is the logarithm of the error, as in the paper's figure; terms are accuracy and architecture. Published
errors are means of absolute values, LEE is a mean of squares: here its root is the error, so that factors compare.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from symmeter.optional import require
from symmeter.report.store.statistics import LEAST, Effect, fitted_effects, usable
from symmeter.sweeps.presets.points import TAG, Point, published_points
from symmeter.sweeps.tables import Frame

_KINDS = {
    "CNN": "CNN",
    "ViT": "transformer",
    "Mixer": "mixer",
}  # families of the figure, and what they are here
_BASE, _FEWEST = "CNN", 3  # what other kinds are compared with, and models of a kind that count


@dataclass(frozen=True)
class Repeated:
    """One term of the regression: its effect on the published points, and here, where there are models enough."""

    term: str
    published: Effect
    here: Effect | None

    @property
    def difference(self) -> Effect | None:
        """How many times the published factor the one here is; the two are independent."""
        if self.here is None:
            return None
        half = math.hypot(*(math.log(one.high / one.low) / 2 for one in (self.published, self.here)))
        factor = self.here.factor / self.published.factor
        return Effect(self.term, factor, factor * math.exp(-half), factor * math.exp(half), math.nan)

    @property
    def verdict(self) -> str:
        """Whether the two differ, by the interval of their ratio."""
        ratio = self.difference
        if ratio is None:
            return "too few models here"
        return "no difference shown" if ratio.low <= 1 <= ratio.high else "different"


@dataclass(frozen=True)
class Repetition:
    """The regression of a study on `published` points, and on `here` models."""

    terms: tuple[Repeated, ...]
    published: int
    here: int


def points_of(models: Frame) -> tuple[Point, ...]:
    """What was published of the preset that all models of a store are of; nothing where they are of none."""
    column = f"tag_{TAG}"
    names = set(models[column].dropna()) if column in models else set()
    return published_points(str(names.pop())) if len(names) == 1 else ()


def backdrop(points: Sequence[Point]) -> Frame:
    """The points as a chart takes them; None where there are none."""
    pd = require("pandas", "io")
    rows = [{"accuracy": p.accuracy / 100, "value": p.error, "architecture": p.family} for p in points]
    return pd.DataFrame(rows) if rows else None


def repetition(values: Frame, points: Sequence[Point]) -> Repetition | None:
    """The regression on both; None where nothing was published."""
    published = backdrop(points)
    if published is None:
        return None
    published = published.assign(architecture=published["architecture"].map(_KINDS))
    own, _ = usable(values)
    own = own[own["value"] > 0].dropna(subset=["accuracy"])
    own = own.assign(value=own["value"].astype(float) ** 0.5)
    there, here = _effects(published), _effects(own) if len(own) >= LEAST else {}
    terms = tuple(Repeated(term, effect, here.get(term)) for term, effect in there.items())
    return Repetition(terms, len(published), len(own))


def _effects(rows: Frame) -> dict[str, Effect]:
    """log10(error) ~ accuracy + architecture, by term."""
    np, pd = require("numpy", "io"), require("pandas", "io")
    counts = rows["architecture"].value_counts()
    kinds = [kind for kind in _KINDS.values() if kind != _BASE and counts.get(kind, 0) >= _FEWEST]
    rows = rows[rows["architecture"].isin([_BASE, *kinds])]
    if counts.get(_BASE, 0) < _FEWEST or rows["accuracy"].nunique() < _FEWEST:
        return {}
    terms = {"10 points more accuracy": rows["accuracy"].astype(float) * 10}
    terms |= {f"{kind} instead of {_BASE}": (rows["architecture"] == kind).astype(float) for kind in kinds}
    effects, _ = fitted_effects(np.log10(rows["value"].to_numpy(float)), pd.DataFrame(terms))
    return {effect.term: effect for effect in effects}
