"""What an attribution returns: a Result whose rows are the parts of a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import ClassVar

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.layers.part import Part
from symmeter.layers.text import View, sheet_of
from symmeter.results.columns import Key
from symmeter.results.numbers import percent, short
from symmeter.results.paired import common_columns, common_names
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.saved import register
from symmeter.results.sheet import WIDTH, Sheet

_USUAL = View()


@dataclass(frozen=True, repr=False)
class LayerRow(Row):
    """One part along one generator.

    `contribution` = value, signed and in the unit of LEE; over the terminal parts it adds up to the root's, which is
    LEE. `share` = mean contribution / mean LEE, with its
    interval. `norm` is the mean over images of ||df_after L_X m||^2 (Gruver et al.
    2023, the layerwise error), with its standard error over images, and that which the choice of probes adds.
    """

    contribution: float = 0.0
    share: float | None = None
    share_standard_error: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    share_remark: str = ""
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

    def words(self) -> dict[str, str]:
        """What the table of a profile has of it; of the whole, what that of a result has."""
        if self.whole:
            return super().words()
        return {
            **{name: self[name] for name in ("layer", "symmetry", "output", "kind")},
            "share [95 %]": percent(self.share, self.share_low, self.share_high),
            "contribution": short(self.contribution),
            "unit": self.unit,
            "norm": "" if self.norm is None else short(self.norm),
            "verdict": self.verdict,
        }


class Profile(Result):
    """Contributions of every part of a network, in call order with the root first, for every generator.

    `print` shows the parts that matter most, `profile["layer2"]` is one part, or with the name of a symmetry that part
    under it, and `profile["rotation"]` the whole. The views in `symmeter.layers.summaries` and the plots in
    `symmeter.report.plots` take it.
    """

    kind: ClassVar[str] = "profile"
    labels: ClassVar = ("layer", *Result.labels[:-1])

    @property
    def parts(self) -> tuple[Part, ...]:
        """The tree of parts, the same for every generator."""
        return self._parts

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        first = self.rows[0].symmetry
        return tuple(
            Part(row.layer, row.parent, row.kind, row.depth, row.calls, row.order, row.terminal)
            for row in self.rows
            if isinstance(row, LayerRow) and row.symmetry == first
        )

    @property
    def broken_in(self) -> list[str]:
        """For every symmetry that is broken, in one sentence, where most of the error comes in."""
        spec = self.header["spec"]
        return list(chain.from_iterable(one.get("broken_in", []) for one in spec.get("runs", [spec])))

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Names of the generators."""
        return tuple(dict.fromkeys(row.symmetry for row in self.rows))

    def sheet(self, width: int = WIDTH, view: View = _USUAL) -> Sheet:
        return sheet_of(self, width, view)

    def contributions(self, symmetry: str) -> np.ndarray:
        """(parts, images): the value of every image; of a result saved without them, the means (parts, 1)."""
        return self._values("contribution", "value", symmetry)

    def norms(self, symmetry: str) -> np.ndarray | None:
        """(parts, images), or their means (parts, 1); None where they were not asked for."""
        values = self._values("norm", "norm", symmetry)
        return None if None in values else values

    def _values(self, measure: str, mean: str, symmetry: str) -> np.ndarray:
        """(parts, images); the means in that field of the rows (parts, 1) where not all parts have a column."""
        names = [str(Key(measure, symmetry, part.layer)) for part in self.parts]
        if self.samples.keys() >= set(names):
            return np.array([self.samples[name] for name in names])
        return np.array([[row[mean]] for row in self.rows if row.symmetry == symmetry])


def joined(parts: Sequence[Profile]) -> Profile:
    """The profiles of one network under several symmetries as one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    names = common_names(parts)
    complete = all(part.status == "complete" for part in parts)
    specs = [part.header["spec"] for part in parts]
    symmetries = [spec["symmetry"] for spec in specs]
    if any(part.parts != first.parts for part in parts):
        raise SymmeterError(
            f"symmetries {', '.join(symmetries)} divide the network in different ways: "
            "attribute one at a time"
        )
    measures = ", ".join(dict.fromkeys(spec["measure"] for spec in specs))
    spec = {
        **specs[0],
        "measure": measures,
        "symmetry": ",".join(symmetries),
        "runs": specs,
    }
    return Profile(
        rows=tuple(chain.from_iterable(part.rows for part in parts)),
        header={**first.header, "spec": spec, "status": "complete" if complete else "partial"},
        warnings=tuple(dict.fromkeys(chain.from_iterable(part.warnings for part in parts))),
        samples=common_columns(parts, names),
        sample_names=tuple(names),
    )


register(Profile, LayerRow)
