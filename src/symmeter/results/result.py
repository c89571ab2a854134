"""What a run returns: rows of estimates, per-image values, and everything needed to read them later."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from symmeter.errors import WriteError, first_line
from symmeter.files import write_whole
from symmeter.optional import require
from symmeter.results.comparison import Comparison, compared
from symmeter.results.error_split import AveragedError, ErrorSplit
from symmeter.results.indexed import Indexed
from symmeter.results.json_form import json_form
from symmeter.results.nodes import NodeErrors, columns_of_nodes
from symmeter.results.phases import PhaseRow, phases_of
from symmeter.results.published import Published
from symmeter.results.row import ElementRow, Row
from symmeter.results.sheet import WIDTH, Sheet
from symmeter.results.shown import Shown
from symmeter.results.text import sheet_of, title
from symmeter.verbs.arguments import Kind
from symmeter.verbs.arguments import writable as PATH
from symmeter.verbs.verb import verb

SCHEMA = "symmeter.results.result/1"
HEADER, ROWS, SAMPLES, NODES = "result.json", "rows.parquet", "samples.parquet", "nodes.parquet"


@dataclass(frozen=True, repr=False)
class Result(Indexed[Row], Shown, Published):
    """Rows of estimates and their circumstances.

    `samples` maps a column name to per-image values in the order of `sample_names`. `header` holds what is the
    same for all rows: status, definition, model, data, spec, environment, accuracy. `nodes` are the errors of single
    atoms or points, where outputs have some for each.
    """

    kind: ClassVar[str] = "result"  # the word under which it is saved
    labels: ClassVar = ("symmetry", "measure", "output", "layer")

    rows: tuple[Row, ...]
    header: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    samples: Mapping[str, np.ndarray] = field(default_factory=dict)
    sample_names: tuple[str, ...] = ()
    elements: tuple[ElementRow, ...] = ()
    splits: tuple[ErrorSplit, ...] = ()  # of the squared error, where outputs have labels
    averages: tuple[AveragedError, ...] = ()
    nodes: tuple[NodeErrors, ...] = ()

    @property
    def status(self) -> str:
        """`complete`, or `partial` when some images or rows could not be done."""
        return self.header["status"]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of the contract; numbers that are not finite become null."""
        content = {"schema": SCHEMA, **self.header, "warnings": list(self.warnings)}
        content["rows"] = list(map(asdict, self.rows))
        for name, rows in (("elements", self.elements), ("splits", self.splits), ("averages", self.averages)):
            if rows:
                content[name] = [asdict(row) for row in rows]
        if self.kind != Result.kind:
            content["kind"] = self.kind
        return json_form(content)

    @verb(path=PATH)
    def to_json(self, path: str | os.PathLike) -> None:
        """Write the JSON form to a file, whole or not at all."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=2) + "\n")

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row per estimate."""
        return pandas().DataFrame(list(map(asdict, self.rows)))

    def samples_to_pandas(self) -> Any:
        """A pandas DataFrame with one row per image and one column per statistic."""
        return pandas().DataFrame({"name": list(self.sample_names), **self.samples})

    def elements_to_pandas(self) -> Any:
        """A pandas DataFrame with one row per group element: which transformation is worst."""
        names = [f.name for f in fields(ElementRow)]
        return pandas().DataFrame([asdict(row) for row in self.elements], columns=names)

    def splits_to_pandas(self) -> Any:
        """A pandas DataFrame with one row per output: how much of its squared error is broken symmetry."""
        names = [f.name for f in fields(ErrorSplit)]
        return pandas().DataFrame([asdict(row) for row in self.splits], columns=names)

    def averages_to_pandas(self) -> Any:
        """A pandas DataFrame with one row per output and number of elements that the model is averaged over."""
        names = [f.name for f in fields(AveragedError)]
        return pandas().DataFrame([asdict(row) for row in self.averages], columns=names)

    def nodes_to_pandas(self) -> Any:
        """A pandas DataFrame with one row per node, such as an atom: which of them break a symmetry."""
        return pandas().DataFrame(columns_of_nodes(self.nodes))

    def phases(self, hop: int | None = None) -> tuple[PhaseRow, ...]:
        """Of outputs in frames, the error of shifts by k samples for each k mod hop.

        `hop` None: that of each output, as its action says or as its length shows.
        """
        spec = self.header["spec"]
        outputs = dict.fromkeys(row.output for row in self.elements)
        hops = spec.get("hops", {}) if hop is None else dict.fromkeys(outputs, hop)
        return phases_of(self.elements, hops, spec.get("sample_rate"))

    @verb(path=PATH)
    def save(self, path: str | os.PathLike) -> Path:
        """Save to a folder: a JSON header, and rows and per-image values as Parquet. Returns the folder.

        What was saved there before is replaced. A path that ends in `.json` is written as the JSON form alone. Where
        no Parquet can be written (no pandas, no pyarrow, a full disk) the header is written all the same, which holds
        everything but the per-image values, before WriteError is raised.
        """
        folder = Path(path)
        if folder.suffix == ".json":
            self.to_json(folder)
            return folder
        try:
            tables = self._tables()
        except Exception as error:  # pandas and pyarrow raise many kinds
            self.to_json(folder / HEADER)
            raise _without_tables(folder, error) from error
        self.to_json(folder / HEADER)
        try:
            for name, content in tables.items():
                write_whole(folder / name, content)
            if NODES not in tables:
                (folder / NODES).unlink(missing_ok=True)
        except WriteError as error:
            raise _without_tables(folder, error) from error
        return folder

    def _tables(self) -> dict[str, bytes]:
        """The Parquet files of a folder by name."""
        require("pyarrow", "io")
        frames = {ROWS: self.to_pandas(), SAMPLES: self.samples_to_pandas()}
        if self.nodes:
            frames[NODES] = self.nodes_to_pandas()
        return {name: frame.to_parquet(index=False) for name, frame in frames.items()}

    @verb(other=Kind("a Result", lambda value: _a_result(value)))
    def compare(self, other: "Result") -> Comparison:
        """How many times more or less symmetric this is than another, on the images that both have; see `compared`.

        Raises SymmeterError, in one line, where they cannot be compared.
        """
        return compared([other, self])

    @property
    def heading(self) -> str:
        return title(self.header)

    def sheet(self, width: int = WIDTH) -> Sheet:
        return sheet_of(self, width)


def _a_result(value: object) -> Result:
    if not isinstance(value, Result):
        raise TypeError
    return value


def pandas() -> Any:
    """The package, or SymmeterError with the words that bring it."""
    return require("pandas", "io")


def _without_tables(folder: Path, error: Exception) -> WriteError:
    """What to raise where only the header is written; of what the folder held before, nothing may be taken for it."""
    with contextlib.suppress(OSError):
        for name in (ROWS, SAMPLES, NODES):
            (folder / name).unlink(missing_ok=True)
    words = first_line(error).removeprefix("[Errno 28] ")
    return WriteError(f"{words}; {folder / HEADER} is written, without the values of single images")
