"""What a run returns: rows of estimates, per-image values, and everything needed to read them later."""

import contextlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from symmeter.errors import WriteError, first_line
from symmeter.optional import require
from symmeter.verbs.arguments import path as PATH
from symmeter.verbs.verb import verb

SCHEMA = "symmeter.results.result/1"
HEADER, ROWS, SAMPLES = "result.json", "rows.parquet", "samples.parquet"


@dataclass(frozen=True)
class Record(Mapping[str, Any]):
    """Reads as an object (`row.value`) and as a mapping (`row["value"]`)."""

    def __getitem__(self, key: str) -> Any:
        if key not in self.__dataclass_fields__:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dataclass_fields__)

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)


@dataclass(frozen=True)
class ElementRow(Record):
    """What one group element does, mean over images. `parameter`: degrees of a rotation, or a factor of scale."""

    measure: str
    symmetry: str
    output: str
    layer: str
    element: str
    parameter: float | None
    value: float
    standard_error: float | None
    n: int


@dataclass(frozen=True)
class Row(Record):
    """One estimate with its labels.

    Over a group: `error` is what a symmetric network has at 0 and `value` is made of; `floor` is of errors, and
    `selectivity` = `error` / `control_error`. `worst` is the value at the largest error of any image and element,
    `constant` what a constant network would score, `elements` how many were run over. `power` is 2 for errors that are
    squares of an amplitude: they are resolved at 10 floors, amplitudes at 3. `chance`: relative difference of two calls
    on one image, where the model is random.
    """

    measure: str
    symmetry: str
    output: str
    layer: str
    value: float
    standard_error: float | None
    n: int
    floor: float | None
    control: float | None
    selectivity: float | None
    unit: str
    direction: str
    definition: str
    verdict: str
    control_standard_error: float | None = None
    selectivity_standard_error: float | None = None
    median: float | None = None
    quantile_05: float | None = None
    quantile_95: float | None = None
    top_share: float | None = None
    boundary_share: float | None = None
    accuracy: float | None = None
    error: float | None = None
    control_error: float | None = None
    element_standard_error: float | None = None
    worst: float | None = None
    constant: float | None = None
    elements: int | None = None
    worst_element: str | None = None
    chance: float | None = None
    power: int = 1

    @property
    def whole(self) -> bool:
        """Whether the row is about all that was measured, and not about a part of it."""
        return True


@dataclass(frozen=True)
class Result:
    """Rows of estimates and their circumstances.

    `samples` maps a column name to per-image values in the order of `sample_names`. `header` holds what is the
    same for all rows: status, definition, model, data, spec, environment, accuracy.
    """

    rows: tuple[Row, ...]
    header: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    samples: Mapping[str, np.ndarray] = field(default_factory=dict)
    sample_names: tuple[str, ...] = ()
    elements: tuple[ElementRow, ...] = ()

    @property
    def status(self) -> str:
        """`complete`, or `partial` when some images or rows could not be done."""
        return self.header["status"]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of the contract; numbers that are not finite become null."""
        head = {"schema": SCHEMA, **self.header, "warnings": list(self.warnings)}
        tables = {"rows": [asdict(row) for row in self.rows]}
        if self.elements:
            tables["elements"] = [asdict(row) for row in self.elements]
        return _plain({**head, **tables})

    @verb(path=PATH)
    def to_json(self, path: str | os.PathLike) -> None:
        """Write the JSON form to a file, whole or not at all."""
        _write_text(Path(path), json.dumps(self.to_dict(), indent=2) + "\n")

    def to_pandas(self) -> Any:
        """One row an estimate, as a pandas DataFrame."""
        return pandas().DataFrame([asdict(row) for row in self.rows])

    def samples_to_pandas(self) -> Any:
        """One row an image, one column a per-image value, as a pandas DataFrame."""
        return pandas().DataFrame({"name": list(self.sample_names), **self.samples})

    def elements_to_pandas(self) -> Any:
        """One row a group element, as a pandas DataFrame: which transformation is worst."""
        return pandas().DataFrame(
            [asdict(row) for row in self.elements], columns=[f.name for f in fields(ElementRow)]
        )

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
        places = {folder / ROWS: self.to_pandas, folder / SAMPLES: self.samples_to_pandas}
        failure = _write_tables(places)
        self.to_json(folder / HEADER)
        for place in places:
            with _writing(place):
                if failure is None:
                    _temporary(place).replace(place)
                else:  # of what the folder held before, nothing may be taken for this result
                    _temporary(place).unlink(missing_ok=True)
                    place.unlink(missing_ok=True)
        if failure is not None:
            words = first_line(failure).removeprefix("[Errno 28] ")
            raise WriteError(
                f"{words}; {folder / HEADER} is written, without the values of single images"
            ) from failure
        return folder

    def __str__(self) -> str:
        from symmeter.results.text import render

        return render(self)


def pandas() -> Any:
    """The package, or SymmeterError with the words that bring it."""
    return require("pandas", "io")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _write_text(path: Path, text: str) -> None:
    """Whole or not at all; what is no regular file (a device, a pipe) is written to, not replaced."""
    path = path.resolve()
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_text(text)
            return
        try:
            _temporary(path).write_text(text)
            _temporary(path).replace(path)
        finally:
            _temporary(path).unlink(missing_ok=True)


def _write_tables(places: Mapping[Path, Callable[[], Any]]) -> Exception | None:
    """The tables under temporary names beside their places; what went wrong with any of them."""
    try:
        require("pyarrow", "io")
        for place, frame in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            frame().to_parquet(_temporary(place), index=False)
    except Exception as error:  # pandas and pyarrow raise many kinds
        return error
    return None


def _temporary(place: Path) -> Path:
    return place.with_name(f".{place.name}.{os.getpid()}")


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror or error}") from error
