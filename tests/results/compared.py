"""Results made by hand, whose ratios are known."""

import numpy as np

from symmeter.results.estimate import estimate
from symmeter.results.result import Result
from symmeter.results.row import Row

IMAGES = tuple(f"photo{i}.png" for i in range(16))


def values_of(seed, n=16):
    """Positive values with a long tail, one per image."""
    return np.random.default_rng(seed).lognormal(sigma=2.0, size=n)


def made_result(columns, names=IMAGES, model="net", *, definition="bandlimited", output="logits", unit="1", floor=0.0, data="photos"):  # fmt: skip
    """A result of columns by generator, or by `GENERATOR:control` and `GENERATOR:specificity_control`; `lee` of each."""
    samples = {f"lee:{name}": np.asarray(values, float) for name, values in columns.items()}
    rows = tuple(
        Row(measure="lee", symmetry=name, output=output, layer="", unit=unit, direction="lower = more symmetric",
            definition=definition, column=f"lee:{name}", **estimate(np.asarray(values, float), floor=floor).columns())
        for name, values in columns.items()
        if ":" not in name
    )  # fmt: skip
    header = {
        "status": "complete",
        "definition": definition,
        "model": {"name": model},
        "data": {"name": data, "used": len(names), "item": "image"},
        "spec": {"output": output, "measure": "lee", "rho_out": "invariant"},
    }
    return Result(rows, header, (), samples, tuple(names))


def row_of(comparison, symmetry="rotation", quantity="value", model=None):
    """The only row of this kind."""
    found = [row for row in comparison.rows if (row.symmetry, row.quantity) == (symmetry, quantity)]
    (row,) = [row for row in found if model in (None, row.model)]
    return row
