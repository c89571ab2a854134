"""Results on corrupted data, made by hand: what became of errors and controls is known."""

from dataclasses import replace

import numpy as np
from tests.results.compared import made_result

from symmeter.results.result import Result
from symmeter.results.robustness import Robustness, gathered
from symmeter.results.robustness_row import CLEAN

COUNT = 32
NAMES = tuple(f"photo{i}.png" for i in range(COUNT))


def one(times=1.0, control=1.0, hits=0.5, symmetries=("rotation",)) -> Result:
    """A result whose errors and controls are so many times those of clean data, but for a little noise."""
    random = np.random.default_rng(round(1000 * times + 10 * control))
    wobble = lambda: np.exp(0.05 * random.normal(size=COUNT))
    base = np.random.default_rng(7).lognormal(size=COUNT)
    columns = {}
    for name in symmetries:
        columns[name] = base * times * wobble()
        columns[f"{name}:control"] = 4 * base * control * wobble()
    made = made_result(columns, NAMES)
    top1 = (np.arange(COUNT) < hits * COUNT).astype(float)
    samples = {**made.samples, "top1": top1, "confidence": np.full(COUNT, 0.5) + 0.01 * top1}
    accuracy = {"top1": hits, "interval_low": hits - 0.1, "interval_high": hits + 0.1}
    rows = tuple(replace(row, accuracy=hits, unit="1 / radian^2") for row in made.rows)
    return replace(made, rows=rows, samples=samples, header={**made.header, "accuracy": accuracy})


def made(runs=None, symmetries=("rotation",)) -> Robustness:
    """Clean data, noise that makes the net insensitive, and fog that makes it less symmetric."""
    runs = runs or {
        ("noise", 1): one(0.9, 0.9, 0.5, symmetries),
        ("noise", 3): one(0.5, 0.5, 0.4, symmetries),
        ("noise", 5): one(0.1, 0.1, 0.25, symmetries),
        ("fog", 1): one(1.0, 1.0, 0.5, symmetries),
        ("fog", 5): one(3.0, 1.0, 0.125, symmetries),
    }
    return gathered({(CLEAN, 0): one(symmetries=symmetries), **runs}, (), {"corruptions": {}})
