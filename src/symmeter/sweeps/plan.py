"""From models, data and a spec to cells: one model, one data set, one spec each, under a key of its own."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.measuring.needs import Asked, refuse_idle
from symmeter.measuring.plan import Given, check_measures, control_mode, read_words
from symmeter.options import Values, as_written
from symmeter.sweeps.keys import (
    NUMBERS,
    code_version,
    data_identity,
    digest,
    files_identity,
    said,
    weights_identity,
)
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.task import Task
from symmeter.symmetry.hypothesis import Symmetry, generators_only


@contextlib.contextmanager
def _said_of(entry: Entry) -> Iterator[None]:
    """What is wrong is said of this entry: of its place in a list, or of its name."""
    try:
        yield
    except SymmeterError as error:
        raise SymmeterError(f"{entry.where or entry.label}: {error}") from error


@dataclass(frozen=True)
class Spec:
    """What is measured of every model; `kind` is `measure`, or `layers` for the attribution.

    `domain` is the kind of data (None: to be seen from data and symmetry), `inputs` how the symmetry acts on each
    input of the model, and `options` are those of the kind of data.
    """

    symmetry: str = "translation"
    measure: str | None = None
    output: str = "softmax"
    samples: int | None = None
    seed: int = 0
    control: str = "both"
    elements: int | None = None
    sampling: str = "auto"
    probes: int = 0
    kind: str = "measure"
    domain: str | None = None
    inputs: str | Mapping[str, str] | Sequence[str] | None = None
    options: Values = field(default_factory=dict)

    def check(self, data: str = "") -> "Spec":
        """Itself with the domain of this data and only those options that are not usual.

        SymmeterError for what no cell could do.
        """
        domain, symmetry = self._read(data, self.output)
        if self.kind == "layers":
            generators_only(symmetry, "attribution", domain.generators())
        else:
            check_measures(self.measure, symmetry, domain.measure_over)
        control_mode(self.control)
        return replace(self, domain=domain.name, options=as_written(domain.options, everything=False))

    def of(self, entry: Entry, data: str) -> "Spec":
        """For one model: what its entry says goes before what is said of all.

        An entry of another domain has only its own options.
        """
        own = replace(self, output=entry.output or self.output)
        if entry.domain is None and entry.inputs is None and not entry.options:
            return own
        same = entry.domain in (None, self.domain)
        own = replace(
            own,
            domain=entry.domain or self.domain,
            inputs=entry.inputs or self.inputs,
            options={**self.options, **entry.options} if same else dict(entry.options),
        )
        with _said_of(entry):
            domain, _ = own._read(data)
        return replace(own, options=as_written(domain.options, everything=False))

    def along_generators(self, data: str) -> "Spec":
        """The attribution of the generators to layers; SymmeterError where there are none."""
        names = [generator.name for generator in self._read(data)[1].generators]
        if not names:
            raise SymmeterError(
                f"--layers needs a generator such as rotation; {self.symmetry} has groups only"
            )
        return replace(self, kind="layers", measure="lee", symmetry=",".join(names)).check(data)

    def refuse_idle(self, data: str) -> None:
        """SymmeterError for what was asked for and would have no effect on any cell."""
        domain, symmetry = self._read(data)
        given = said(replace(self, options={})) | as_written(domain.options, everything=False)
        given.pop("probes", None)  # which are of layers
        refuse_idle(given, domain.Options, Asked(symmetry, self.output, self.inputs))

    def _read(self, data: str, output: str | None = None) -> tuple[Domain, Symmetry]:
        given = Given(data, self.domain, self.inputs, options=self.options)
        return read_words(given, self.symmetry, output)


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
        words = [self.entry.label]
        if self.spec.kind != "measure":
            words.append(self.spec.kind)
        if self.spec.seed != 0:
            words.append(f"seed {self.spec.seed}")
        return " ".join(words)

    def task(self) -> Task:
        """All that a worker needs, as plain data."""
        return {
            "key": self.key,
            "label": self.label,
            "entry": {name: value for name, value in asdict(self.entry).items() if name != "where"},
            "data": self.data,
            "spec": asdict(self.spec),
            "code": self.code,
        }


def plan(
    entries: Iterable[Entry], data: str, spec: Spec, *, seeds: Sequence[int] = (0,), layers: bool = False
) -> list[Cell]:
    """All cells, model by model: one per seed, and another for the attribution to layers where that is wanted.

    The key is a hash of weights, data, spec and NUMBERS, so a changed checkpoint or sample is a new cell.
    """
    spec = spec.check(data)
    specs = [replace(spec, seed=seed) for seed in seeds]
    if layers:
        specs += [one.along_generators(data) for one in specs]
    samples, code = data_identity(data), code_version()
    cells = {}
    for entry in entries:
        for one in specs:
            own = one.of(entry, data)
            with _said_of(entry):
                key = cell_key(entry, samples, own)
            cell = Cell(key, entry, data, own, code)
            _refuse_another(cell, cells.setdefault(key, cell))
    return list(cells.values())


def _refuse_another(cell: Cell, before: Cell) -> None:
    """SymmeterError for a network that is there already, under another name or with other tags."""
    one, other = cell.entry, before.entry
    if (one.label, one.tags) != (other.label, other.tags):
        where = f"{one.where}: " if one.where else ""
        place = f" ({other.where})" if other.where else ""
        raise SymmeterError(
            f"{where}{one.label[:200]!r} is the same network, on the same data, as {other.label[:200]!r}{place}, "
            "with another name or other tags; leave one of them out"
        )


def cell_key(entry: Entry, samples: str, spec: Spec) -> str:
    """The key of a cell; `samples` is what `data_identity` says of its data."""
    files = files_identity(spec.options, find_domain(spec.domain).Options) if spec.domain else {}
    return digest(
        {
            **({"files": files} if files else {}),
            "numbers": NUMBERS,
            "weights": weights_identity(entry, spec.seed),
            "data": samples,
            "spec": said(spec),
            "layouts": dict(entry.layouts),
        }
    )
