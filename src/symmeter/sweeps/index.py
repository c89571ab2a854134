"""All rows of a store in one table: from a file that holds most of them, and from the cells that have come since."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from symmeter.optional import require
from symmeter.results.row import RATIOS, Row
from symmeter.sweeps.folder import Folder
from symmeter.sweeps.places import HEADER, INDEX, ORDER, ROWS, path_of
from symmeter.sweeps.sealed import DamagedFile, SealedFolder, json_record
from symmeter.sweeps.tables import ArrowTable, Frame, arrow_table, data_frame, parquet_of
from symmeter.verbs.warned import warn

TIMES = ("created", "seconds")  # what a header knows of its cell, and rows do not
_READERS = 4  # threads that read files of rows
# Rows that agree in these are of the same measurement.
_SAME = (
    "name",
    "model",
    "fresh",
    "data",
    "images",
    "seed",
    "measure",
    "symmetry",
    "output",
    "layer",
    "definition",
)
_NEEDED = {"cell", "kind", "name", "seed"}
# What a header says of its cell.
_SAID = {"entry", "data", "spec", "tables", *TIMES}
# Columns that are there also where they are empty, or where no cell has them.
_KEPT = (
    "floor", "control", "specificity_control", "standard_error", "interval_low", "interval_high", "typical",
    *(name + part for name in RATIOS for part in ("", "_low", "_high", "_pairs")),
)  # fmt: skip

_LABELS = (
    "cell", "name", "model", "family", "parameters", "weights", "fresh", "data", "images", "item",
    "control_towards", "seed", "kind", "code", *TIMES, "status", "device", "dtype", "top1",
)  # fmt: skip
_COLUMNS = {name: i for i, name in enumerate((*_LABELS, *Row.__dataclass_fields__))}


def cells(folder: Folder) -> set[str]:
    """Keys of the cells that are there: those that have rows."""
    return folder.names("rows", ".parquet")


def newest_rows(folder: SealedFolder, kind: str) -> Frame:
    """All rows of all cells of a kind as one pandas DataFrame, in an order that hangs on nothing but these cells.

    Where a cell was done again by another version of the code, or with other weights, the newest counts.
    """
    table = all_rows(folder)
    if not len(table):
        return data_frame(table)
    frame = data_frame(table.filter(require("pyarrow.compute", "io").equal(table["kind"], kind)))
    if not len(frame):
        return frame
    there = frame.notna().any()
    kept = [column for column in frame if column in _KEPT or there[column]]
    missing = [column for column in _KEPT if column not in kept]
    frame = frame.reindex(columns=[*kept, *missing]).astype(dict.fromkeys(_KEPT, float))
    same = [column for column in _SAME if column in frame]
    newest = frame.sort_values("created", kind="stable").drop_duplicates(same, keep="last").sort_index()
    return newest.sort_values(["name", "seed"], kind="stable").reset_index(drop=True)


def all_rows(folder: SealedFolder) -> ArrowTable:
    """The Arrow table of all rows by cell, from the index and what has come since."""
    table, indexed = _indexed(folder)
    there = cells(folder)
    new, gone = sorted(there - indexed), indexed - there
    if not new and not gone:
        return table
    pa = require("pyarrow", "io")
    table = pa.concat_tables([_without(table, gone), *_tables(folder, new)], promote_options="permissive")
    return table.select(sorted(table.column_names, key=_column_order)).sort_by("cell")


def write_index(folder: SealedFolder) -> None:
    """Put all rows into one file, where that is out of date; no file where there are none."""
    _, indexed = _indexed(folder)
    if indexed and indexed == cells(folder):
        return
    table = all_rows(folder)
    if len(table):
        folder.keep(INDEX, parquet_of(table))
    else:
        folder.remove(INDEX)


def take_out(folder: SealedFolder, keys: Iterable[str]) -> None:
    """Take cells out of the index whose files are about to change: they are read anew."""
    table, indexed = _indexed(folder)
    if not indexed.isdisjoint(keys):
        folder.keep(INDEX, parquet_of(_without(table, keys)))


def _without(table: ArrowTable, keys: Iterable[str]) -> ArrowTable:
    pa, compute = require("pyarrow", "io"), require("pyarrow.compute", "io")
    return table.filter(compute.invert(compute.is_in(table["cell"], pa.array(keys, pa.string()))))


def _column_order(name: str) -> tuple[int, str]:
    """Labels first, then what all rows have, then the rest by name, such as tags."""
    return _COLUMNS.get(name, len(_COLUMNS)), name


def _indexed(folder: SealedFolder) -> tuple[ArrowTable, set[str]]:
    """The rows of the index, and which cells they are of; nothing where it cannot be read."""
    table = folder.opened_or_warned(INDEX, _rows_table)
    if table is None:
        pa = require("pyarrow", "io")
        table = pa.table({"cell": pa.array([], pa.string())})
    return table, set(table["cell"].unique().to_pylist())


def _tables(folder: SealedFolder, keys: Iterable[str]) -> list[ArrowTable]:
    """The rows of some cells, of those that can be read: others are named, and the next sweep does them again."""

    def read(key: str) -> ArrowTable | DamagedFile:
        try:
            return _rows_of(folder, key)
        except DamagedFile as error:
            return error

    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(read, keys))
    for error in found:
        if isinstance(error, DamagedFile):
            warn(str(error))
    return [table for table in found if not isinstance(table, DamagedFile)]


def _rows_of(folder: SealedFolder, key: str) -> ArrowTable:
    """The rows of a cell, with what its header says of times."""
    cell = folder.needed(path_of(HEADER, key), cell_header)["cell"]
    table = folder.needed(path_of(ROWS, key), _rows_table)
    pa = require("pyarrow", "io")
    for name in TIMES:
        table = table.append_column(name, pa.repeat(pa.scalar(cell[name], pa.float64()), len(table)))
    return table


def cell_header(content: bytes) -> dict[str, Any]:
    """The header of a cell; ValueError for anything else."""
    header = json_record(content)
    cell = header["cell"]
    if not set(cell) >= _SAID or not set(cell["tables"]) <= set(ORDER):
        raise ValueError("no header of a cell")
    return header


def _rows_table(content: bytes) -> ArrowTable:
    """The table of a file of rows; ValueError for one of something else."""
    table = arrow_table(content)
    if missing := _NEEDED.difference(table.column_names):
        raise ValueError(f"no rows of cells: {min(missing)} is missing")
    return table
