"""Saved results, read back: which kinds there are, and how one is made from its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from symmeter.errors import SymmeterError
from symmeter.results.error_split import AveragedError, ErrorSplit
from symmeter.results.nodes import nodes_of_table
from symmeter.results.result import SCHEMA, Result
from symmeter.results.row import ElementRow, Row
from symmeter.results.typed import typed

_RESULTS: dict[str, type[Result]] = {}
_ROWS: dict[str, list[type[Row]]] = {}


def register(result: type[Result], row: type[Row]) -> None:
    """Make it known that results of this kind may have rows of this kind, so that they can be read back.

    To be called where the class of rows is defined. A kind of result may have several kinds of rows, the plainest
    registered first.
    """
    known = _RESULTS.setdefault(result.kind, result)
    if known is not result:
        raise ValueError(f"{known.__name__} and {result.__name__} are both saved as {result.kind!r}")
    _ROWS.setdefault(result.kind, []).append(row)


register(Result, Row)


def columns_of(row: type[Row]) -> set[str]:
    """The names of what a kind of row holds."""
    return {f.name for f in fields(row)}


def row_kind(kind: str, columns: Sequence[str]) -> type[Row]:
    """Which rows, of those that a kind of result may have, these columns are of: the plainest that knows the most.

    SymmeterError for a kind of result that nobody has registered.
    """
    if kind not in _ROWS:
        raise SymmeterError(f"unknown kind of result {kind!r}; known are {', '.join(_ROWS)}")
    return max(_ROWS[kind], key=lambda row: len(columns_of(row).intersection(columns)))


def from_parts(content: Mapping[str, Any], samples: Any = None, nodes: Any = None) -> Result:
    """A Result from its JSON form and, if there are such, the tables of its samples and of their nodes.

    SymmeterError for another schema.
    """
    header = dict(content)
    schema = header.pop("schema", None)
    if schema != SCHEMA:
        raise SymmeterError(f"schema {schema!r} is not {SCHEMA!r}")
    kind = header.pop("kind", Result.kind)
    saved = header.pop("rows")
    row = row_kind(kind, [name for one in saved for name in one])
    rows = tuple(typed(row, one) for one in saved)
    elements = tuple(typed(ElementRow, one) for one in header.pop("elements", ()))
    splits = tuple(typed(ErrorSplit, one) for one in header.pop("splits", ()))
    averages = tuple(typed(AveragedError, one) for one in header.pop("averages", ()))
    warnings = tuple(header.pop("warnings", ()))
    names: tuple[str, ...] = ()
    columns: dict[str, Any] = {}
    if samples is not None:
        names = tuple(samples["name"])
        columns = {column: samples[column].to_numpy() for column in samples if column != "name"}
    single = () if nodes is None else nodes_of_table(nodes)
    return _RESULTS[kind](rows, header, warnings, columns, names, elements, splits, averages, single)
