"""A forecast in words: the models by family, downloads, hours by device."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from symmeter.errors import counted
from symmeter.results.sheet import Sheet, new_table
from symmeter.sweeps.forecast.cost import devices, fit

if TYPE_CHECKING:
    from symmeter.sweeps.forecast.forecast import Ahead, Forecast


def forecast_sheet(found: "Forecast", width: int) -> Sheet:
    """All that a dry run says."""
    return Sheet(
        found.heading,
        _what(found),
        [_models(found), _hours(found)],
        [*_remarks(found), *found.notes],
        apart=True,
    )


def _what(found: "Forecast") -> str:
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


def _cells(found: "Forecast") -> int:
    return found.cells * len(found.models)


def _downloads(models: "Iterable[Ahead]") -> str:
    """Files to fetch, each once."""
    models = list(models)
    missing = {one.name: one.download for one in models if one.download}
    here = len({one.here for one in models if one.here})
    unknown = sum(one.download is None for one in models)
    words = [f"downloads: {counted(len(missing), 'file')} of weights, {_bytes(sum(missing.values()))}"]
    words += [f"{here} here already"] * bool(here) + [f"{unknown} of unknown size"] * bool(unknown)
    return ", ".join(words)


def _models(found: "Forecast") -> Table:
    """A row a model, below a line with the sums of its family."""
    table = new_table()
    table.add_column("model", no_wrap=True, overflow="ellipsis")
    for name in ("parameters", "products", "download", "core time"):
        table.add_column(name, justify="right", no_wrap=True)
    for family in dict.fromkeys(one.family for one in found.models):
        members = [one for one in found.models if one.family == family]
        fetched, seconds = sum(one.download or 0 for one in members), _core(found, members)
        if len(members) > 1:
            table.add_row(
                f"[bold]{escape(family)}[/]: {len(members)}", "", "", _bytes(fetched), duration(seconds)
            )
        for one in members:
            table.add_row(f"{'  ' * (len(members) > 1)}{escape(_plain(one.name))}", *_numbers(found, one))
    return table


def _numbers(found: "Forecast", one: "Ahead") -> list[str]:
    size = one.size
    fetched = "here" if one.here else "?" if one.download is None else _bytes(one.download)
    sizes = [si(size.parameters), si(size.macs)] if size else ["?", "?"]
    return [*sizes, fetched, duration(_core(found, [one]))]


def _core(found: "Forecast", members: "Iterable[Ahead]") -> float:
    """Seconds of some models on the first device, those that are known."""
    seconds = [found.seconds(one)[0] for one in members]
    return math.nan if all(map(math.isnan, seconds)) else math.fsum(x for x in seconds if not math.isnan(x))


def _hours(found: "Forecast") -> Table:
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


def _remarks(found: "Forecast") -> list[str]:
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


def duration(seconds: float) -> str:
    """A time in two digits or so.

    >>> [duration(x) for x in (4.2, 90, 5000, 200000, 3.6e7, float("nan"))]
    ['4 s', '1.5 min', '1.4 h', '56 h', '10,000 h', '?']
    """
    if math.isnan(seconds):
        return "?"
    if seconds < 60:
        return f"{seconds:.0f} s"
    amount, unit = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"


def si(number: float) -> str:
    """A number with the letter of its thousands.

    >>> si(25557032), si(4.09e9), si(371240)
    ('25.6 M', '4.1 G', '371 k')
    """
    for letter, unit in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= unit:
            return f"{number / unit:.3g} {letter}"
    return f"{number:.3g}"


def _bytes(number: float) -> str:
    return f"{si(number)}B" if number else "-"
