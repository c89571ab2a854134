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
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from symmeter.errors import SymmeterError, first_line
from symmeter.results.result import SCHEMA, Result
from symmeter.results.saved import columns_of, from_parts, row_kind
from symmeter.sweeps.cell import ELEMENTS, HEADER, ROWS, SAMPLES, labelled, parquet
from symmeter.sweeps.folder import Folder
from symmeter.sweeps.index import INDEX, cells, newest_rows, write_index
from symmeter.sweeps.tables import Frame, arrow_table, data_frame, plain_rows

MARK = "symmeter.json"  # the file by which a folder is known to be a store
STORE_SCHEMA = "symmeter.store/1"
_PLACES = {
    HEADER: "cells/{}.json",
    ROWS: "rows/{}.parquet",
    SAMPLES: "samples/{}.parquet",
    ELEMENTS: "elements/{}.parquet",
}
_ORDER = (SAMPLES, ELEMENTS, HEADER, ROWS)  # the rows last: what has them is whole
_READERS = 8  # threads that check files


class Store(Folder):
    """Cells by key; every file is written whole or not at all.

    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp(), create=True)
    >>> store.keys(), store.errors()
    (set(), {})
    """

    def __init__(self, url: str | os.PathLike, create: bool = False):
        """Open a store; SymmeterError where there is none and `create` is False."""
        super().__init__(url)
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
        foreign = any(not name.startswith(MARK) for name in self.names(""))
        if foreign and not self._is_store():  # another sweep may have made it meanwhile
            raise SymmeterError(f"store {self.url}: this folder has something else in it; name a new one")
        self.write(MARK, json.dumps({"schema": STORE_SCHEMA}).encode() + b"\n")

    # cells

    def keys(self) -> set[str]:
        """Keys of the cells that are there."""
        return cells(self)

    def __contains__(self, key: str) -> bool:
        """Whether a cell is there."""
        return self.exists(path_of(ROWS, key))

    def commit(self, key: str, files: dict[str, bytes]) -> None:
        """Write a cell. Killed at any moment it is there, or it is not; the same cell again changes nothing."""
        sums = {name: hashlib.sha256(files[name]).hexdigest() for name in files if name != HEADER}
        header = json.loads(files[HEADER]) | {"sha256": sums}
        content = {**files, HEADER: _header_file(header)}
        for name in sorted(content, key=_ORDER.index):
            self.write(path_of(name, key), content[name])
        self.remove(f"errors/{key}.json")

    def header(self, key: str) -> dict[str, Any]:
        """All that is known of a cell beside its tables."""
        content = self.read(path_of(HEADER, key))
        if content is None:
            raise SymmeterError(f"store {self.url}: no cell {key}")
        return json.loads(content)

    def table(self, name: str, key: str) -> Frame:
        """One table of a cell, `rows`, `samples` or `elements`, as a pandas DataFrame; None where it has none."""
        content = self.read(path_of(name, key))
        return None if content is None else data_frame(arrow_table(content))

    def result(self, key: str) -> Result:
        """A cell as the Result (or Profile) that it was."""
        header = self.header(key)
        header.pop("cell", None)  # both are the store's, and no part of the result
        header.pop("sha256", None)
        frame = self.table(ROWS, key).drop(columns="kind").rename(columns={"layer_kind": "kind"})
        known = columns_of(row_kind(header.get("kind", Result.kind), list(frame)))
        rows = plain_rows(frame.filter(items=sorted(known)))
        elements = self.table(ELEMENTS, key)
        header["elements"] = [] if elements is None else plain_rows(elements.drop(columns="cell"))
        return from_parts({**header, "schema": SCHEMA, "rows": rows}, self.table(SAMPLES, key))

    def relabel(self, key: str, entry: dict[str, Any]) -> None:
        """Give a cell another name and other tags."""
        header, rows = self.header(key), plain_rows(self.table(ROWS, key))
        header["cell"]["entry"] = entry
        name = entry["name"] or entry["model"]
        content = parquet(labelled([{**row, "name": name} for row in rows], {}, entry["tags"]))
        header["sha256"] |= {ROWS: hashlib.sha256(content).hexdigest()}
        self.remove(INDEX)
        self.write(path_of(HEADER, key), _header_file(header))
        self.write(path_of(ROWS, key), content)

    def broken(self, keys: Iterable[str]) -> dict[str, str]:
        """Cells whose files are not what was written, with the reason."""
        keys = list(keys)
        with ThreadPoolExecutor(_READERS) as pool:
            faults = zip(keys, pool.map(self._fault, keys), strict=True)
            return {key: fault for key, fault in faults if fault}

    def _fault(self, key: str) -> str:
        try:
            sums = self.header(key).get("sha256", {})
        except (SymmeterError, ValueError) as error:
            return first_line(error)
        for name in (ROWS, *{ELEMENTS}.intersection(sums), SAMPLES):  # not all cells have elements
            content = self.read(path_of(name, key))
            if content is None:
                return f"{path_of(name, key)} is missing"
            if hashlib.sha256(content).hexdigest() != sums.get(name):
                return f"{path_of(name, key)} is damaged"
        return ""

    def forget(self, key: str) -> None:
        """Take a cell away, its rows first."""
        for name in reversed(_ORDER):
            self.remove(path_of(name, key))

    # errors

    def errors(self) -> dict[str, dict[str, Any]]:
        """Why cells failed, by key."""
        found = {}
        for key in sorted(self.names("errors", ".json") - self.keys()):
            with contextlib.suppress(ValueError):
                found[key] = json.loads(self.read(f"errors/{key}.json") or b"")
        return found

    def fail(self, key: str, error: dict[str, Any]) -> None:
        """Record why a cell failed."""
        self.write(f"errors/{key}.json", (json.dumps(error, indent=1, default=str) + "\n").encode())

    # all rows

    def frame(self, kind: str = "measure") -> Frame:
        """All rows of all cells of a kind as one pandas DataFrame.

        Where a cell was done again by another version of the code, or with other weights, the newest counts.
        """
        return newest_rows(self, kind)

    def index(self) -> None:
        """Put all rows into one file, which makes `frame` fast; it is never needed."""
        write_index(self)


def path_of(name: str, key: str) -> str:
    """Where a cell has its header or one of its tables."""
    return _PLACES[name].format(key)


def _header_file(header: dict[str, Any]) -> bytes:
    return (json.dumps(header, indent=1) + "\n").encode()
