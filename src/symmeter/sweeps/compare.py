"""`compare`: models side by side, from saved results, from stores, or measured now on the same images."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, overload

from symmeter.errors import SymmeterError
from symmeter.layers.attribute import attribute
from symmeter.layers.difference import Difference
from symmeter.layers.explain import check_asked, difference_of, views
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import measure
from symmeter.results.comparison import Comparison, compared, name_of
from symmeter.results.result import HEADER, Result
from symmeter.sweeps.load import load
from symmeter.sweeps.places import MARK
from symmeter.sweeps.store import Store
from symmeter.verbs.arguments import Kind, several, truth, whole
from symmeter.verbs.verb import verb

# What cells of a store must share to be compared: the same images, moved and looked at in the same way.
_SAME = ("samples", "seed", "symmetry", "measure", "output", "elements", "sampling")


def _one(value: object) -> object:
    return value if isinstance(value, Result) else ARGUMENTS["model"].read(value)


@dataclass(frozen=True)
class NamedResult:
    """A result, the name of its model, and where it comes from."""

    result: Result
    name: str
    place: str = ""


@overload
def compare(
    *models: Any, data: Any = None, layers: Literal[False] = False, **arguments: Any
) -> Comparison: ...
@overload
def compare(*models: Any, data: Any = None, layers: Literal[True], **arguments: Any) -> Difference: ...
@verb(
    models=several("results, paths of saved ones or of stores, and models", Kind("", _one)),
    data=Kind(ARGUMENTS["data"].words, ARGUMENTS["data"].read).or_none("where all are measured"),
    layers=truth,
    by=views.or_none("for the views that fit"),
    depth=whole(1).or_none("for all of the tree"),
    arguments=Kind("arguments of symmeter.measure", dict),
)
def compare(
    *models: Any,
    data: Any = None,
    layers: bool = False,
    by: tuple[str, ...] | None = None,
    depth: int | None = None,
    **arguments: Any,
) -> Comparison | Difference:
    """Compare models with the first one, image by image: how many times more symmetric, and whether that is clear.

    With `layers`, of two networks: which of their layers account for how much their errors differ, in lines that add
    up to that.

    Args:
        models: two or more, each a `Result`, the path of a saved one, the path of a store of a sweep (of which those
            models count that were measured in the same way on the same images: the largest such set), or a model as
            `symmeter.measure` takes it. With `layers` a `Profile` in place of a `Result`.
        data: what models are measured on; results and stores need none.
        layers: whether to explain the difference by layers; models are attributed as by `symmeter.attribute`.
        by: of layers, `module`, `kind`, `stage`, or several of them; None for `module` where both networks have the
            same parts, else `kind` and `stage`.
        depth: of layers by module, collapses the tree to this depth.
        arguments: of `symmeter.measure`, such as `symmetry`, `output` and `samples`, with `layers` those of
            `symmeter.attribute`; the same for every model.

    Raises:
        SymmeterError: in one line, for what cannot be compared: results on different images, under different
            definitions, units or outputs, or saved without the values of single images.

    Source: see `symmeter.results.comparison.compared` for the formula, with `layers` `symmeter.layers.explain`.

    >>> import torch
    >>> x = torch.rand(8, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    >>> one, two = (lambda x: x[:, :, 0, 0]), (lambda x: x[:, :, 0, 0] / 2)
    >>> row = compare(one, two, data=x, symmetry="rotation", output="logits").rows[0]
    >>> round(row.ratio, 6), row.verdict
    (0.25, 'smaller error')
    """
    measuring = _attributed if layers else measure
    if layers:
        check_asked(max(len(models), 2), by, depth)  # a store may hold both
    elif (by, depth) != (None, None):
        raise SymmeterError(f"{'depth' if by is None else 'by'} is of layers: give layers=True too")
    found: list[NamedResult] = []
    notes: list[str] = []
    fresh = 0
    for one in models:
        if isinstance(one, Result):
            found.append(NamedResult(one, name_of(one)))
        elif isinstance(one, str) and is_saved(one):
            named, left_out = saved_results(one)
            found += named
            notes += left_out
        else:
            found.append(_measured(one, data, measuring, arguments))
            notes += [f"{found[-1].name}: {warning}" for warning in found[-1].result.warnings]
            fresh += 1
    if data is not None and not fresh:
        raise SymmeterError("data is given, but every model has been measured already: leave it out")
    results, names = [one.result for one in found], _names(found)
    comparison = difference_of(results, names, by, depth) if layers else compared(results, names)
    return replace(comparison, notes=(*comparison.notes, *notes))


def is_saved(word: str) -> bool:
    """Whether this is the place of a saved result or of a store, and not the name of a model."""
    path = Path(word)
    return "://" in word or path.is_dir() or path.suffix == ".json"


def _attributed(model: object, data: object, **arguments: Any) -> Result:
    """A profile with what is needed of it: no norms and no controls, which cost far more."""
    return attribute(model, data, **{"probes": 0, "control": False, **arguments})


def _measured(
    model: Any, data: Any, measuring: Callable[..., Result], arguments: dict[str, Any]
) -> NamedResult:
    if data is None:
        name = model if isinstance(model, str) else type(model).__name__
        raise SymmeterError(f"{name}: no result or store is there, and a model needs data to be measured on")
    result = measuring(model, data, **arguments)
    return NamedResult(result, name_of(result))


def saved_results(path: str) -> tuple[list[NamedResult], list[str]]:
    """The results at a place, and what is left out."""
    folder = Path(path)
    if "://" in path or ((folder / MARK).is_file() and not (folder / HEADER).is_file()):
        return _of_store(Store(path))
    result = load(path)
    return [NamedResult(result, name_of(result), folder.name)], []


def _of_store(store: Store) -> tuple[list[NamedResult], list[str]]:
    """The models of a store that were measured in one way on the same images: the most there are."""
    frame = store.frame()
    if not len(frame):
        raise SymmeterError(f"store {store.url}: nothing has been measured there")
    keys = list(dict.fromkeys(frame["cell"]))
    broken = store.broken(keys)
    if len(broken) == len(keys):
        raise SymmeterError(f"{next(iter(broken.values()))}, and nothing else has been measured there")
    groups: dict[str, list[str]] = {}
    for key in keys:
        if key not in broken:
            groups.setdefault(_circumstances(store, key), []).append(key)
    largest = max(groups.values(), key=len)
    names = dict(zip(frame["cell"], frame["name"], strict=True))
    rest = len(names) - len(broken) - len(largest)
    notes = [f"{fault}: left out" for fault in broken.values()]
    if rest:
        notes.append(f"store {store.url}: {rest} more cells are of other images or settings, and left out")
    return [NamedResult(store.result(key), names[key]) for key in largest], notes


def _circumstances(store: Store, key: str) -> str:
    """On what and how a cell was measured, in words that are equal where cells can be compared."""
    header = store.header(key)
    spec = header["cell"]["spec"]
    return json.dumps([header["cell"]["data"], header["definition"], [spec.get(name) for name in _SAME]])


def _names(found: Sequence[NamedResult]) -> list[str]:
    """The names of the models, with where they come from where that tells them apart."""
    names = [one.name for one in found]
    return [
        f"{one.name} ({one.place})" if one.place and _several(one.name, names) else one.name for one in found
    ]


def _several(name: str, names: Iterable[str]) -> bool:
    return sum(name == other for other in names) > 1
