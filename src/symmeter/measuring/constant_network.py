"""What a constant network would score: the end of the scale at which a network hears nothing of its inputs."""

import math
from collections.abc import Mapping, Sequence

from torch import Tensor

from symmeter.measures.measure import OrbitMeasure
from symmeter.measures.orbit import Chunk, View
from symmeter.measuring.orbit_pass import FEW_ELEMENTS, Orbit
from symmeter.results.columns import Key


def constant_values(orbit: Orbit, chunks: Sequence[Chunk]) -> dict[Key, float]:
    """The value per measure and target where every output is that of the first sample of the target's chunk."""
    values = {}
    for target, own in zip(orbit.targets, chunks, strict=True):
        y = own.reference[:1]
        labels = None if own.labels is None else own.labels[:1]
        which = range(min(FEW_ELEMENTS, len(orbit.members)))
        chunk = orbit.chunk(target, y, which, y, labels)
        for measure in target.measures:
            columns = _columns(orbit, measure, chunk)
            if "error" in columns:
                error = float(columns["error"].mean()) / _scale(columns)
                values[target.key(measure)] = measure.value(error)
    return values


def _columns(orbit: Orbit, measure: OrbitMeasure, chunk: Chunk) -> Mapping[str, Tensor]:
    """The columns (1,) of a measure that sees the chunk's own outputs under every element."""
    reducer = measure.reducer(chunk)
    for i, g in enumerate(orbit.members[: chunk.count]):
        reducer.add(View(g, chunk.reference, chunk, i, g.is_identity))
    return reducer.columns()


def _scale(columns: Mapping[str, Tensor]) -> float:
    """By what the mean error is divided, from columns (1,): NaN where that is 0, and 1 where there is no scale."""
    if "scale" not in columns:
        return 1.0
    return float(columns["scale"].mean()) or math.nan
