"""Notes on measures that are infinite for some samples, because they divide by a probability or norm of 0."""

import numpy as np

from symmeter.errors import counted
from symmeter.results.columns import Columns, Key


def infinities(columns: Columns, key: Key, item: str) -> list[str]:
    """What follows for the mean where values of a column are infinite, and for the control where its values are."""
    notes = []
    for own, whose, what in (
        (key, key.measure, "so is the mean"),
        (key.as_control(), f"{key.measure} of the control", "there is no control"),
    ):
        values = columns.get(own)
        if values is None:
            continue
        infinite = (
            np.isinf(values) if own.control else ~np.isfinite(values)
        )  # NaN: it lacks a reference sample
        if not infinite.any():
            continue
        samples = counted(int(infinite.sum()), item)
        notes.append(
            f"{whose} is infinite for {samples}, where a probability or norm that it divides by is 0: {what}; "
            "try float64, or a bounded measure (js_consistency, geed)"
        )
    return notes
