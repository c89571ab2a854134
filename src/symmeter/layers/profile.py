"""What an attribution returns: a Result whose rows are the parts of a network."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symmeter.layers.tree import Part
from symmeter.results.columns import Key
from symmeter.results.result import Result, Row


@dataclass(frozen=True)
class LayerRow(Row):
    """One part along one generator.

    `contribution` = value, signed and in the unit of LEE; over the terminal parts it adds up to the root's, which is
    LEE. `share` = mean contribution / mean LEE. `norm` is the mean over images of ||df_after L_X m||^2 (Gruver et al.
    2023, the layerwise error), with its standard error over images, and that which the choice of probes adds.
    """

    contribution: float = 0.0
    share: float | None = None
    share_standard_error: float | None = None
    norm: float | None = None
    norm_standard_error: float | None = None
    norm_probe_error: float | None = None
    kind: str = "other"
    depth: int = 0
    calls: int = 1
    parent: str | None = None
    order: int = 0
    terminal: bool = True

    @property
    def whole(self) -> bool:
        return self.depth == 0


class Profile(Result):
    """Contributions of every part of a network, in call order with the root first, for every generator.

    The views in `symmeter.layers.summaries` and the plots in `symmeter.report.plots` take it.
    """

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The tree of parts, the same for every generator."""
        first = self.rows[0].symmetry
        return tuple(
            Part(row.layer, row.parent, row.kind, row.depth, row.calls, row.order, row.terminal)
            for row in self.rows
            if isinstance(row, LayerRow) and row.symmetry == first
        )

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Names of the generators."""
        return tuple(dict.fromkeys(row.symmetry for row in self.rows))

    def contributions(self, symmetry: str) -> np.ndarray:
        """(parts, images): the value of every image; of a result saved without them, the means (parts, 1)."""
        columns = [self.samples.get(str(Key("contribution", symmetry, part.layer))) for part in self.parts]
        if any(column is None for column in columns):
            return np.array([[row.value] for row in self.rows if row.symmetry == symmetry])
        return np.array(columns)

    def norms(self, symmetry: str) -> np.ndarray | None:
        """(parts, images), None where they were not asked for."""
        columns = [self.samples.get(str(Key("norm", symmetry, part.layer))) for part in self.parts]
        if any(column is None for column in columns):
            means = [row["norm"] for row in self.rows if row.symmetry == symmetry]
            return None if None in means else np.array(means)[:, None]
        return np.array(columns)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of the contract, marked as a profile."""
        return {**super().to_dict(), "kind": "profile"}
