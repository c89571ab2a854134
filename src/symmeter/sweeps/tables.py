"""Tables of a store: Parquet files as Arrow tables, and their rows as plain values."""

import io
from typing import Any

from symmeter.optional import require

# What pandas and Arrow hand out; their own types name every form an expression might take, and so hold none.
Frame = Any  # a pandas DataFrame
ArrowTable = Any
# Columns that hold whole numbers.
_WHOLE = (
    "n", "elements", "depth", "calls", "order", "power", "stability_pairs", "specificity_pairs", "untrained_pairs",
    "parity",
)  # fmt: skip


def arrow_table(content: bytes) -> ArrowTable:
    """The Arrow table of a Parquet file, read in this thread alone.

    Arrow's threads let go of Python's bytes when they please; where Python is ending by then, the process aborts.
    """
    file = require("pyarrow.parquet", "io").ParquetFile(io.BytesIO(content), pre_buffer=False)
    return file.read(use_threads=False).replace_schema_metadata()


def data_frame(table: ArrowTable) -> Frame:
    """An Arrow table as a pandas DataFrame, made in this thread alone."""
    return table.to_pandas(use_threads=False)


def plain_rows(frame: Frame) -> list[dict[str, Any]]:
    """Rows of a DataFrame as dicts: None for what is missing, and int where the numbers are whole ones."""
    return [{name: _plain(name, value) for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(name: str, value: Any) -> Any:
    if value is None or (isinstance(value, float) and value != value):
        return None
    return int(value) if name in _WHOLE else value
