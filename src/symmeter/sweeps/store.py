"""A store: one folder, local or at any fsspec address, with a cell in three or four small files.

    rows/KEY.parquet       its rows with all settings; written last, so a cell counts when this file is there
    cells/KEY.json         its header, with the SHA-256 of the other files
    samples/KEY.parquet    values image by image;  elements/KEY.parquet  by group element
    errors/KEY.json        why it failed
    claims/KEY.json        who works on it
    index/rows.parquet     all rows in one file, made anew whenever it is out of date

Others read it too: DuckDB by `read_parquet('STORE/rows/*.parquet', union_by_name=true)`, pandas by
`read_parquet("STORE/index")`.
"""

import contextlib
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError, WriteError, first_line
from symmeter.optional import require
from symmeter.results.result import SCHEMA, Result
from symmeter.results.saved import KINDS, MARK, from_parts
from symmeter.sweeps.cell import ELEMENTS, HEADER, ROWS, SAMPLES, labelled, parquet

STORE_SCHEMA = "symmeter.store/1"
_FOLDERS = {HEADER: "cells", ROWS: "rows", SAMPLES: "samples", ELEMENTS: "elements"}
_SAME = (
    "name",
    "model",
    "untrained",
    "data",
    "images",
    "seed",
    "measure",
    "symmetry",
    "output",
    "layer",
    "definition",
)
_KEPT = (
    "floor",
    "control",
    "selectivity",
    "standard_error",
)  # columns that are there also where they are empty
_WHOLE = ("n", "elements", "depth", "calls", "order")  # columns that hold whole numbers
_ORDER = (SAMPLES, ELEMENTS, HEADER, ROWS)  # the rows last: what has them is whole


class StoreError(WriteError):
    """The store cannot be written to any more: the disk is full, or the folder is gone."""


