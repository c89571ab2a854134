"""Saved results, read back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from symmeter.domains.grids.aliasing.attribute import AliasRow
from symmeter.errors import SymmeterError
from symmeter.layers.profile import LayerRow, Profile
from symmeter.results.result import SCHEMA, ElementRow, Result, Row

MARK = "symmeter.json"  # what a store has
KINDS: dict[str, tuple[type[Result], type[Row]]] = {"result": (Result, Row), "profile": (Profile, LayerRow)}


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
