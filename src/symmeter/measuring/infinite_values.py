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
        if values is None or np.isfinite(values).all():
            continue
        samples = counted(int((~np.isfinite(values)).sum()), item)
        notes.append(
            f"{whose} is infinite for {samples}, where a probability or norm that it divides by is 0: {what}; "
            "try float64, or a bounded measure (js_consistency, geed)"
        )
    return notes