class Store:
    """Cells by key; every file is written whole or not at all.

    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp(), create=True)
    >>> store.keys(), store.errors()
    (set(), {})
    """

    def __init__(self, url: str | os.PathLike, create: bool = False):
        """Open a store; SymmeterError where there is none and `create` is False."""
        fsspec = require("fsspec", "sweep")
        self.url = str(url)
        try:
            self.fs, self.root = fsspec.core.url_to_fs(os.path.expanduser(self.url))
        except (ValueError, ImportError) as error:
            raise SymmeterError(f"store {self.url}: {first_line(error)}") from error
        self.local = "file" in (
            self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,)
        )
        if not self._is_store():
            if not create:
                raise SymmeterError(f"{self.url}: no store there (no {MARK})")
            self._make()

    def _is_store(self) -> bool:
        content = self.read(MARK)
        if content is None:
            return False
        schema = json.loads(content).get("schema")
        if schema != STORE_SCHEMA:
            raise SymmeterError(f"store {self.url}: its schema {schema!r} is not {STORE_SCHEMA!r}")
        return True

    def _make(self) -> None:
        names = (
            [os.path.basename(path) for path in self.fs.ls(self.root, detail=False)]
            if self.fs.exists(self.root)
            else []
        )
        foreign = any(not name.startswith(MARK) for name in names)
        if foreign and not self._is_store():  # another sweep may have made it meanwhile
            raise SymmeterError(f"store {self.url}: this folder has something else in it; name a new one")
        self.write(MARK, json.dumps({"schema": STORE_SCHEMA}).encode() + b"\n")

    # cells

    def keys(self) -> set[str]:
        """Keys of the cells that are there."""
        return self._names("rows", ".parquet")

    def __contains__(self, key: str) -> bool:
        """Whether a cell is there."""
        return bool(self.fs.exists(f"{self.root}/{self._path(ROWS, key)}"))

    def commit(self, key: str, files: dict[str, bytes]) -> None:
        """Write a cell. Killed at any moment it is there, or it is not; the same cell again changes nothing."""
        sums = {name: hashlib.sha256(files[name]).hexdigest() for name in files if name != HEADER}
        header = json.loads(files[HEADER]) | {"sha256": sums}
        content = {**files, HEADER: (json.dumps(header, indent=1) + "\n").encode()}
        for name in _ORDER:
            if name in content:
                self.write(self._path(name, key), content[name])
        self.remove(f"errors/{key}.json")

    def header(self, key: str) -> dict[str, Any]:
        """All that is known of a cell beside its tables."""
        content = self.read(self._path(HEADER, key))
        if content is None:
            raise SymmeterError(f"store {self.url}: no cell {key}")
        return json.loads(content)

    def table(self, name: str, key: str) -> Any:
        """One table of a cell, `rows`, `samples` or `elements`, as a pandas DataFrame; None where it has none."""
        content = self.read(self._path(name, key))
        return None if content is None else _table(content).to_pandas(use_threads=False)

    def result(self, key: str) -> Result:
        """A cell as the Result (or Profile) that it was."""
        header = self.header(key)
        labels = {f.name for f in KINDS[header.get("kind", "result")][1].__dataclass_fields__.values()}
        frame = self.table(ROWS, key)
        renamed = frame.drop(columns="kind").rename(columns={"layer_kind": "kind"})
        rows = [{k: v for k, v in row.items() if k in labels} for row in _plain(renamed)]
        elements = self.table(ELEMENTS, key)
        content = {**header, "schema": SCHEMA, "rows": rows,
                   "elements": [] if elements is None else _plain(elements.drop(columns="cell"))}  # fmt: skip
        for extra in ("cell", "sha256"):
            content.pop(extra, None)
        return from_parts(content, self.table(SAMPLES, key))

    def relabel(self, key: str, entry: dict[str, Any]) -> None:
        """Give a cell another name and other tags."""
        header, rows = self.header(key), _plain(self.table(ROWS, key))
        header["cell"]["entry"] = entry
        name = entry["name"] or entry["model"]
        files = {ROWS: parquet(labelled([{**row, "name": name} for row in rows], {}, entry["tags"]))}
        sums = header["sha256"] | {ROWS: hashlib.sha256(files[ROWS]).hexdigest()}
        self.remove("index/rows.parquet")
        self.write(self._path(HEADER, key), (json.dumps(header | {"sha256": sums}, indent=1) + "\n").encode())
        self.write(self._path(ROWS, key), files[ROWS])

    def broken(self, keys: Iterable[str]) -> dict[str, str]:
        """Cells whose files are not what was written, with the reason."""
        with ThreadPoolExecutor(8) as pool:
            keys = list(keys)
            return {key: why for key, why in zip(keys, pool.map(self._fault, keys), strict=True) if why}

    def _fault(self, key: str) -> str:
        try:
            sums = self.header(key).get("sha256", {})
        except (SymmeterError, ValueError) as error:
            return first_line(error)
        for name in (ROWS, *([ELEMENTS] if ELEMENTS in sums else []), SAMPLES):
            content = self.read(self._path(name, key))
            if content is None or hashlib.sha256(content).hexdigest() != sums.get(name):
                return f"{self._path(name, key)} is {'missing' if content is None else 'damaged'}"
        return ""

    def forget(self, key: str) -> None:
        """Take a cell away, its rows first."""
        for name in reversed(_ORDER):
            self.remove(self._path(name, key))

    # errors

    def errors(self) -> dict[str, dict[str, Any]]:
        """Why cells failed, by key."""
        found = {}
        for key in sorted(self._names("errors", ".json") - self.keys()):
            content = self.read(f"errors/{key}.json")
            try:
                found[key] = json.loads(content or b"")
            except ValueError:
                continue
        return found

    def fail(self, key: str, error: dict[str, Any]) -> None:
        """Record why a cell failed."""
        self.write(f"errors/{key}.json", (json.dumps(error, indent=1, default=str) + "\n").encode())

    # all rows

    def frame(self, kind: str = "measure") -> Any:
        """All rows of all cells of a kind as one pandas DataFrame.

        Where a cell was done again by another version of the code, or with other weights, the newest counts.
        """
        frame = self._rows().to_pandas(use_threads=False)
        frame = frame[frame["kind"] == kind] if len(frame) else frame
        if not len(frame):
            return frame
        kept = [column for column in frame if column in _KEPT or frame[column].notna().any()]
        frame = frame[kept].astype(dict.fromkeys(_KEPT, float))
        same = [column for column in _SAME if column in frame]
        newest = frame.sort_values("created", kind="stable").drop_duplicates(same, keep="last")
        return newest.sort_values(["name", "created"], kind="stable").reset_index(drop=True)

    def _rows(self) -> Any:
        """All rows, from the index and what has come since."""
        table, keys = self._indexed()
        new = sorted(self.keys() - keys)
        gone = keys - self.keys()
        if new or gone:
            pa, compute = require("pyarrow", "io"), require("pyarrow.compute", "io")
            table = pa.concat_tables([table, *self._tables(new)], promote_options="permissive")
            if gone:
                table = table.filter(compute.invert(compute.is_in(table["cell"], pa.array(sorted(gone)))))
        return table

    def index(self) -> None:
        """Put all rows into one file, which makes `frame` fast; it is never needed."""
        _, keys = self._indexed()
        if keys != self.keys():
            sink = io.BytesIO()
            require("pyarrow.parquet", "io").write_table(self._rows(), sink, compression="zstd")
            self.write("index/rows.parquet", sink.getvalue())

    def _indexed(self) -> tuple[Any, set[str]]:
        """The rows of the index, and which cells they are of; nothing where it cannot be read."""
        pa = require("pyarrow", "io")
        content = self.read("index/rows.parquet")
        if content is not None:
            try:
                table = _table(content)
                return table, set(table["cell"].unique().to_pylist())
            except (OSError, pa.ArrowException, KeyError):
                pass
        return pa.table({"cell": pa.array([], pa.string())}), set()

    def _tables(self, keys: list[str]) -> list[Any]:
        pa = require("pyarrow", "io")

        def read(key: str) -> Any:
            try:
                return _table(self.read(self._path(ROWS, key)) or b"")
            except (OSError, pa.ArrowException):
                return None  # the next sweep finds it and does it again

        with ThreadPoolExecutor(4) as pool:
            return [table for table in pool.map(read, keys) if table is not None]

    # files

    def write(self, path: str, content: bytes) -> None:
        """A whole file or none, also when the disk is full or the process is killed."""
        place = f"{self.root}/{path}"
        if not self.local:
            self.fs.pipe_file(place, content)  # object stores put a whole object at once
            return
        temporary = f"{place}.{uuid.uuid4().hex}.part"
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(content)
            os.replace(temporary, place)  # not synced: what a power cut tears apart, the check sums find
        except OSError as error:
            self.remove(temporary.removeprefix(self.root + "/"))
            raise StoreError(
                f"store {self.url}: {path} cannot be written: {error.strerror or error}"
            ) from error

    def create(self, path: str, content: bytes) -> bool:
        """A new file; False when there is one already."""
        place = f"{self.root}/{path}"
        try:
            if not self.local:
                self.fs.pipe_file(place, content, mode="create")
                return True
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "xb") as file:
                file.write(content)
            return True
        except FileExistsError:
            return False
        except OSError as error:
            raise StoreError(
                f"store {self.url}: {path} cannot be written: {error.strerror or error}"
            ) from error

    def read(self, path: str) -> bytes | None:
        """A file of the store; None where there is none."""
        place = f"{self.root}/{path}"
        try:
            if self.local:
                return Path(place).read_bytes()
            return self.fs.cat_file(place)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def remove(self, path: str) -> None:
        """Take a file away, if it is there."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self.fs.rm_file(f"{self.root}/{path}")

    def _names(self, folder: str, ending: str) -> set[str]:
        try:
            if self.local:
                names: Iterable[str] = os.listdir(f"{self.root}/{folder}")
            else:
                self.fs.invalidate_cache()
                names = [os.path.basename(path) for path in self.fs.ls(f"{self.root}/{folder}", detail=False)]
        except FileNotFoundError:
            return set()
        return {name.removesuffix(ending) for name in names if name.endswith(ending)}

    @staticmethod
    def _path(name: str, key: str) -> str:
        return f"{_FOLDERS[name]}/{key}." + ("json" if name == HEADER else "parquet")


def _table(content: bytes) -> Any:
    """The Arrow table of a Parquet file, read in this thread alone.

    Arrow's threads let go of Python's bytes when they please; where Python is ending by then, the process aborts.
    """
    file = require("pyarrow.parquet", "io").ParquetFile(io.BytesIO(content), pre_buffer=False)
    return file.read(use_threads=False).replace_schema_metadata()


def _plain(frame: Any) -> list[dict[str, Any]]:
    """Rows as dicts, with None for what is missing."""
    missing = lambda v: v is None or (isinstance(v, float) and v != v)
    return [
        {k: None if missing(v) else int(v) if k in _WHOLE else v for k, v in row.items()}
        for row in frame.to_dict("records")
    ]
