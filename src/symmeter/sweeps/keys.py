"""What a cell's key is made of: which weights, which samples, which numbers.

Equal keys promise equal numbers, so a key holds what decides a number and nothing else: no order of fields, no name of
a file of code or weights, no module in which a class lives.
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from symmeter.errors import SymmeterError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from symmeter.sweeps.list_columns import Entry

# The version of the measuring code. Raise it by one whenever a change makes the tool print another number for the same
# call: then every cell of every store is measured anew. Leave it for all else, such as moves, names, comments, speed
# and new options. tests/sweeps/test_numbers.py holds some stored values, fails when they change, and says this too.
NUMBERS = 6

_WHOLE = 2**26  # bytes: larger files of a folder are known by their size and their first part


def digest(value: object) -> str:
    """A short hash of anything that JSON can say, dates and dataclasses.

    >>> digest({"a": 1, "b": [2]}) == digest({"b": (2,), "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: object) -> object:
    """What JSON cannot say in words that stay the same from day to day."""
    if is_dataclass(value) and not isinstance(value, type):
        return said(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, date):
        return value.isoformat()
    raise SymmeterError(
        f"{type(value).__name__} cannot be part of what a cell is found by: give words or numbers"
    )


def said(settings: "DataclassInstance") -> dict[str, object]:
    """The fields of a dataclass that are not what they are when nothing is said, so that a new field changes no key.

    >>> from symmeter.sweeps.plan import Spec
    >>> said(Spec(symmetry="rotation", seed=0))
    {'symmetry': 'rotation'}
    """
    found = {}
    for field in fields(settings):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        value = getattr(settings, field.name)
        if value != default:
            found[field.name] = value
    return found


def weights_identity(entry: "Entry", seed: int) -> dict[str, object]:
    """Which network with which weights: files by their content, names by the version of their library."""
    found: dict[str, object] = {"model_kwargs": dict(entry.model_kwargs), **_source(entry.model)}
    if entry.weights is not None:
        if not Path(entry.weights).is_file():
            raise SymmeterError(f"weights {entry.weights}: no such file")
        found["weights"] = _file_hash(entry.weights)
    elif entry.untrained:
        found["untrained"] = seed
    return found


def files_identity(options: Mapping[str, object], kind: type) -> dict[str, object]:
    """What options of a class, which may name files or code, name: files by their content."""
    named = [f.name for f in fields(kind) if f.metadata.get("code") or f.metadata.get("file")]
    given = {name: options[name] for name in named if isinstance(options.get(name), str)}
    return {name: _source(str(text)) for name, text in given.items()}


def _source(model: str) -> dict[str, str]:
    """Where the network comes from: `FILE.py:callable` and `FILE.onnx` by content, other names as they are."""
    file, colon, called = model.rpartition(":")
    if colon and file.endswith(".py") and Path(file).is_file():
        return {"model": called, "source": _file_hash(file)}
    if Path(model).is_file():
        return {"source": _file_hash(model)}
    if colon:
        return {"model": model, "library": _library(model.partition(":")[0].partition(".")[0])}
    return {"model": model}


def data_identity(data: str) -> str:
    """A hash of the samples: of names and contents in a folder, of the content of a file, of a built-in name.

    Names within the folder count: they tell classes, and the order in which samples are drawn.
    """
    if data.startswith("builtin:"):
        return data
    path = Path(data).expanduser()
    if path.is_file():
        return _file_hash(str(path))
    if not path.is_dir():
        raise SymmeterError(f"{data}: no such file or folder")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return digest([[file.relative_to(path).as_posix(), file.stat().st_size, _start(file)] for file in files])


def code_version() -> str:
    """By which code a cell was measured, for a person to read; of this only NUMBERS is in a key."""
    return f"{version('symmeter')}, numbers {NUMBERS}"


@cache
def _library(name: str) -> str:
    with contextlib.suppress(PackageNotFoundError):
        return version({"hf": "transformers"}.get(name, name))
    return ""


@cache
def _file_hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _start(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(_WHOLE)).hexdigest()
