"""The columns of a list of models: from the cells of a row to an Entry."""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

from symmeter.errors import SymmeterError, nearest
from symmeter.kinds_of_data import find_domain
from symmeter.models.spec import parse_model_kwargs
from symmeter.options import WRITTEN, Values, from_text
from symmeter.sweeps.list_files import Cells
from symmeter.verbs.arguments import shown, words_by_leaf

T = TypeVar("T")
_LONGEST = {"name": 200}  # characters of one word; of all others that of the longest path
_PATH = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Entry:
    """One model of a sweep, how it is loaded and measured, and what is said of it (`tags`).

    `output`, `domain`, `inputs` and `options` go before what the sweep says of all models. `where` it was written, and
    whether code that it brings may run (`trust_remote_code`), is said by no list.
    """

    model: str
    name: str = ""
    weights: str | None = None
    untrained: bool = False
    model_kwargs: Values = field(default_factory=dict)
    output: str | None = None
    layouts: Mapping[str, str] = field(default_factory=dict)
    domain: str | None = None
    inputs: str | Mapping[str, str] | None = None
    options: Values = field(default_factory=dict)
    tags: Mapping[str, object] = field(default_factory=dict)
    trust_remote_code: bool = False
    where: str = field(default="", compare=False, repr=False)

    @property
    def label(self) -> str:
        """What the entry is called: its name, else the model's."""
        return self.name or self.model


# Columns of lists: the fields of an Entry, besides one for each option of the kind of data. All others are tags.
_UNLISTED = ("options", "tags", "trust_remote_code", "where")
COLUMNS = tuple(f.name for f in fields(Entry) if f.name not in _UNLISTED)
_TEXTS = ("name", "weights", "output", "domain")  # those that hold what is written, without spaces around it


def read_row(row: Cells, where: str, domain: str) -> Entry:
    """An entry from the cells of one row; SymmeterError says where it stands, and what is wrong with which column."""
    try:
        return _read({key: cell for key, cell in row.items() if cell not in (None, "")}, where, domain)
    except (SymmeterError, ValueError, TypeError) as error:
        raise SymmeterError(f"{where}: {error}") from error


def _read(row: Cells, where: str, domain: str) -> Entry:
    for key in row:
        _text("a column's name", key)
    if not str(row.get("model", "")).strip():
        raise SymmeterError(f"no column 'model'{nearest('model', map(str, row), most=1)}")
    texts = {column: _text(column, row[column]) for column in _TEXTS if column in row}
    kind = find_domain(texts.get("domain") or domain)
    options = {f.name: f for f in fields(kind.Options) if not f.metadata.get("code")}
    for name in (f.name for f in fields(kind.Options) if f.name not in options and f.name in row):
        raise SymmeterError(f"{name} may name code, and a list does not: give it to the sweep")
    known = [*COLUMNS, *options]
    given = {
        name: _value(name, partial(from_text, option), row[name])
        for name, option in options.items()
        if name in row
    }
    untrained = _value("untrained", WRITTEN["truth"], str(row.get("untrained", False)))
    if untrained and texts.get("weights"):
        raise SymmeterError("weights and untrained contradict each other: give one of them")
    return Entry(
        model=_text("model", row["model"]),
        name=texts.get("name", ""),
        weights=texts.get("weights") or None,
        output=texts.get("output") or None,
        domain=texts.get("domain") or None,
        untrained=untrained,
        model_kwargs=_value("model_kwargs", _model_kwargs, row.get("model_kwargs")),
        layouts=_value("layouts", _layouts, row.get("layouts")),
        inputs=_value("inputs", _inputs, row.get("inputs")),
        options=given,
        tags={key: _tag(key, cell, known) for key, cell in row.items() if key not in known},
        where=where,
    )


def _value(column: str, read: Callable[..., T], cell: object) -> T:
    """What is in a cell; the error for what cannot be read names the column."""
    try:
        return read(cell)
    except (SymmeterError, ValueError) as error:
        said = str(error)
        raise SymmeterError(said if said.startswith(column) else f"{column}: {said}") from None


def _text(column: str, cell: object) -> str:
    """A word as it is written, without spaces around it; SymmeterError for a number, a date, a list."""
    if isinstance(cell, os.PathLike):
        cell = os.fspath(cell)
    if not isinstance(cell, str):
        raise SymmeterError(
            f"{column} is {_kind(cell)}; write a word, in quotes where it looks like another thing"
        )
    if _CONTROL.search(cell.strip()):
        raise SymmeterError(f"{column} {cell[:60]!r} has characters that cannot be printed")
    most = _LONGEST.get(column, _PATH)
    if len(cell) > most:
        raise SymmeterError(f"{column} has {len(cell):,} characters; at most {most:,}")
    return cell.strip()


def _kind(cell: object) -> str:
    """What a cell holds, in words: "2020-01-31, a date"."""
    if isinstance(cell, date):
        return f"{cell.isoformat()}, a date"
    return f"{cell!r}, {type(cell).__name__}" if isinstance(cell, int | float) else shown(cell)


def _tag(key: str, cell: object, known: list[str]) -> object:
    """The value of a tag, as JSON can say it; SymmeterError for a list, and for a column that is misspelt."""
    if meant := get_close_matches(key, known, n=1, cutoff=0.76):
        raise SymmeterError(
            f"column {key!r} would be a tag; did you mean {meant[0]!r}? Else call it something else"
        )
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, str):
        return _text(key, cell)
    if not isinstance(cell, bool | int | float):
        raise SymmeterError(
            f"column {key!r} is {_kind(cell)} and would be a tag: write one word or number"
            f"{nearest(key, known, most=1)}"
        )
    return cell


def _plain(value: object, deep: int = 5) -> bool:
    """Whether a value is words, finite numbers and truths, or lists and dictionaries of them."""
    if isinstance(value, Mapping):
        return deep > 0 and all(isinstance(key, str) and _plain(one, deep - 1) for key, one in value.items())
    if isinstance(value, list | tuple):
        return deep > 0 and all(_plain(one, deep - 1) for one in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int | str)


def _model_kwargs(cell: object) -> Values:
    given = (
        dict(cell)
        if isinstance(cell, Mapping)
        else parse_model_kwargs(_text("model_kwargs", cell or "").split())
    )
    for key, value in given.items():
        if not isinstance(key, str) or not key.isidentifier():
            raise SymmeterError(f"{shown(key)} is no name of an argument")
        if not _plain(value):
            raise SymmeterError(f"{key} is {_kind(value)}; write words, numbers, or lists of them")
    return given


def _layouts(cell: object) -> dict[str, str]:
    if isinstance(cell, Mapping):
        return _words(cell)
    found = {}
    for word in _text("layouts", cell or "").split():
        module, equals, layout = word.rpartition("=")
        if not equals or not module or not layout:
            raise SymmeterError(f"{word[:60]!r}: write MODULE=LAYOUT, such as blocks.*=tokens(1+14x14)")
        found[module] = layout
    return found


def _inputs(cell: object) -> str | dict[str, str] | None:
    if isinstance(cell, Mapping):
        return _words(cell)
    return words_by_leaf(_text("inputs", cell)) if cell else None


def _words(cell: Mapping[Any, Any]) -> dict[str, str]:
    return {_text("a name", key): _text(f"{key!r}", value) for key, value in cell.items()}
