"""What a sweep would do, and how a dry run shows it: its models, what has to be downloaded, how long it will take."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.markup import escape
from rich.table import Table

from symmeter.errors import counted
from symmeter.optional import require
from symmeter.results.sheet import WIDTH, Sheet, new_table
from symmeter.results.shown import Shown
from symmeter.sweeps.forecast.cost import Work, devices, fit
from symmeter.sweeps.forecast.size import Size
from symmeter.sweeps.forecast.text import duration, in_bytes, si
from symmeter.sweeps.plan import Spec
from symmeter.sweeps.tables import Frame


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
        return _sheet(self)


def _sheet(found: Forecast) -> Sheet:
    """All that a dry run says."""
    return Sheet(
        found.heading,
        _what(found),
        [_models(found), _hours(found)],
        [*_remarks(found), *found.notes],
        apart=True,
    )


def _what(found: Forecast) -> str:
    """What is measured of how many models, on what."""
    spec = found.spec
    options = "".join(f", {name} {value}" for name, value in spec.options.items())
    samples = "all samples" if found.work is None else counted(found.work.samples, "sample")
    lines = [
        f"{counted(len(found.models), 'model')} on {found.data}, {samples}, in {counted(_cells(found), 'cell')}",
        f"symmetry {spec.symmetry}, output {spec.output}, control {spec.control}{options}",
        _downloads(found.models),
    ]
    if found.there:
        lines.append(f"{counted(found.there, 'cell')} of these are in the store already")
    return "\n".join(lines)


def _cells(found: Forecast) -> int:
    return found.cells * len(found.models)


def _downloads(models: Iterable[Ahead]) -> str:
    """Files to fetch, each once."""
    models = list(models)
    missing = {one.name: one.download for one in models if one.download}
    here = len({one.here for one in models if one.here})
    unknown = sum(one.download is None for one in models)
    words = [f"downloads: {counted(len(missing), 'file')} of weights, {in_bytes(sum(missing.values()))}"]
    words += [f"{here} here already"] * bool(here) + [f"{unknown} of unknown size"] * bool(unknown)
    return ", ".join(words)


def _models(found: Forecast) -> Table:
    """A row a model, below a line with the sums of its family."""
    table = new_table()
    table.add_column("model", no_wrap=True, overflow="ellipsis")
    for name in ("parameters", "products", "download", "core time"):
        table.add_column(name, justify="right", no_wrap=True, min_width=7)  # names are cut, and no number
    for family in dict.fromkeys(one.family for one in found.models):
        members = [one for one in found.models if one.family == family]
        fetched, seconds = sum(one.download or 0 for one in members), _core(found, members)
        if len(members) > 1:
            table.add_row(
                f"[bold]{escape(family)}[/]: {len(members)}", "", "", in_bytes(fetched), duration(seconds)
            )
        for one in members:
            table.add_row(f"{'  ' * (len(members) > 1)}{escape(_plain(one.name))}", *_numbers(found, one))
    return table


def _numbers(found: Forecast, one: Ahead) -> list[str]:
    size = one.size
    fetched = "here" if one.here else "?" if one.download is None else in_bytes(one.download)
    sizes = [si(size.parameters), si(size.macs)] if size else ["?", "?"]
    return [*sizes, fetched, duration(_core(found, [one]))]


def _core(found: Forecast, members: Iterable[Ahead]) -> float:
    """Seconds of some models on the first device, those that are known."""
    seconds = [found.seconds(one)[0] for one in members]
    return math.nan if all(map(math.isnan, seconds)) else math.fsum(x for x in seconds if not math.isnan(x))


def _hours(found: Forecast) -> Table:
    """What everything takes on each device."""
    table = new_table()
    for name in ("device", "expected", "known from"):
        table.add_column(name, justify="right" if name == "expected" else "left")
    all_seconds = [found.seconds(one) for one in found.models]
    for i, device in enumerate(devices()):
        known = [one[i] for one in all_seconds if not math.isnan(one[i])]
        how = "measured" if device.measured else "extrapolated from published peaks, not measured"
        table.add_row(escape(device.name), duration(math.fsum(known) if known else math.nan), how)
    return table


def _remarks(found: Forecast) -> list[str]:
    told = fit()["left_out"]
    remarks = [
        f"core time: of one core; N cores or GPUs take an N-th. Networks that were left out of the fit were predicted "
        f"within a factor of {told['typical_factor']} typically, 9 in 10 within {told['nine_in_ten_within']}, the "
        f"worst within {told['worst_factor']} ({told['networks']} networks, {fit()['command']})."
    ]
    unknown = sum(one.size is None for one in found.models)
    if unknown:
        remarks.append(
            f"{counted(unknown, 'model')} of unknown size: not counted in sums of time and downloads."
        )
    if found.left_out:
        words = "; ".join(f"{name} ({why})" for name, why in found.left_out.items())
        remarks.append(f"Left out, for there is no model: {words}.")
    return remarks


def _plain(name: str) -> str:
    return name.removeprefix("timm:")
