"""The models of a sweep: names, wildcards, and lists in text, CSV and YAML files."""

import fnmatch
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError
from symmeter.models.hub import hubs
from symmeter.models.names import Names, hub_names, list_models
from symmeter.sweeps.list_columns import Entry, read_row
from symmeter.sweeps.list_files import rows_of
from symmeter.sweeps.own_code import OwnCode

LISTS = (".txt", ".csv", ".yaml", ".yml")
_MOST = 100_000  # models of one sweep

Models = str | Entry | Mapping[str, Any] | Iterable[object]


def read_models(
    models: Models, untrained: bool = False, domain: str = "images", allow_code: Sequence[str] = ()
) -> list[Entry]:
    """Entries from names, wildcards such as `timm:vit_*`, files with lists of them, or several of these.

    A text file has one model per line; a CSV or YAML file a row each, with the COLUMNS, and one for each option of the
    kind of data: that of the row's column `domain`, else `domain`. All others are tags. Paths of weights, of further
    lists and `FILE.py:callable` are relative to the list. The same entry counts once.

    A list names code beside it only, `FILE.py:callable`, or what fits a pattern in `allow_code`. What is named in the
    call is the caller's own.

    >>> [entry.model for entry in read_models(["timm:resnet1?t"], untrained=True)]
    ['timm:resnet10t', 'timm:resnet14t']
    >>> read_models("timm:vti_*", untrained=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: timm:vti_*: no model has such a name; start with timm: or torchvision:
    """
    items: Iterable[object] = [models] if isinstance(models, str | Entry | Mapping) else models
    reader = _Reader(untrained, domain, allow_code)
    found: list[Entry] = []
    for item in items:
        if isinstance(item, Entry):
            found.append(item)
        elif isinstance(item, Mapping):
            found.append(replace(read_row(item, "models", domain), where=""))
        elif isinstance(item, str | Path):
            found += reader.expanded(str(item))
        else:
            raise SymmeterError(f"a model of a sweep is a name, a row or a list, not {type(item).__name__}")
    chosen = [replace(e, untrained=True) if untrained and e.weights is None else e for e in found]
    unique = list({repr(entry): entry for entry in chosen}.values())
    if not unique:
        raise SymmeterError("no models given: name some, or a list of them")
    return unique


@dataclass(frozen=True)
class _Reader:
    """Reads words and files; without `untrained` wildcards bring what has weights."""

    untrained: bool
    domain: str
    allow_code: Sequence[str]
    done: set[Path] = field(default_factory=set)  # lists that were read
    seen: set[tuple[str, str]] = field(default_factory=set)  # what else a row says, and each of its models
    known: Names = field(default_factory=lambda: cache(hub_names))  # asked once for all lines

    def expanded(self, word: str) -> list[Entry]:
        """A file's entries, or the names that fit a wildcard, or the one model of this name."""
        if not word.lower().endswith(LISTS):
            return [Entry(name) for name in self._names(word, self.untrained)]
        path = Path(word).expanduser()
        return self._listed(path, OwnCode(path.parent, self.allow_code), ())

    def _listed(self, path: Path, code: OwnCode, around: tuple[Path, ...]) -> list[Entry]:
        """The entries of a file; `around` are the lists that name it, and `code` is what all of them may run."""
        place = Path(os.path.realpath(path))  # resolve() raises for a link to itself
        if place in around:
            raise SymmeterError(f"{path}: this list is in itself; take that line out")
        if place in self.done:  # the same entry counts once
            return []
        found: list[Entry] = []
        for row in rows_of(path):
            entry = read_row(row.cells, row.where, self.domain)
            try:
                found += self._row(entry, path.parent, code, (*around, place))
            except SymmeterError as error:
                raise error if around or entry.where in str(error) else _at(entry.where, error) from error
            if len(found) > _MOST:
                raise SymmeterError(f"{row.where}: more than {_MOST:,} models")
        self.done.add(place)
        return found

    def _row(self, entry: Entry, folder: Path, code: OwnCode, around: tuple[Path, ...]) -> list[Entry]:
        """What one row of a list stands for."""
        if entry.model.lower().endswith(LISTS):
            if entry != Entry(entry.model):
                raise SymmeterError(
                    f"model {entry.model[:60]!r} is a list, whose rows say all for themselves"
                )
            return self._listed(folder / entry.model, code, around)
        code.check(entry.model, folder)
        names = self._names(entry.model, self.untrained or entry.untrained)
        rest = f"{folder} {replace(entry, model='')!r}"
        new = [name for name in names if (rest, name) not in self.seen]
        self.seen.update((rest, name) for name in new)
        return [_beside(replace(entry, model=name), folder) for name in new]

    def _names(self, word: str, untrained: bool) -> list[str]:
        """The names that fit a wildcard, or the one that is none; without `untrained` those that have weights."""
        if not set(word) & set("*?["):
            return [word]
        known = list_models(word, trained=not untrained, known=self.known)
        names = fnmatch.filter(known, word) if known else []
        if not names:
            raise SymmeterError(f"{word[:200]}: no model has such a name; start with timm: or torchvision:")
        return names


def with_remote_code(entries: Sequence[Entry], trusted: bool) -> list[Entry]:
    """The entries, those of hubs whose networks may bring code with leave to run it; SymmeterError where none is.

    >>> with_remote_code([Entry("timm:resnet18")], True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: --trust-remote-code: no model here may bring code; leave it out
    """
    bringing = {prefix for prefix, hub in hubs().items() if hub.has_code}
    found = [replace(e, trust_remote_code=trusted and e.model.partition(":")[0] in bringing) for e in entries]
    if trusted and not any(entry.trust_remote_code for entry in found):
        raise SymmeterError("--trust-remote-code: no model here may bring code; leave it out")
    return found


def _at(where: str, error: SymmeterError) -> SymmeterError:
    return SymmeterError(f"{where}: {error}")


def _beside(entry: Entry, folder: Path) -> Entry:
    """Paths in a list are relative to it."""
    file, _, name = entry.model.rpartition(":")
    if file.endswith(".py") and (folder / file).is_file():
        entry = replace(entry, model=f"{folder / file}:{name}", name=entry.name or entry.model)
    if entry.model.lower().endswith(".onnx") and (folder / entry.model).is_file():
        entry = replace(entry, model=str(folder / entry.model), name=entry.name or entry.model)
    if entry.weights and (folder / entry.weights).is_file():
        entry = replace(entry, weights=str(folder / entry.weights))
    return entry
