"""Points that a study has published, as files beside its preset; nothing here imports torch, as reports do not."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
TAG = "preset"  # by which the cells of a preset are known in a store


@dataclass(frozen=True)
class Point:
    """One published point: accuracy on ImageNet in percent, error in its own unit, and the family that was drawn."""

    accuracy: float
    error: float
    family: str


@cache
def published_points(preset: str) -> tuple[Point, ...]:
    """The points of a preset by its name; none where it has none.

    >>> len(published_points("gruver2023")), published_points("zoo2026")
    (401, ())
    """
    path = FOLDER / f"{preset}_points.csv"
    if path not in FOLDER.glob("*_points.csv"):  # a name comes from a store, which may be anybody's
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Point(float(row["accuracy"]), float(row["error"]), row["family"]) for row in csv.DictReader(file)
        )
