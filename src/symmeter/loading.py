"""Saved results, read back."""

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from symmeter.arguments import path as PATH
from symmeter.errors import SymmeterError
from symmeter.layers.explained import AliasRow
from symmeter.layers.profile import LayerRow, Profile
from symmeter.result import HEADER, SAMPLES, SCHEMA, ElementRow, Result, Row, pandas
from symmeter.verb import verb

MARK = "symmeter.json"  # what a store has
KINDS: dict[str, tuple[type[Result], type[Row]]] = {"result": (Result, Row), "profile": (Profile, LayerRow)}


@verb(path=PATH)
def load(path: str | os.PathLike) -> Any:
    """A Result (or a Profile) from a saved folder or JSON file; of a store of a sweep, all rows as a DataFrame.

    Only JSON and Parquet are read, nothing in them is evaluated. SymmeterError where there is none of these.
    """
    folder = Path(path)
    if (folder / MARK).is_file() or "://" in str(path):
        from symmeter.sweeps.store import Store

        return Store(path).frame()
    file = folder / HEADER if folder.is_dir() else folder
    try:
        content = json.loads(file.read_text())
        frame = pandas().read_parquet(folder / SAMPLES) if (folder / SAMPLES).is_file() else None
        return from_parts(content, frame)
    except SymmeterError as error:
        raise SymmeterError(f"{file}: {error}") from error
    except FileNotFoundError as error:
        raise SymmeterError(f"{path}: no result there (no {file.name})") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SymmeterError(f"{file}: not a symmeter result ({error})") from error


def from_parts(content: Mapping[str, Any], samples: Any = None) -> Result:
    """A Result from its JSON form and, if there is one, the table of its samples; SymmeterError for another schema."""
    content = dict(content)
    if content.get("schema") != SCHEMA:
        raise SymmeterError(f"schema {content.get('schema')!r} is not {SCHEMA!r}")
    kind, row_kind = KINDS[content.pop("kind", "result")]
    row_kind = AliasRow if any("aliasing" in row for row in content["rows"]) else row_kind
    known = {f.name for f in fields(row_kind)}
    rows = tuple(row_kind(**{k: v for k, v in row.items() if k in known}) for row in content.pop("rows"))
    elements = tuple(ElementRow(**row) for row in content.pop("elements", ()))
    warnings = tuple(content.pop("warnings", ()))
    content.pop("schema")
    names: tuple[str, ...] = ()
    columns: dict[str, Any] = {}
    if samples is not None:
        names = tuple(samples["name"])
        columns = {column: samples[column].to_numpy() for column in samples if column != "name"}
    return kind(rows, content, warnings, columns, names, elements)
