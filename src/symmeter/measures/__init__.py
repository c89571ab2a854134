"""Statistics of the conjugated model, one concept per file; `parse_measures` finds them by name."""

from symmeter.measures.consistency import (
    Consistency,
    EffectiveInvariance,
    MeanAccuracy,
    SamePrediction,
    WorstAccuracy,
)
from symmeter.measures.divergence import JSConsistency, KLConsistency
from symmeter.measures.geed import GEED
from symmeter.measures.lee import LEE
from symmeter.measures.measure import DerivativeMeasure, Measure, OrbitMeasure
from symmeter.measures.normalised_variance import NormalisedVariance
from symmeter.measures.registry import known_measures, parse_measures, register
from symmeter.measures.relative_error import RelativeError, RelativeInvariance
from symmeter.measures.twirled import EquivarianceError, EquivarianceLoss, TwirledVariance

register(
    LEE,
    GEED,
    TwirledVariance,
    EquivarianceError,
    EquivarianceLoss,
    RelativeError,
    RelativeInvariance,
    Consistency,
    SamePrediction,
    EffectiveInvariance,
    KLConsistency,
    JSConsistency,
    NormalisedVariance,
    MeanAccuracy,
    WorstAccuracy,
)

__all__ = [
    "GEED",
    "LEE",
    "DerivativeMeasure",
    "Measure",
    "OrbitMeasure",
    "known_measures",
    "parse_measures",
    "register",
]
