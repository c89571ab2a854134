"""Saved results as a store, for as long as it is read: what takes a store takes them too."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from symmeter.layers.profile import Profile
from symmeter.results.comparison import name_of, told_apart
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.saved import columns_of
from symmeter.sweeps.compare import NamedResult
from symmeter.sweeps.keys import code_version, digest
from symmeter.sweeps.load import load
from symmeter.sweeps.packed import packed
from symmeter.sweeps.store import Store, is_store


@contextlib.contextmanager
def gathered(places: Sequence[Result | str | os.PathLike]) -> Iterator[Store]:
    """The store at one place, or a temporary one of results, of saved ones, and of the cells of stores.

    Results whose models have one name are of one model, unless they say the same thing twice. SymmeterError for a place
    where there is neither.
    """
    if len(places) == 1 and is_store(places[0]):
        yield Store(str(places[0]))
        return
    found = [one for place in places for one in _results(place)]
    found += _wholes(found)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store", create=True)
        for number, (one, name) in enumerate(zip(found, _names(found), strict=True)):
            task = _task(one.result, name, digest([number, name]))
            store.commit(task["key"], packed(one.result, task, None))
        yield store


def _results(place: Result | str | os.PathLike) -> Iterator[NamedResult]:
    """The results at a place."""
    if isinstance(place, Result):
        yield NamedResult(place, name_of(place))
    elif is_store(place):
        store = Store(str(place))
        for key in sorted(store.keys()):
            entry = store.header(key)["cell"]["entry"]
            yield NamedResult(store.result(key), entry["name"] or entry["model"], str(place))
    else:
        result = load(str(place))
        yield NamedResult(result, name_of(result), Path(str(place)).name)


def _names(found: Sequence[NamedResult]) -> list[str]:
    """The names of the models: with the place, and in the end a number, where two say the same thing of one name."""
    by_name = [one.name for one in found]
    clashing = _clashing(found)
    placed = [
        f"{one.name} ({one.place})" if one.name in clashing and one.place else one.name for one in found
    ]
    again = _clashing([replace(one, name=name) for one, name in zip(found, placed, strict=True)])
    if not again:
        return placed if clashing else by_name
    numbered = told_apart(placed)
    return [new if old in again else old for old, new in zip(placed, numbered, strict=True)]


def _wholes(found: Sequence[NamedResult]) -> list[NamedResult]:
    """Of profiles the rows of the whole, for a report is about those; not where another result has them."""
    others = [one for one in found if not isinstance(one.result, Profile)]
    known = {(one.name, *_about(row)) for one in others for row in one.result.rows}
    columns = sorted(columns_of(Row))
    added = []
    for one in (one for one in found if isinstance(one.result, Profile)):
        roots = [row for row in one.result.rows if row.whole and (one.name, *_about(row)) not in known]
        rows = tuple(Row(**{name: row[name] for name in columns}) for row in roots)
        if rows:
            whole = Result(rows, one.result.header, one.result.warnings)
            added.append(NamedResult(whole, one.name, one.place))
    return added


def _about(row: Row) -> tuple[str, ...]:
    """What a row is about."""
    return row.measure, row.symmetry, row.output, row.layer


def _clashing(found: Sequence[NamedResult]) -> set[str]:
    """The names of which two results have a row about the same."""
    seen: set[tuple[Any, ...]] = set()
    names: set[str] = set()
    for one in found:
        kind, data = type(one.result), one.result.header["data"].get("name")
        labels = {(one.name, kind, data, *_about(row)) for row in one.result.rows}
        names |= {one.name} if labels & seen else set()
        seen |= labels
    return names


def _task(result: Result, name: str, key: str) -> dict[str, Any]:
    """What a sweep would have been asked for to find this."""
    model, spec = result.header["model"], result.header["spec"]
    fresh = model.get("weights") == "untrained"
    kind = "layers" if isinstance(result, Profile) else "measure"
    return {
        "key": key,
        "entry": {"model": model["name"], "name": name, "untrained": fresh, "tags": {}},
        "spec": {"seed": spec.get("seed", 0), "kind": kind},
        "data": result.header["data"].get("name"),
        "code": code_version(),
    }
