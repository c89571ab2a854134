"""Values of single images, from the results of two models, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from symmeter.results.columns import CONTROL_OF, SCALE
from symmeter.results.row import Row
from symmeter.results.verdict import NO_TEST

VALUE = "value"
QUANTITIES = (VALUE, *CONTROL_OF)


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
        return row.verdict != NO_TEST and row.column in self.result.samples

    def ratios(self, row: Row, quantity: str) -> tuple[np.ndarray, np.ndarray] | None:
        """The errors (n,), and by what they are divided in a quantity: 1, or the control (n,); None without them."""
        values, controls = self._errors(f"{row.column}"), np.ones(len(self.positions))
        if quantity != VALUE:
            controls = self._errors(f"{row.column}:{CONTROL_OF[quantity]}")
        return None if values is None or controls is None else (values, controls)

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
    others = [other for other in others if other.sample_names != first.sample_names]
    if not others:
        return list(first.sample_names)
    kept = set(first.sample_names).intersection(*(other.sample_names for other in others))
    return [name for name in first.sample_names if name in kept]


def common_columns(results: Iterable[Measured], names: Sequence[str]) -> dict[str, np.ndarray]:
    """The columns (n,) of all results at the images of these names, each from the first result that has it."""
    columns: dict[str, np.ndarray] = {}
    for result in results:
        own = result.samples
        if tuple(names) != result.sample_names:  # an image was left out; else nothing is copied
            positions = Images.of(result, names).positions
            own = {key: values[positions] for key, values in own.items()}
        columns |= {key: values for key, values in own.items() if key not in columns}
    return columns
