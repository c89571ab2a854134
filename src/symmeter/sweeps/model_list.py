"""The models of a sweep: names, wildcards, and lists in text, CSV and YAML files."""

import csv
import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from symmeter.errors import SymmeterError, nearest
from symmeter.kinds_of_data import find_domain
from symmeter.models.names import list_models
from symmeter.models.spec import parse_model_kwargs
from symmeter.optional import require
from symmeter.options import WRITTEN, Values, from_text
from symmeter.verbs.arguments import words_by_leaf

LISTS = (".txt", ".csv", ".yaml", ".yml")
Row = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One model of a sweep, how it is loaded and measured, and what is said of it (`tags`).

    `output`, `domain`, `inputs` and `options` go before what the sweep says of all models.
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

    @property
    def label(self) -> str:
        """What the entry is called: its name, else the model's."""
        return self.name or self.model


# Columns of lists: the fields of an Entry, besides one for each option of the kind of data. All others are tags.
COLUMNS = tuple(f.name for f in fields(Entry) if f.name not in ("options", "tags"))
_TEXTS = ("name", "weights", "output", "domain")  # those that hold what is written, without spaces around it


Models = str | Entry | Row | Iterable[object]


def read_models(models: Models, untrained: bool = False, domain: str = "images") -> list[Entry]:
    """Entries from names, wildcards such as `timm:vit_*`, files with lists of them, or several of these.

    A text file has one model per line; a CSV or YAML file a row each, with the COLUMNS, and one for each option of the
    kind of data: that of the row's column `domain`, else `domain`. All others are tags. Paths of weights and
    `FILE.py:callable` are relative to the list. The same entry counts once.

    >>> [entry.model for entry in read_models(["timm:resnet1?t"], untrained=True)]
    ['timm:resnet10t', 'timm:resnet14t']
    >>> read_models("timm:vti_*", untrained=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: timm:vti_*: no model has such a name; start with timm: or torchvision:
    """
    items: Iterable[object] = [models] if isinstance(models, str | Entry | Mapping) else models
    found: list[Entry] = []
    for item in items:
        if isinstance(item, Entry):
            found.append(item)
        elif isinstance(item, Mapping):
            found.append(_entry(item, Path(), "models", domain))
        elif isinstance(item, str | Path):
            found += _expanded(str(item), untrained, domain)
        else:
            raise SymmeterError(f"a model of a sweep is a name, a row or a list, not {type(item).__name__}")
    chosen = [replace(e, untrained=True) if untrained and e.weights is None else e for e in found]
    unique = list({repr(entry): entry for entry in chosen}.values())
    if not unique:
        raise SymmeterError("no models given: name some, or a list of them")
    return unique


def _expanded(word: str, untrained: bool, domain: str) -> list[Entry]:
    """A file's entries, or the names that fit a wildcard; without `untrained` those that have weights."""
    if word.lower().endswith(LISTS):
        return _listed(Path(word).expanduser(), untrained, domain)
    if not set(word) & set("*?["):
        return [Entry(word)]
    names = fnmatch.filter(list_models(word, trained=not untrained), word)
    if not names:
        raise SymmeterError(f"{word}: no model has such a name; start with timm: or torchvision:")
    return list(map(Entry, names))


def _listed(path: Path, untrained: bool, domain: str) -> list[Entry]:
    """The rows of a file; SymmeterError that names file and row."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "not a text file")
        raise SymmeterError(f"{path}: cannot be read ({reason})") from error
    found = []
    if path.suffix.lower() == ".txt":
        words = [line.partition("#")[0].strip() for line in text.splitlines()]
        for word in dict.fromkeys(filter(None, words)):  # a wildcard is looked up once
            found += [_beside(entry, path.parent) for entry in _expanded(word, untrained, domain)]
        return found
    rows = list(csv.DictReader(text.splitlines())) if path.suffix.lower() == ".csv" else _yaml(text, path)
    for i, row in enumerate(rows, start=1):
        said = {column: value for column, value in row.items() if value not in (None, "")}
        entry = _entry(said, path.parent, f"{path}, row {i}", domain)
        for one in _expanded(entry.model, untrained or entry.untrained, domain):
            found.append(replace(entry, model=one.model))
    return found


def _yaml(text: str, path: Path) -> list[Row]:
    yaml = require("yaml", "sweep")
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SymmeterError(f"{path}: not YAML: {' '.join(str(error).split())[:150]}") from error
    if not isinstance(rows, list):
        raise SymmeterError(f"{path}: write a list, one row per model: - model: timm:resnet50")
    return [row if isinstance(row, Mapping) else {"model": row} for row in rows]


def _entry(row: Mapping[Any, Any], folder: Path, where: str, domain: str) -> Entry:
    """An entry from one row; SymmeterError says what is wrong with it, and where."""
    if not row.get("model"):
        raise SymmeterError(f"{where}: no column 'model'{nearest('model', map(str, row), most=1)}")
    try:
        return _beside(_read(row, domain), folder)
    except (SymmeterError, ValueError, TypeError) as error:
        raise SymmeterError(f"{where}: {error}") from error


def _read(row: Row, domain: str) -> Entry:
    texts = {column: text for column in _TEXTS if (text := str(row.get(column) or "").strip())}
    options = {f.name: f for f in fields(find_domain(texts.get("domain", domain)).Options)}
    known = {*COLUMNS, *options, None}  # None: the cells of a CSV that stand beyond its header
    return Entry(
        model=str(row["model"]).strip(),
        **texts,
        untrained=_value("untrained", WRITTEN["truth"], str(row.get("untrained", False))),
        model_kwargs=_model_kwargs(row.get("model_kwargs")),
        layouts=_layouts(row.get("layouts")),
        inputs=_inputs(row.get("inputs")),
        options={
            name: _value(name, partial(from_text, option), row[name])
            for name, option in options.items()
            if name in row
        },
        tags={str(key): value for key, value in row.items() if key not in known},
    )


def _value(column: str, read: Callable[..., T], cell: object) -> T:
    """What is in a cell; the ValueError for what cannot be read names the column."""
    try:
        return read(cell)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None


def _beside(entry: Entry, folder: Path) -> Entry:
    """Paths in a list are relative to it."""
    file, _, name = entry.model.rpartition(":")
    if file.endswith(".py") and (folder / file).is_file():
        entry = replace(entry, model=f"{folder / file}:{name}", name=entry.name or entry.model)
    if entry.weights and (folder / entry.weights).is_file():
        entry = replace(entry, weights=str(folder / entry.weights))
    return entry


def _model_kwargs(cell: object) -> Values:
    if isinstance(cell, Mapping):
        return dict(cell)
    return parse_model_kwargs(str(cell).split() if cell else [])


def _layouts(cell: object) -> dict[str, str]:
    if isinstance(cell, Mapping):
        return _words(cell)
    found = {}
    for word in str(cell or "").split():
        module, _, layout = word.rpartition("=")
        found[module] = layout
    return found


def _inputs(cell: object) -> str | dict[str, str] | None:
    if isinstance(cell, Mapping):
        return _words(cell)
    return words_by_leaf(str(cell)) if cell else None


def _words(cell: Mapping[object, object]) -> dict[str, str]:
    return dict(zip(map(str, cell.keys()), map(str, cell.values()), strict=True))
