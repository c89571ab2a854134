"""Where a store has what."""

MARK = "symmeter.json"  # the file by which a folder is known to be a store
INDEX = "index/rows.parquet"  # all rows in one file
HEADER, ROWS, SAMPLES, ELEMENTS = "header", "rows", "samples", "elements"  # the files of a cell
ORDER = (SAMPLES, ELEMENTS, HEADER, ROWS)  # in which they are written: what has rows is whole
FOLDERS = ("cells", "rows", "samples", "elements", "errors", "claims", "index")
_FILES = {
    HEADER: "cells/{}.json",
    ROWS: "rows/{}.parquet",
    SAMPLES: "samples/{}.parquet",
    ELEMENTS: "elements/{}.parquet",
}


def path_of(name: str, key: str) -> str:
    """Where a cell has its header or one of its tables.

    >>> path_of(ROWS, "0123abcd")
    'rows/0123abcd.parquet'
    """
    return _FILES[name].format(key)
