"""The models of a sweep: names, wildcards, and lists in text, CSV and YAML files."""

import csv
import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError, nearest
from symmeter.models.names import list_models
from symmeter.models.spec import parse_model_kwargs
from symmeter.optional import require

LISTS = (".txt", ".csv", ".yaml", ".yml")
_PREPROCESSING = ("img_size", "crop_pct", "mean", "std", "interpolation")
_COLUMNS = ("model", "name", "weights", "untrained", "model_kwargs", "output", "layouts", *_PREPROCESSING)


@dataclass(frozen=True)
class Entry:
    """One model of a sweep, how it is loaded, and what is said of it (`tags`)."""

    model: str
    name: str = ""
    weights: str | None = None
    untrained: bool = False
    model_kwargs: Mapping[str, Any] = field(default_factory=dict)
    output: str | None = None
    layouts: Mapping[str, str] = field(default_factory=dict)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the entry is called: its name, else the model's."""
        return self.name or self.model


def read_models(
    models: str | Entry | Mapping[str, Any] | Iterable[Any], untrained: bool = False
) -> list[Entry]:
    """Entries from names, wildcards such as `timm:vit_*`, files with lists of them, or several of these.

    A text file has one model a line; a CSV or YAML file a row each, with the columns model, name, weights,
    untrained, model_kwargs, output, layouts, img_size, crop_pct, mean, std, interpolation; all others are tags.
    Paths of weights and `FILE.py:callable` are relative to the list. The same entry counts once.

    >>> [entry.model for entry in read_models(["timm:resnet1?t"], untrained=True)]
    ['timm:resnet10t', 'timm:resnet14t']
    >>> read_models("timm:vti_*", untrained=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: timm:vti_*: no model has such a name; start with timm: or torchvision:
    """
    if isinstance(models, str | Entry | Mapping):
        models = [models]
    found: list[Entry] = []
    for item in models:
        if isinstance(item, Entry):
            found.append(item)
        elif isinstance(item, Mapping):
            found.append(_entry(item, Path(), "models"))
        elif isinstance(item, str | Path):
            found += _expanded(str(item), untrained)
        else:
            raise SymmeterError(f"a model of a sweep is a name, a row or a list, not {type(item).__name__}")
    chosen = [replace(e, untrained=True) if untrained and e.weights is None else e for e in found]
    unique = list({repr(entry): entry for entry in chosen}.values())
    if not unique:
        raise SymmeterError("no models given: name some, or a list of them")
    return unique


def _expanded(word: str, untrained: bool) -> list[Entry]:
    if word.lower().endswith(LISTS):
        return _listed(Path(word).expanduser(), untrained)
    if any(sign in word for sign in "*?["):
        specs = fnmatch.filter(list_models(word), word)
        if not untrained and "." not in word:
            ready = {
                f"timm:{name.partition('.')[0]}"
                for name in require("timm", "vision").list_models(pretrained=True)
            }
            specs = [spec for spec in specs if not spec.startswith("timm:") or spec in ready]
        if not specs:
            raise SymmeterError(f"{word}: no model has such a name; start with timm: or torchvision:")
        return [Entry(spec) for spec in specs]
    return [Entry(word)]


def _listed(path: Path, untrained: bool) -> list[Entry]:
    """The rows of a file; SymmeterError that names file and row."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise SymmeterError(f"{path}: cannot be read ({reason})") from error
    if path.suffix.lower() == ".txt":
        words = [line.partition("#")[0].strip() for line in text.splitlines()]
        return [
            _beside(entry, path.parent)
            for word in filter(None, words)
            for entry in _expanded(word, untrained)
        ]
    rows = list(csv.DictReader(text.splitlines())) if path.suffix.lower() == ".csv" else _yaml(text, path)
    return [
        replace(entry, model=one.model)
        for i, row in enumerate(rows, start=1)
        for entry in [
            _entry({k: v for k, v in row.items() if v not in (None, "")}, path.parent, f"{path}, row {i}")
        ]
        for one in _expanded(entry.model, untrained or entry.untrained)
    ]


def _yaml(text: str, path: Path) -> list[Mapping[str, Any]]:
    yaml = require("yaml", "sweep")
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SymmeterError(f"{path}: not YAML: {' '.join(str(error).split())[:150]}") from error
    if not isinstance(rows, list):
        raise SymmeterError(f"{path}: write a list, one row a model: - model: timm:resnet50")
    return [{"model": row} if isinstance(row, str) else row for row in rows]


def _entry(row: Mapping[str, Any], folder: Path, where: str) -> Entry:
    """An entry from one row; SymmeterError says what is wrong with it, and where."""
    if not isinstance(row, Mapping) or not row.get("model"):
        near = nearest("model", [str(key) for key in row], most=1) if isinstance(row, Mapping) else ""
        raise SymmeterError(f"{where}: no column 'model'{near}")
    try:
        return _beside(Entry(
            model=str(row["model"]).strip(),
            name=str(row.get("name", "")).strip(),
            weights=str(row["weights"]).strip() if row.get("weights") else None,
            untrained=_truth(row.get("untrained", False)),
            model_kwargs=_kwargs(row.get("model_kwargs")),
            output=str(row["output"]) if row.get("output") else None,
            layouts=_pairs(row.get("layouts")),
            preprocessing={key: _value(key, row[key]) for key in _PREPROCESSING if key in row},
            tags={str(key): value for key, value in row.items() if key is not None and key not in _COLUMNS},
        ), folder)  # fmt: skip
    except (ValueError, TypeError) as error:
        raise SymmeterError(f"{where}: {error}") from error


def _beside(entry: Entry, folder: Path) -> Entry:
    """Paths in a list are relative to it."""
    file, colon, name = entry.model.rpartition(":")
    if colon and file.endswith(".py") and (folder / file).is_file():
        entry = replace(entry, model=f"{folder / file}:{name}", name=entry.name or entry.model)
    if entry.weights and (folder / entry.weights).is_file():
        entry = replace(entry, weights=str(folder / entry.weights))
    return entry


def _truth(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in ("true", "false", "1", "0", "yes", "no"):
        raise ValueError(f"untrained is {value!r}; write true or false")
    return word in ("true", "1", "yes")


def _kwargs(value: Any) -> dict[str, Any]:
    return (
        dict(value) if isinstance(value, Mapping) else parse_model_kwargs(str(value).split() if value else [])
    )


def _pairs(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(k): str(v) for k, v in value.items()}
    words = str(value).split() if value else []
    return {module: layout for module, _, layout in (word.rpartition("=") for word in words)}


def _value(key: str, value: Any) -> Any:
    if key == "interpolation":
        return str(value)
    numbers = value if isinstance(value, list | tuple) else str(value).split()
    kind = int if key == "img_size" else float
    try:
        found = [kind(number) for number in numbers]
    except ValueError:
        raise ValueError(f"{key} is {value!r}; write numbers") from None
    return found[0] if len(found) == 1 else tuple(found)
