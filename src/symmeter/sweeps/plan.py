"""From models, data and a spec to cells: one model, one data set, one spec each, under a key of its own."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from symmeter.errors import SymmeterError
from symmeter.measuring.plan import Given, check_measures, control_mode, read_words
from symmeter.sweeps.keys import code_identity, data_identity, digest, weights_identity
from symmeter.sweeps.model_list import Entry
from symmeter.symmetry.hypothesis import generators_only

KINDS = ("measure", "layers")


@dataclass(frozen=True)
class Spec:
    """What is measured of every model; `kind` is `measure`, or `layers` for the attribution."""

    symmetry: str = "translation"
    measure: str | None = None
    output: str = "softmax"
    definition: str = "bandlimited"
    samples: int | None = None
    seed: int = 0
    control: str = "displacement"
    elements: int | None = None
    sampling: str = "haar"
    padding: str | None = None
    probes: int = 0
    kind: str = "measure"

    def check(self) -> "Spec":
        """Itself; SymmeterError for what no cell could do."""
        domain, symmetry = read_words(Given("", options=self.options), self.symmetry, self.output)
        if self.kind == "layers":
            generators_only(symmetry, "attribution", domain.generators())
        else:
            check_measures(self.measure, symmetry)
        control_mode(self.control)
        return self

    @property
    def options(self) -> dict[str, Any]:
        """Those of the kind of data."""
        return {"definition": self.definition, "padding": self.padding}

    @property
    def generators(self) -> list[str]:
        """Names of the generators of the symmetry."""
        return [g.name for g in read_words(Given("", options=self.options), self.symmetry)[1].generators]


@dataclass(frozen=True)
class Cell:
    """One model on one data set under one spec. `key` names it in a store: equal keys, equal numbers."""

    key: str
    entry: Entry
    data: str
    spec: Spec
    code: str = ""

    @property
    def label(self) -> str:
        """How it is shown."""
        words = [self.entry.label] + [self.spec.kind] * (self.spec.kind != "measure")
        return " ".join(words + [f"seed {self.spec.seed}"] * (self.spec.seed != 0))

    def task(self) -> dict[str, Any]:
        """All that a worker needs, as plain data."""
        return {"key": self.key, "label": self.label, "entry": asdict(self.entry), "data": self.data,
                "spec": asdict(self.spec), "code": self.code}  # fmt: skip


def plan(
    entries: Iterable[Entry], data: str, spec: Spec, *, seeds: Sequence[int] = (0,), layers: bool = False
) -> list[Cell]:
    """All cells, model by model: one a seed, and another for the attribution to layers where that is wanted.

    The key is a hash of weights, data, spec and code, so a changed checkpoint, image or version is a new cell.
    """
    spec.check()
    specs = [replace(spec, seed=seed) for seed in seeds]
    if layers:
        generators = spec.generators
        if not generators:
            raise SymmeterError(
                f"--layers needs a generator such as rotation; {spec.symmetry} has groups only"
            )
        specs += [
            replace(one, kind="layers", measure="lee", symmetry=",".join(generators)).check() for one in specs
        ]
    images, code = data_identity(data), code_identity()
    cells = []
    for entry in entries:
        for one in specs:
            own = replace(one, output=entry.output or one.output)
            key = digest({
                "weights": weights_identity(entry, own.seed), "data": images, "spec": asdict(own), "code": code,
                "preprocessing": dict(entry.preprocessing), "layouts": dict(entry.layouts),
            })  # fmt: skip
            cells.append(Cell(key, entry, data, own, code))
    return list({cell.key: cell for cell in cells}.values())
