"""Measures by name; one concept a file."""

import re
from collections.abc import Callable, Sequence

from symmeter.domains.images.psnr import EQR, EQT, EQTFractional
from symmeter.errors import SymmeterError, nearest
from symmeter.measures.consistency import (
    Consistency,
    EffectiveInvariance,
    MeanAccuracy,
    SamePrediction,
    WorstAccuracy,
)
from symmeter.measures.distances import DISTANCES
from symmeter.measures.divergence import JSConsistency, KLConsistency
from symmeter.measures.geed import GEED
from symmeter.measures.lee import LEE
from symmeter.measures.measure import DerivativeMeasure, Measure, OrbitMeasure
from symmeter.measures.normalised_variance import NormalisedVariance
from symmeter.measures.relative_error import RelativeError, RelativeInvariance
from symmeter.measures.twirled import EquivarianceLoss, TwirledVariance
from symmeter.verbs.arguments import split_list


def _geed(*words: str) -> GEED:
    kinds = [word for word in words if word != "normalised"]
    if len(kinds) > 1:
        raise SymmeterError(f"geed({','.join(words)}) has two distances; give one of {', '.join(DISTANCES)}")
    return GEED(kinds[0] if kinds else None, "normalised" in words)


_BUILD: dict[str, Callable[..., Measure]] = {
    "lee": LEE,
    "geed": _geed,
    "twirled_variance": TwirledVariance,
    "loss_split": EquivarianceLoss,
    "relative_error": RelativeError,
    "relative_invariance": RelativeInvariance,
    "consistency": Consistency,
    "same_prediction": SamePrediction,
    "effective_invariance": EffectiveInvariance,
    "kl_consistency": KLConsistency,
    "js_consistency": JSConsistency,
    "normalised_variance": NormalisedVariance,
    "orbit_accuracy": MeanAccuracy,
    "worst_accuracy": WorstAccuracy,
    "eq_t": lambda peak="2": EQT(float(peak)),
    "eq_t_frac": lambda peak="2": EQTFractional(float(peak)),
    "eq_r": lambda peak="2": EQR(float(peak)),
}
MEASURES: dict[str, Measure] = {name: build() for name, build in _BUILD.items()}
_CALL = re.compile(r"^([a-z_-]+)(?:\((.*)\))?$")


def parse_measures(what: "str | Measure | Sequence[str | Measure]") -> list[Measure]:
    """Measures from a comma list of names, with arguments in brackets; SymmeterError with the choices.

    >>> [m.name for m in parse_measures("lee, geed(kl), geed(cosine,normalised)")]
    ['lee', 'geed(kl)', 'geed(cosine,normalised)']
    """
    if isinstance(what, Measure):
        return [what]
    found: dict[str, Measure] = {}
    for item in split_list(what) if isinstance(what, str) else what:
        measure = item if isinstance(item, Measure) else _named(item.strip().lower())
        found.setdefault(measure.name, measure)
    if not found:
        raise SymmeterError(f"no measure given; choose from {', '.join(MEASURES)}")
    return list(found.values())


def _named(word: str) -> Measure:
    match = _CALL.match(word)
    name, inside = match.groups() if match else (word, None)
    name = name.replace("-", "_")
    if name not in _BUILD:
        raise SymmeterError(f"unknown measure {word!r}{nearest(name, MEASURES)}")
    arguments = [part.strip() for part in (inside or "").split(",") if part.strip()]
    if not arguments:
        return MEASURES[name]
    try:
        return _BUILD[name](*arguments)
    except (TypeError, ValueError) as error:
        raise SymmeterError(f"measure {word!r} has arguments that do not fit; geed takes {', '.join(DISTANCES)}, "
                            "normalised; eq_t, eq_t_frac and eq_r the range of the output") from error  # fmt: skip


__all__ = [
    "GEED",
    "LEE",
    "MEASURES",
    "DerivativeMeasure",
    "Measure",
    "OrbitMeasure",
    "parse_measures",
]
