"""Results made by hand, whose figures are known."""

from dataclasses import replace

import numpy as np
from tests.results.compared import made_result, values_of

SYMMETRIES = ("translation_x", "rotation", "scale")


def made(seed=0, model="net", floor=0.0, symmetries=SYMMETRIES, times=1.0):
    """LEE along some generators on 16 images, with both controls; `floor` is that of the second generator."""
    random = np.random.default_rng(100 + seed)
    columns = {name: times * values_of(10 * seed + i) for i, name in enumerate(symmetries)}
    result = made_result(columns, model=model)
    rows = list(result.rows)
    samples = dict(result.samples)
    for i, row in enumerate(rows):
        ratios = {}
        for name, factor in (("stability", 0.3), ("specificity", 0.9)):
            value = factor * random.uniform(0.8, 1.2)
            ratios |= {
                name: value,
                f"{name}_low": 0.8 * value,
                f"{name}_high": 1.3 * value,
                f"{name}_pairs": 16,
            }
        interval = {"interval_low": 0.7 * row.value, "interval_high": 1.6 * row.value, "interval_remark": ""}
        controls = {"control": 4 * row.value, "specificity_control": 2 * row.value}
        rows[i] = replace(row, verdict="stable", unit="1 / unit^2", **ratios, **controls, **interval)
        samples[f"{row.column}:control"] = 4 * samples[row.column]
    if floor:
        rows[1] = replace(rows[1], floor=floor, verdict="not resolved")
    header = {**result.header, "model": {"name": model, "family": "callable", "parameters": 9}}
    return replace(result, rows=tuple(rows), samples=samples, header=header)
