"""From what a run finds of every part of a network to the rows of a profile."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import ClassVar

import numpy as np
from torch import Tensor

from symmeter.errors import SymmeterError, shortened
from symmeter.layers.blame import Amounts, named
from symmeter.layers.contributions import Contributions
from symmeter.layers.floors import LayerFloors
from symmeter.layers.part import Part
from symmeter.layers.profile import LayerRow
from symmeter.layers.tree import Tree
from symmeter.measuring.execution import Execution
from symmeter.measuring.run import Run
from symmeter.results.columns import Key
from symmeter.results.estimate import columns_of_interval, estimate
from symmeter.results.intervals import of_ratio_of_means
from symmeter.results.row import Row
from symmeter.results.standard_errors import ratio_error, standard_error
from symmeter.results.verdict import NONE, NOT_RESOLVED, on_contribution

_NOWHERE = "no one place: no share is resolved"


class LayerObserver(ABC):
    """Attributes every chunk of a run, and turns the columns into rows.

    `measure` is the error that contributions add up to, by the name of its column.
    """

    measure: ClassVar[str]

    def __init__(self) -> None:
        self._floors = LayerFloors()
        self._tree: Tree | None = None

    @property
    def tree(self) -> Tree | None:
        """The tree of parts, known after the first chunk."""
        return self._tree

    def _grown(self, tree: Tree) -> None:
        """Take down the tree of one more kind of samples; SymmeterError where it is not that of the others."""
        self._tree = self._tree or tree
        if tree.parts != self._tree.parts:
            raise SymmeterError(
                "the network calls other modules for samples of other shapes: attribute them apart"
            )

    @abstractmethod
    def rows(self, done: Execution) -> Iterator[LayerRow]:
        """The rows of a run that has come to its end."""

    @abstractmethod
    def residue(self, run: Run) -> dict[str, float]:
        """sum of terminal contributions / error of the whole - 1, by symmetry."""

    @staticmethod
    def alone(run: Run) -> bool:
        """Whether samples are joined in tensors inside, as graphs are, so that each goes by itself."""
        packing = run.samples.packing
        return packing is not None and packing.gathers

    @property
    def parts(self) -> tuple[Part, ...]:
        """Those of the tree."""
        return self.tree.parts if self.tree else ()

    @property
    def folded(self) -> Mapping[str, str]:
        """Modules without a row of their own, with the reason."""
        return self.tree.folded if self.tree else {}

    @abstractmethod
    def broken_in(self, run: Run) -> list[str]:
        """A sentence for every symmetry that is broken: where most of the error comes in."""

    def _sentences(self, run: Run, roots: Sequence[Row], amounts: Mapping[str, Amounts]) -> list[str]:
        """From parts of the error (n,) by place, by symmetry; nothing where it is not resolved."""
        found = []
        for t, root in enumerate(roots):
            if root.verdict in (NONE, NOT_RESOLVED) or not root.value:
                continue
            floors = self._floors_of(run, t, root)
            relative = {layer: (floor or 0.0) / root.value for layer, floor in floors.items()}
            whole = run.columns[Key(self.measure, root.symmetry)]
            places = named(amounts[root.symmetry], whole, relative)
            found.append(f"{root.symmetry} in {', '.join(places) or _NOWHERE}")
        return found

    def notes(self, run: Run) -> list[str]:
        """What the reader must know of the attribution, a line each."""
        if not self.folded:
            return []
        count, plural = len(self.folded), "" if len(self.folded) == 1 else "s"
        return [
            f"{count} call{plural} of modules folded into the module around, the layout is not known: "
            f"{shortened(self.folded)}"
        ]

    def _columns(self, found: Contributions, names: Sequence[str]) -> dict[Key, Tensor]:
        """Contributions, norms and the variances of norms (T, parts, B) as a column (B,) per symmetry and part."""
        columns = {}
        kinds = {"contribution": found.values, "norm": found.norms, "norm_variance": found.variances}
        for kind, values in kinds.items():
            for name, of_parts in zip(names, () if values is None else values, strict=values is not None):
                for part, column in zip(self.parts, of_parts, strict=True):
                    columns[Key(kind, name, part.layer)] = column
        return columns

    def _residue(self, run: Run, names: Sequence[str]) -> dict[str, float]:
        terminal = [part.layer for part in self.parts if part.terminal]
        found = {}
        for name in names:
            whole = float(run.columns[Key(self.measure, name)].mean())
            total = sum(float(run.columns[Key("contribution", name, layer)].mean()) for layer in terminal)
            if whole:
                found[name] = total / whole - 1
            else:
                found[name] = float("inf") if total else 0.0
        return found

    def _rows(self, run: Run, roots: Sequence[Row]) -> Iterator[LayerRow]:
        """The root's row is that of the whole error; parts follow in call order, symmetry by symmetry."""
        for t, root in enumerate(roots):
            floors = self._floors_of(run, t, root)
            for part in self.parts:
                yield self._row(run, root, part, floors[part.layer])

    def _floors_of(self, run: Run, t: int, root: Row) -> dict[str, float | None]:
        """The floor of every part under symmetry number t, None where it is not known."""
        layers = [part.layer for part in self.parts]
        keys = [Key("contribution", root.symmetry, layer) for layer in layers]
        means = np.array([root.value, *[run.columns[key].mean() for key in keys[1:]]])
        floors = self._floors.of(t, means, root.floor)
        known = [None] * len(layers) if floors is None else floors.tolist()
        return dict(zip(layers, known, strict=True))

    def _row(self, run: Run, root: Row, part: Part, floor: float | None) -> LayerRow:
        whole = run.columns[Key(self.measure, root.symmetry)]
        values = whole if part.parent is None else run.columns[Key("contribution", root.symmetry, part.layer)]
        mean = float(whole.mean())
        own = {f.name: getattr(part, f.name) for f in fields(Part) if f.name != "layer"}
        own |= self._norm(run, Key("norm", root.symmetry, part.layer))
        own["share"] = float(values.mean()) / mean if mean else None
        own["share_standard_error"] = ratio_error(values, whole)
        own |= columns_of_interval("share", of_ratio_of_means(values, whole, seed=run.seed))
        if part.parent is None:
            return LayerRow(**{**asdict(root), "layer": ""}, contribution=root.value, **own)
        e = estimate(values, floor=floor, seed=run.seed)
        columns = e.columns() | {"verdict": on_contribution(e.value, e.interval, floor, e.n)}
        columns |= {"top_share": None, "typical": None}  # of values of both signs they say nothing
        return LayerRow(
            measure=root.measure,
            symmetry=root.symmetry,
            output=root.output,
            layer=part.layer,
            unit=root.unit,
            direction="sign: + adds to the error, - takes from it",
            definition=root.definition,
            contribution=e.value,
            column=str(Key("contribution", root.symmetry, part.layer)),
            **columns,
            **own,
        )

    def _norm(self, run: Run, key: Key) -> dict[str, float | None]:
        norms = run.columns.get(key)
        variances = run.columns.get(replace(key, measure="norm_variance"))
        if norms is None or variances is None:
            return {}
        return {
            "norm": float(norms.mean()),
            "norm_standard_error": standard_error(norms),
            "norm_probe_error": float(np.sqrt(variances.sum()) / len(variances)),
        }
