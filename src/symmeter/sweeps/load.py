"""Saved results and stores, read back."""

import json
import os
from pathlib import Path
from typing import Any

# Kinds of rows and results are known once the modules that define them are imported.
import symmeter.domains.grids.aliasing.attribute
import symmeter.layers.profile
import symmeter.results.robustness  # noqa: F401
from symmeter.errors import SymmeterError
from symmeter.results.result import HEADER, NODES, SAMPLES, pandas
from symmeter.results.saved import from_parts
from symmeter.source import reason
from symmeter.sweeps.places import MARK
from symmeter.sweeps.store import Store
from symmeter.verbs.arguments import path as PATH
from symmeter.verbs.verb import verb


@verb(path=PATH)
def load(path: str | os.PathLike) -> Any:
    """A Result (or a Profile) from a saved folder or JSON file; of a store of a sweep, all rows as a DataFrame.

    Only JSON and Parquet are read, nothing in them is evaluated. SymmeterError where there is none of these.
    """
    folder = Path(path)
    if (folder / MARK).is_file() or "://" in str(path):
        return Store(path).frame()
    file = folder / HEADER if folder.is_dir() else folder
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        result = from_parts(content, _table(folder / SAMPLES), _table(folder / NODES))
        str(result)  # whatever is missing in its header is found here, and not when it is needed
        return result
    except SymmeterError as error:
        raise SymmeterError(f"{file}: {error}") from error
    except FileNotFoundError as error:
        raise SymmeterError(f"{path}: no result there (no {file.name})") from error
    except Exception as error:  # JSON, Parquet and rows of other types raise many kinds
        raise SymmeterError(f"{file}: not a symmeter result ({reason(error)})") from error


def _table(file: Path) -> Any:
    """A table of a saved folder as a pandas DataFrame; None where it has none."""
    return pandas().read_parquet(file) if file.is_file() else None
