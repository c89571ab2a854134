"""Values of single images, from the results of two models, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from symmeter.results.columns import SCALE, Key
from symmeter.results.row import Row
from symmeter.results.verdict import NO_TEST
from symmeter.verbs.arguments import split_list

VALUE, STABILITY, SPECIFICITY = "value", "stability", "specificity"
QUANTITIES = (VALUE, STABILITY, SPECIFICITY)
# What the columns of the controls are called behind the name of the column of values.
_CONTROLS = {STABILITY: "control", SPECIFICITY: "specificity_control"}


class Measured(Protocol):
    """What of a result is compared."""

    @property
    def rows(self) -> tuple[Row, ...]: ...

    @property
    def header(self) -> Mapping[str, Any]: ...

    @property
    def samples(self) -> Mapping[str, np.ndarray]: ...

    @property
    def sample_names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Images:
    """The values of a result at some of its images, in an order of the caller's.

    `positions` (n,) says where in `sample_names` they are.
    """

    result: Measured
    positions: np.ndarray

    @classmethod
    def of(cls, result: Measured, names: Sequence[str]) -> "Images":
        """Those with these names, which the result must have."""
        where = {name: i for i, name in enumerate(result.sample_names)}
        return cls(result, np.array([where[name] for name in names], int))

    def column(self, name: str) -> np.ndarray | None:
        """A column (n,) by its name; None where the result has none."""
        values = self.result.samples.get(name)
        return None if values is None else np.asarray(values, np.float64)[self.positions]

    def known(self, row: Row) -> bool:
        """Whether the row has a value for every image."""
        return column_of(self.result, row) is not None

    def ratios(self, row: Row, quantity: str) -> tuple[np.ndarray, np.ndarray] | None:
        """The errors (n,), and by what they are divided in a quantity: 1, or the control (n,); None without them."""
        column = column_of(self.result, row)
        values = None if column is None else self._errors(column)
        if values is None:
            return None
        if quantity == VALUE:
            return values, np.ones(len(values))
        controls = self._errors(f"{column}:{_CONTROLS[quantity]}")
        return None if controls is None else (values, controls)

    def _errors(self, name: str) -> np.ndarray | None:
        """The values (n,) of a column in units of their scale, where they have one."""
        values, scales = self.column(name), self.column(f"{name}:{SCALE}")
        if values is None or scales is None:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            return values / scales.mean()


def common_names(results: Iterable[Measured]) -> list[str]:
    """The names of the images that all results have, in the order of the first."""
    first, *others = results
    kept = set(first.sample_names).intersection(*(other.sample_names for other in others))
    return [name for name in first.sample_names if name in kept]


def column_of(result: Measured, row: Row) -> str | None:
    """The name of the column of a row's values; None where the number is made of all images together."""
    if row.verdict == NO_TEST or not row.whole:
        return None
    if row.elements is None:
        keys = [Key(row.measure, row.symmetry)]
        keys += [Key(row.measure, row.symmetry, output=output) for output in _outputs(result, row)]
    elif row.symmetry == _first_group(result):
        keys = [Key(row.measure, output) for output in _outputs(result, row)]
    else:  # the columns of a group do not name it, and those of the first are kept
        keys = []
    return next((str(key) for key in keys if str(key) in result.samples), None)


def _outputs(result: Measured, row: Row) -> list[str]:
    """What columns may call the output of a row: its name, or with the symmetry's action, as in `2:regular(C4)`."""
    spec = result.header["spec"]
    written = [word for run in (spec, *spec.get("runs", ())) for word in split_list(run["output"])]
    return [word for word in dict.fromkeys([row.output, *written]) if word.split(":")[0] == row.output]


def _first_group(result: Measured) -> str | None:
    return next((row.symmetry for row in result.rows if row.elements is not None), None)
