"""Saved results, read back."""

import json
import os
from dataclasses import fields
from pathlib import Path

from symmeter.errors import SymmeterError
from symmeter.layers.explained import AliasRow
from symmeter.layers.profile import LayerRow, Profile
from symmeter.result import HEADER, SAMPLES, SCHEMA, ElementRow, Result, Row, pandas

KINDS: dict[str, tuple[type[Result], type[Row]]] = {"result": (Result, Row), "profile": (Profile, LayerRow)}


def load(path: str | os.PathLike) -> Result:
    """A Result (or a Profile) from a saved folder or JSON file; SymmeterError when it is none.

    Only JSON and Parquet are read, nothing in them is evaluated.
    """
    folder = Path(path)
    file = folder / HEADER if folder.is_dir() else folder
    try:
        content = json.loads(file.read_text())
        if content.get("schema") != SCHEMA:
            raise SymmeterError(f"{file}: schema {content.get('schema')!r} is not {SCHEMA!r}")
        kind, row_kind = KINDS[content.pop("kind", "result")]
        row_kind = AliasRow if any("aliasing" in row for row in content["rows"]) else row_kind
        known = {f.name for f in fields(row_kind)}
        rows = tuple(row_kind(**{k: v for k, v in row.items() if k in known}) for row in content.pop("rows"))
        elements = tuple(ElementRow(**row) for row in content.pop("elements", ()))
    except FileNotFoundError as error:
        raise SymmeterError(f"{path}: no result there (no {file.name})") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SymmeterError(f"{file}: not a symmeter result ({error})") from error
    warnings = tuple(content.pop("warnings", ()))
    content.pop("schema")
    samples, names = {}, ()
    if (folder / SAMPLES).is_file():
        frame = pandas().read_parquet(folder / SAMPLES)
        names = tuple(frame.pop("name"))
        samples = {column: frame[column].to_numpy() for column in frame}
    return kind(rows, content, warnings, samples, names, elements)
