"""Rules of operations: where the axes of every tensor come from. Importing this registers all of them."""

from symmeter.domains.grids.axes.operations import (
    cutting,
    joining,
    mixing,
    recurrent,
    spectra,
    turning,
    unordered,
    views,
    windows,
)
from symmeter.domains.grids.axes.operations.operation import RULES, elementwise, rule_of

__all__ = [
    "RULES",
    "cutting",
    "elementwise",
    "joining",
    "mixing",
    "recurrent",
    "rule_of",
    "spectra",
    "turning",
    "unordered",
    "views",
    "windows",
]
