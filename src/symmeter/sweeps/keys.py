"""What a cell's key is made of: which weights, which images, which code."""

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import symmeter
from symmeter.errors import SymmeterError
from symmeter.sweeps.model_list import Entry

_WHOLE = 2**26  # bytes: larger files of a folder are known by their size and their first part
_ABOVE = ("cli", "report", "sweeps", "demo")  # packages that do not change what is measured


def digest(value: Any) -> str:
    """A short hash of anything that JSON can say.

    >>> digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def weights_identity(entry: Entry, seed: int) -> dict[str, Any]:
    """Which network with which weights: files by their content, names by the version of their library."""
    file, colon, _ = entry.model.rpartition(":")
    own = file if colon and file.endswith(".py") else entry.model
    found: dict[str, Any] = {"model": entry.model, "model_kwargs": dict(entry.model_kwargs)}
    if Path(own).is_file():
        found |= {"model": Path(entry.model).name, "source": _file_hash(own)}
    elif colon or ":" in entry.model:
        found["library"] = _library(entry.model.partition(":")[0])
    if entry.weights is not None:
        if not Path(entry.weights).is_file():
            raise SymmeterError(f"weights {entry.weights}: no such file")
        found["weights"] = _file_hash(entry.weights)
    elif entry.untrained:
        found["untrained"] = seed
    return found


def data_identity(data: str) -> str:
    """A hash of the images: of names and contents in a folder, of the content of a file, of a built-in name."""
    if data.startswith("builtin:"):
        return data
    path = Path(data).expanduser()
    if path.is_file():
        return _file_hash(str(path))
    if not path.is_dir():
        raise SymmeterError(f"{data}: no such file or folder")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return digest([[str(file.relative_to(path)), file.stat().st_size, _start(file)] for file in files])


@cache
def code_identity() -> str:
    """The version of symmeter, and a hash of the source of all that decides a number."""
    root = Path(symmeter.__file__).parent
    files: Iterable[Path] = sorted(root.rglob("*.py"))
    hashed = hashlib.sha256()
    for file in files:
        if file.relative_to(root).parts[0] not in _ABOVE:
            hashed.update(file.read_bytes())
    return f"{symmeter.__version__}+{hashed.hexdigest()[:8]}"


@cache
def _library(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version({"hf": "transformers"}.get(name, name))
    except PackageNotFoundError:
        return ""


@cache
def _file_hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _start(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(_WHOLE)).hexdigest()
