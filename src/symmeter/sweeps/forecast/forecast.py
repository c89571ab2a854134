"""What a sweep would do: its models, what has to be downloaded, and how long it will take."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from symmeter.draw import Draw
from symmeter.kinds_of_data import find_domain, read_options
from symmeter.models.behind import as_module
from symmeter.models.hub import hubs
from symmeter.models.load import describe
from symmeter.progress import bar
from symmeter.results.sheet import WIDTH, Sheet
from symmeter.results.shown import Shown
from symmeter.sweeps.forecast.cost import Work, devices, work_of
from symmeter.sweeps.forecast.size import Size, size_of
from symmeter.sweeps.forecast.text import forecast_sheet
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.plan import Spec
from symmeter.sweeps.tables import Frame

_BYTES = 4  # of a number of a file of weights


@dataclass(frozen=True)
class Ahead:
    """One model of a sweep: its size, None where it cannot be told, and its weights.

    `download` are the bytes of a file that has to be fetched: 0 where none has to be, None where nothing is known.
    `here` is the file that is there already.
    """

    name: str
    family: str
    size: Size | None
    download: int | None
    here: str | None


@dataclass(frozen=True)
class Forecast(Shown):
    """What a sweep would do; nothing is downloaded, measured or written.

    `work` is that of one cell, None where the number of samples is not known; `cells` are those of one model.
    """

    models: tuple[Ahead, ...]
    spec: Spec
    data: str
    work: Work | None
    cells: int = 1
    there: int | None = None  # cells that are in the store already
    title: str = "dry run"
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        return self.title

    def seconds(self, model: Ahead) -> tuple[float, ...]:
        """What the cells of a model take on each of `devices()`; NaN where that cannot be told."""
        if model.size is None or self.work is None:
            return tuple(math.nan for _ in devices())
        return tuple(self.cells * device.seconds(model.size, self.work) for device in devices())

    def frame(self) -> Frame:
        """One row a model as a pandas DataFrame: sizes, bytes to download, seconds on each device."""
        from symmeter.optional import require

        names = [device.name for device in devices()]
        rows = [
            {
                "name": one.name,
                "family": one.family,
                **(vars(one.size) if one.size else {}),
                "download": one.download,
                "here": one.here,
                **{f"seconds, {name}": found for name, found in zip(names, self.seconds(one), strict=True)},
            }
            for one in self.models
        ]
        return require("pandas", "sweep").DataFrame(rows)

    def sheet(self, width: int = WIDTH) -> Sheet:
        return forecast_sheet(self, width)


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
