"""A look at every model of a sweep, before it is begun: nothing is downloaded, measured or written."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from symmeter.draw import Draw
from symmeter.kinds_of_data import find_domain, read_options
from symmeter.models.behind import as_module
from symmeter.models.hub import hubs
from symmeter.models.load import describe
from symmeter.progress import bar
from symmeter.sweeps.forecast.cost import work_of
from symmeter.sweeps.forecast.forecast import Ahead, Forecast
from symmeter.sweeps.forecast.size import Size, size_of
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.plan import Spec

_BYTES = 4  # of a number of a file of weights


def forecast(
    entries: Sequence[Entry],
    spec: Spec,
    data: str,
    *,
    cells: int = 1,
    sizes: Mapping[str, Size] | None = None,
    progress: bool | None = None,
) -> Forecast:
    """Look at every model; `sizes` are those that are known already, by the names of models."""
    samples = samples_of(spec, data)
    work = None if samples is None else work_of(spec, data, samples)
    with bar(progress, total=len(entries), title="looking at models", unit="model") as watcher:
        found = tuple(_watched(entries, sizes or {}, watcher.update))
    return Forecast(found, spec, data, work, cells)


def _watched(
    entries: Sequence[Entry], sizes: Mapping[str, Size], looked: Callable[[], object]
) -> Iterator[Ahead]:
    for entry in entries:
        yield _ahead(entry, sizes)
        looked()


def samples_of(spec: Spec, data: str) -> int | None:
    """How many samples a spec measures on; None where nobody can tell before they are read."""
    domain = read_options(find_domain(spec.domain or "images"), spec.options)
    total = None
    with contextlib.suppress(Exception):  # kinds of data that look at the model first
        total = domain.open(data, describe(as_module(lambda x: x)), Draw(None, 0, False)).total
    known = [number for number in (spec.samples, total) if number is not None]
    return min(known, default=None)


def _ahead(entry: Entry, sizes: Mapping[str, Size]) -> Ahead:
    usual = not entry.model_kwargs and not entry.options.get("img_size")
    size = sizes.get(entry.model) if usual else None
    size = size or size_of(entry)
    family = str(entry.tags.get("family", "")) or _family(entry.model)
    if entry.untrained:
        return Ahead(entry.label, family, size, 0, None)
    here = entry.weights or _downloaded(entry.model)
    missing = None if size is None else _BYTES * size.parameters
    return Ahead(entry.label, family, size, 0 if here else missing, here)


def _downloaded(model: str) -> str | None:
    """The file of weights of a model that needs no download: of a hub in its cache, or the model's own file."""
    prefix, _, name = model.partition(":")
    hub = hubs().get(prefix)
    if hub is None:
        return model
    with contextlib.suppress(Exception):  # an unknown name: the sweep says so
        place = hub.downloaded(name)
        return str(place) if isinstance(place, Path) else None
    return None


def _family(model: str) -> str:
    """The first word of a name: `vit` of timm:vit_base_patch16_224.augreg_in1k."""
    prefix, _, name = model.rpartition(":")
    return name.partition(".")[0].partition("_")[0] if prefix in hubs() else prefix or model
