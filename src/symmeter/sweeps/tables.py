"""Tables of a store: Parquet files as Arrow tables, their rows as plain values, and frames as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from symmeter.optional import require
from symmeter.sweeps.sealed import BLANK, SEAL

TAG = "tag_"

# What pandas and Arrow hand out; their own types name every form an expression might take, and so hold none.
Frame = Any  # a pandas DataFrame
ArrowTable = Any
# Words that a spreadsheet takes for a formula, unless all of them is a number.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*(e[+-]?\d+)?|inf)", re.ASCII | re.IGNORECASE)


def parquet_file(rows: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> bytes:
    """Rows, or columns by name, as a small Parquet file with room for a seal."""
    pa = require("pyarrow", "io")
    return parquet_of(pa.table(rows) if isinstance(rows, Mapping) else pa.Table.from_pylist(rows))


def parquet_of(table: ArrowTable) -> bytes:
    """An Arrow table as such a file."""
    buffer, marked = io.BytesIO(), table.replace_schema_metadata({SEAL: BLANK})
    require("pyarrow.parquet", "io").write_table(marked, buffer, compression="zstd", write_statistics=False)
    return buffer.getvalue()


def arrow_table(content: bytes) -> ArrowTable:
    """The Arrow table of a Parquet file, read in this thread alone.

    Arrow's threads let go of Python's bytes when they please; where Python is ending by then, the process aborts.
    """
    file = require("pyarrow.parquet", "io").ParquetFile(io.BytesIO(content), pre_buffer=False)
    return file.read(use_threads=False).replace_schema_metadata()


def data_frame(table: ArrowTable) -> Frame:
    """An Arrow table as a pandas DataFrame, made in this thread alone."""
    return table.to_pandas(use_threads=False)


def csv_text(frame: Frame) -> str:
    """A DataFrame as CSV in which no words are a formula to a spreadsheet: an apostrophe goes before those.

    >>> import pandas as pd
    >>> print(csv_text(pd.DataFrame({"name": ["=1+1", "-1"], "x": [-0.5, 2.0]})), end="")
    "name","x"
    "'=1+1",-0.5
    "-1",2.0
    """
    plain = frame.map(_no_formula).rename(columns=_no_formula)
    return plain.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC)  # a bare carriage return would end a row


def _no_formula(value: Any) -> Any:
    words = isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if words else value


def plain_rows(table: ArrowTable) -> list[dict[str, Any]]:
    """Rows of an Arrow table, of the types that its schema says: None for what is missing, and for NaN.

    >>> plain_rows(arrow_table(parquet_file([{"n": 3, "x": float("nan")}, {"n": None, "x": 1.5}])))
    [{'n': 3, 'x': None}, {'n': None, 'x': 1.5}]
    """
    rows = table.to_pylist()
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]


def labelled(
    rows: Iterable[Mapping[str, Any]], labels: Mapping[str, Any], tags: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows with the cell's labels before their own columns, and its tags behind them."""
    tagged = {TAG + key: str(value) for key, value in tags.items()}
    return [{**labels, **{k: v for k, v in row.items() if not k.startswith(TAG)}, **tagged} for row in rows]
