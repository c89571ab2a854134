"""Where the error bars of charts end: at the edge of the data where an interval has no bound."""

import numpy as np

from symmeter.sweeps.tables import Frame

# The ends of intervals, and where their bars end, by column.
ENDS = {
    "value": ("interval_low", "interval_high"),
    "stability": ("stability_low", "stability_high"),
    "specificity": ("specificity_low", "specificity_high"),
}
BARS = tuple(f"{column}_{end}" for column in ENDS for end in ("from", "to"))


def with_bars(values: Frame) -> Frame:
    """The values with columns `value_from`, `value_to` and so on: None where there is no interval, and so no bar.

    Where one end is missing the values set no such bound: it is put at the edge of what is known of that column.

    >>> import pandas as pd
    >>> numbers = {"value": [1.0, 2.0], "interval_low": [0.5, 1.5], "interval_high": [3.0, None]}
    >>> with_bars(pd.DataFrame(numbers))["value_to"].tolist()
    [3.0, 3.0]
    """
    columns = {}
    for column, ends in ENDS.items():
        if column not in values:
            continue
        all_numbers = values[[column, *ends]].to_numpy(float)
        finite = all_numbers[np.isfinite(all_numbers)]
        edges = (finite.min(), finite.max()) if len(finite) else (np.nan, np.nan)
        there = values[list(ends)].notna().any(axis=1)
        for name, end, edge in zip(("from", "to"), ends, edges, strict=True):
            known = values[end].astype(float).clip(*edges)
            columns[f"{column}_{name}"] = known.where(known.notna() | ~there, edge)
    return values.assign(**columns)
