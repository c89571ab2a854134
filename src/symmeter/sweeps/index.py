"""All rows of a store in one table: from a file that holds most of them, and from the cells that have come since."""

import contextlib
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from symmeter.optional import require
from symmeter.results.row import RATIOS
from symmeter.sweeps.folder import Folder
from symmeter.sweeps.tables import ArrowTable, Frame, arrow_table, data_frame

INDEX = "index/rows.parquet"
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
# Columns that are there also where they are empty, or where no cell has them.
_KEPT = (
    "floor", "control", "specificity_control", "standard_error", "interval_low", "interval_high", "typical",
    *(name + part for name in RATIOS for part in ("", "_low", "_high", "_pairs")),
)  # fmt: skip


def cells(folder: Folder) -> set[str]:
    """Keys of the cells that are there: those that have rows."""
    return folder.names("rows", ".parquet")


def newest_rows(folder: Folder, kind: str) -> Frame:
    """All rows of all cells of a kind as one pandas DataFrame.

    Where a cell was done again by another version of the code, or with other weights, the newest counts.
    """
    frame = data_frame(all_rows(folder))
    frame = frame[frame["kind"] == kind] if len(frame) else frame
    if not len(frame):
        return frame
    kept = [column for column in frame if column in _KEPT or frame[column].notna().any()]
    missing = [column for column in _KEPT if column not in kept]
    frame = frame.reindex(columns=[*kept, *missing]).astype(dict.fromkeys(_KEPT, float))
    same = [column for column in _SAME if column in frame]
    newest = frame.sort_values("created", kind="stable").drop_duplicates(same, keep="last")
    return newest.sort_values(["name", "created"], kind="stable").reset_index(drop=True)


def all_rows(folder: Folder) -> ArrowTable:
    """The Arrow table of all rows, from the index and what has come since."""
    table, indexed = _indexed(folder)
    there = cells(folder)
    new, gone = sorted(there - indexed), sorted(indexed - there)
    if not new and not gone:
        return table
    pa, compute = require("pyarrow", "io"), require("pyarrow.compute", "io")
    table = pa.concat_tables([table, *_tables(folder, new)], promote_options="permissive")
    if gone:
        table = table.filter(compute.invert(compute.is_in(table["cell"], pa.array(gone))))
    return table


def write_index(folder: Folder) -> None:
    """Put all rows into one file, where that is out of date."""
    _, indexed = _indexed(folder)
    if indexed != cells(folder):
        sink = io.BytesIO()
        require("pyarrow.parquet", "io").write_table(all_rows(folder), sink, compression="zstd")
        folder.write(INDEX, sink.getvalue())


def _indexed(folder: Folder) -> tuple[ArrowTable, set[str]]:
    """The rows of the index, and which cells they are of; nothing where it cannot be read."""
    pa = require("pyarrow", "io")
    with contextlib.suppress(OSError, pa.ArrowException, KeyError):
        table = arrow_table(folder.read(INDEX) or b"")
        return table, set(table["cell"].unique().to_pylist())
    return pa.table({"cell": pa.array([], pa.string())}), set()


def _tables(folder: Folder, keys: Iterable[str]) -> list[ArrowTable]:
    """The rows of some cells; of those that can be read, for the next sweep finds the others and does them again."""
    pa = require("pyarrow", "io")

    def read(key: str) -> ArrowTable:
        try:
            return arrow_table(folder.read(f"rows/{key}.parquet") or b"")
        except (OSError, pa.ArrowException):
            return None

    with ThreadPoolExecutor(_READERS) as pool:
        return [table for table in pool.map(read, keys) if table is not None]
