"""A store: one folder, local or at any fsspec address, with a cell in three or four small files.

    rows/KEY.parquet       its rows with all settings; written last, so a cell counts when this file is there
    cells/KEY.json         its header, with the names of its tables
    samples/KEY.parquet    values image by image;  elements/KEY.parquet  by group element
    errors/KEY.json        why it failed
    claims/KEY.json        who works on it
    index/rows.parquet     all rows in one file, made anew whenever it is out of date
    damaged/...            files that were not what was written: nothing reads them

All but claims say their own SHA-256, which is checked whenever they are read (see `symmeter.sweeps.sealed`).

Others read it too: DuckDB by `read_parquet('STORE/rows/*.parquet', union_by_name=true)`, pandas by
`read_parquet("STORE/index")`.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError
from symmeter.results.result import HEADER as SAVED
from symmeter.results.result import SCHEMA, Result
from symmeter.results.saved import columns_of, from_parts, row_kind
from symmeter.results.sheet import WIDTH, Sheet
from symmeter.results.shown import Shown
from symmeter.sweeps.folder import StoreError
from symmeter.sweeps.index import cell_header, cells, newest_rows, take_out, write_index
from symmeter.sweeps.overview import sheet_of
from symmeter.sweeps.places import ELEMENTS, FOLDERS, HEADER, MARK, ORDER, ROWS, SAMPLES, path_of
from symmeter.sweeps.sealed import DamagedFile, SealedFolder, is_sealed, json_file, json_record
from symmeter.sweeps.tables import Frame, arrow_table, data_frame, labelled, parquet_file, plain_rows
from symmeter.verbs.warned import warn

STORE_SCHEMA = "symmeter.store/2"
_READERS = 8  # threads that check files


class Store(SealedFolder, Shown):
    """Cells by key; every file is written whole or not at all.

    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp(), create=True)
    >>> store.keys(), store.errors()
    (set(), {})
    """

    def __init__(self, url: str | os.PathLike, create: bool = False):
        """Open a store; SymmeterError where there is none and `create` is False."""
        super().__init__(url)
        mark = self._mark()
        if mark:
            self._check_schema(mark.get("schema"))
        elif create:
            if mark is None:
                self._check_empty()
                self.make()
            else:
                self.set_aside(MARK)
            self.keep(MARK, json_file({"schema": STORE_SCHEMA}))
        elif mark is None:
            raise SymmeterError(f"{self.url}: no store there (no {MARK})")

    @property
    def heading(self) -> str:
        return f"store {self.url}"

    def sheet(self, width: int = WIDTH) -> Sheet:
        return sheet_of(self.heading, self.frame(), len(self.errors()))

    def _mark(self) -> dict[str, Any] | None:
        """What the file says by which a store is known: nothing where it is damaged, None where there is none."""
        try:
            return self.opened(MARK, json_record)
        except DamagedFile as error:
            self._check_unsealed()
            warn(f"{error}: the rest of the store is read, and the next sweep makes it again")
            return {}

    def _check_unsealed(self) -> None:
        """SymmeterError for a store of a version whose files had no seals."""
        with contextlib.suppress(OSError):  # what is no regular file is no mark of another version either
            content = self.read(MARK) or b""
            schemas = [] if is_sealed(content) else re.findall(rb"symmeter\.store/\d+", content)
            for schema in schemas:
                self._check_schema(schema.decode())

    def _check_schema(self, schema: object) -> None:
        if schema != STORE_SCHEMA:
            raise SymmeterError(f"store {self.url}: its schema {schema!r} is not {STORE_SCHEMA!r}")

    def _check_empty(self) -> None:
        foreign = any(name != MARK and not name.endswith(".part") for name in self.names(""))
        if foreign and self._mark() is None:  # another sweep may have made it meanwhile
            raise SymmeterError(f"store {self.url}: this folder has something else in it; name a new one")

    # cells

    def keys(self) -> set[str]:
        """Keys of the cells that are there."""
        return cells(self)

    def __contains__(self, key: str) -> bool:
        """Whether a cell is there."""
        return self.exists(path_of(ROWS, key))

    def commit(self, key: str, files: dict[str, bytes]) -> None:
        """Write a cell. Killed at any moment it is there, or it is not; the same cell again changes nothing."""
        self._check_there()
        for name in sorted(files, key=ORDER.index):
            self.keep(path_of(name, key), files[name])
        self.remove(f"errors/{key}.json")

    def _check_there(self) -> None:
        if not self.exists(MARK):
            raise StoreError(f"store {self.url}: it is gone (no {MARK})")

    def header(self, key: str) -> dict[str, Any]:
        """All that is known of a cell beside its tables."""
        return self.needed(path_of(HEADER, key), cell_header)

    def notes(self, key: str) -> list[str]:
        """What makes the numbers of a cell less trustworthy; also that its header is damaged, or is not there."""
        try:
            return self.header(key).get("warnings", [])
        except DamagedFile as error:
            return [str(error)]

    def table(self, name: str, key: str) -> Frame:
        """One table of a cell, `rows`, `samples` or `elements`, as a pandas DataFrame.

        None where it has none, and where that is damaged, with a warning that names the file.
        """
        table = self.opened_or_warned(path_of(name, key), arrow_table)
        return None if table is None else data_frame(table)

    def result(self, key: str) -> Result:
        """A cell as the Result (or Profile) that it was; DamagedFile where one of its files is not what was written."""
        import symmeter.layers.profile  # noqa: F401  # rows of layers are known then; tables need no torch

        header = self.header(key)
        names = header.pop("cell")["tables"]
        tables = {name: self.needed(path_of(name, key), arrow_table) for name in names}
        table = tables[ROWS].drop_columns("kind")
        table = table.rename_columns([{"layer_kind": "kind"}.get(name, name) for name in table.column_names])
        known = columns_of(row_kind(header.get("kind", Result.kind), table.column_names))
        rows = plain_rows(table.select(sorted(known.intersection(table.column_names))))
        elements = plain_rows(tables[ELEMENTS].drop_columns("cell")) if ELEMENTS in tables else []
        samples = data_frame(tables[SAMPLES]) if SAMPLES in tables else None
        return from_parts({**header, "schema": SCHEMA, "rows": rows, "elements": elements}, samples)

    def relabel(self, entries: Mapping[str, dict[str, Any]]) -> None:
        """Give cells, by their keys, other names and tags. Killed in the middle, the next sweep does the rest."""
        take_out(self, entries)
        for key, entry in entries.items():
            header, table = self.header(key), self.needed(path_of(ROWS, key), arrow_table)
            header["cell"]["entry"] = entry
            labels = {"name": entry["name"] or entry["model"]}
            rows = labelled([{**row, **labels} for row in table.to_pylist()], {}, entry["tags"])
            self.keep(path_of(ROWS, key), parquet_file(rows))
            self.keep(path_of(HEADER, key), json_file(header))

    def broken(self, keys: Iterable[str]) -> dict[str, str]:
        """Cells whose files are not what was written, with the reason."""
        keys = list(keys)
        with ThreadPoolExecutor(_READERS) as pool:
            faults = zip(keys, pool.map(self.fault, keys), strict=True)
            return {key: fault for key, fault in faults if fault}

    def fault(self, key: str) -> str:
        """Which file of a cell is not what was written, or is missing; empty where none is."""
        try:
            for name in self.header(key)["cell"]["tables"]:
                self.needed(path_of(name, key), len)
        except DamagedFile as error:
            return str(error)
        return ""

    def set_cell_aside(self, key: str) -> None:
        """Move the files of a cell to where they are kept and do not count; the rows first."""
        for name in reversed(ORDER):
            self.set_aside(path_of(name, key))
        take_out(self, [key])

    # errors

    def errors(self) -> dict[str, dict[str, Any]]:
        """Why cells failed, by key."""
        keys = sorted(self.names("errors", ".json") - self.keys())
        found = {key: self.opened_or_warned(f"errors/{key}.json", json_record) for key in keys}
        return {key: error for key, error in found.items() if error is not None}

    def fail(self, key: str, error: dict[str, Any]) -> None:
        """Record why a cell failed."""
        self._check_there()
        self.keep(f"errors/{key}.json", json_file(error))

    # all rows

    def frame(self, kind: str = "measure") -> Frame:
        """All rows of all cells of a kind as one pandas DataFrame.

        Where a cell was done again by another version of the code, or with other weights, the newest counts.
        """
        return newest_rows(self, kind)

    def index(self) -> None:
        """Put all rows into one file, which makes `frame` fast; it is never needed."""
        write_index(self)

    def tidy(self) -> None:
        """Take away what processes that were killed in the middle of a file have left."""
        self.clean(FOLDERS)


def is_store(place: object) -> bool:
    """Whether there is a store at a path, and not a saved result; if there is neither, the store says so."""
    if isinstance(place, Result):
        return False
    path = Path(str(place))
    return "://" in str(place) or (path.suffix != ".json" and not (path / SAVED).is_file())
