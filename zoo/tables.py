"""The tables of the page, and the files of rows."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TypeAlias

from symmeter.files import write_whole
from symmeter.layers.profile import LayerRow, Profile
from symmeter.results.numbers import percent, ratio, short, with_interval
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.verdict import NOT_RESOLVED
from zoo.entries import Network
from zoo.measured import Line, Measured

Cells: TypeAlias = Mapping[str, object]
_OF_PARTS = (
    "symmetry",
    "order",
    "layer",
    "kind",
    "contribution",
    "share",
    "share_low",
    "share_high",
    "n",
    "unit",
)
TOP = 3  # parts of a network that its table of layers names


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(one)} |" for one in rows]


def networks_table(all_measured: Sequence[Measured]) -> list[str]:
    """What was measured on how many of what, and how right it is."""
    rows = []
    for one in all_measured:
        if (first := one.first) is None:
            continue
        data, known = first.header["data"], first.header.get("accuracy")
        right = ratio(known["top1"], known["interval_low"], known["interval_high"]) if known else "-"
        used = {result.header["data"]["used"] for result in one.results.values()}
        items = f"{min(used)} to {max(used)}" if len(used) > 1 else str(max(used))
        network = one.network
        twin = network.twin or f"none: {network.without}"
        rows.append([network.name, f"{items} {network.data} ({data['item']}s)", right, twin, network.source,
                     network.licence])  # fmt: skip
    return markdown(["network", "items", "top-1 [95 %]", "twin", "from", "licence"], rows)


def lines_table(lines: Sequence[Line]) -> list[str]:
    """One row an estimate, of one kind of data."""
    several = len({line.row.output for line in lines}) > 1
    head = ["network", "symmetry", "measure", "value [95 %]", "floor", "stability", "specificity", "verdict",
            "twin's stability", "times the twin's"]  # fmt: skip
    rows = []
    for line in lines:
        row, twin = line.row, line.twin
        against = line.against
        output = f", {row.output}" if several else ""
        rows.append([
            line.network.name, f"{row.symmetry}{output}", row.measure,
            with_interval(row.value, row.interval_low, row.interval_high), short(row.floor),
            ratio(row.stability, row.stability_low, row.stability_high),
            ratio(row.specificity, row.specificity_low, row.specificity_high), row.verdict,
            "-" if twin is None else ratio(twin.stability, twin.stability_low, twin.stability_high),
            "-" if against is None else _times(line),
        ])  # fmt: skip
    return markdown(head, rows)


def _times(line: Line) -> str:
    """How many times the twin's; of errors where there are no stabilities to compare."""
    assert line.against is not None
    words = ratio(line.against.ratio, line.against.ratio_low, line.against.ratio_high)
    return words if line.against.quantity == "stability" else f"{words} (of the error)"


def largest(profile: Profile, symmetry: str, top: int = TOP) -> list[LayerRow]:
    """The terminal parts with the largest shares of the error; none where there is no error to share."""
    whole = next(row for row in profile.rows if row.symmetry == symmetry and row.whole)
    if whole.verdict == NOT_RESOLVED:
        return []
    parts = [
        row
        for row in profile.rows
        if isinstance(row, LayerRow)
        and row.symmetry == symmetry
        and row.terminal
        and not row.whole
        and row.share
    ]
    return sorted(parts, key=lambda row: -(row.share or 0))[:top]


def layers_table(all_measured: Sequence[Measured]) -> list[str]:
    """Of each network and generator the parts with the largest shares."""
    rows = []
    for one in all_measured:
        for profile in one.profiles:
            for symmetry in profile.symmetries:
                parts = [
                    f"{row.layer} ({row.kind}) {percent(row.share, row.share_low, row.share_high)}"
                    for row in largest(profile, symmetry)
                ]
                parts = parts or ["at the floor: there is nothing to share"]
                used = str(profile.header["data"]["used"])
                rows.append([one.network.name, symmetry, used, "; ".join(parts)])
    return markdown(["network", "symmetry", "items", "largest shares of the error [95 %]"], rows)


def costs_table(all_measured: Sequence[Measured], forward: Mapping[str, float]) -> list[str]:
    """Seconds of each run, an item, and over a forward pass of one item."""
    rows = []
    for one in all_measured:
        for symmetry, result in one.results.items():
            seconds, used = result.header["spec"]["seconds"], result.header["data"]["used"]
            each, once = seconds / max(used, 1), forward.get(one.network.name)
            passes = f"{each / once:.0f}" if once else "-"
            rows.append([one.network.name, symmetry, f"{seconds:.0f}", f"{1000 * each:.0f}",
                         f"{1000 * once:.1f}" if once else "-", passes])  # fmt: skip
    head = [
        "network",
        "symmetries, with controls",
        "seconds",
        "ms an item",
        "ms a forward pass",
        "forward passes",
    ]
    return markdown(head, rows)


def write_rows(file: Path, all_measured: Sequence[Measured]) -> int:
    """One row an estimate with all settings in columns, of networks and of twins; returns how many."""
    rows = [
        {**labels_of(one.network, name, result), **_fields(row)}
        for one in all_measured
        for name, results in (("trained", one.results), (one.network.twin or "", one.twins))
        for result in results.values()
        for row in result.rows
    ]
    _write(file, rows)
    return len(rows)


def write_layers(file: Path, all_measured: Sequence[Measured]) -> int:
    """One row a terminal part of a network and a generator; of all of a network together they add up to its LEE."""
    rows = [
        {"network": one.network.name, "field": one.network.kind, **{name: row[name] for name in _OF_PARTS}}
        for one in all_measured
        for profile in one.profiles
        for row in profile.rows
        if isinstance(row, LayerRow) and row.terminal and not row.whole
    ]
    _write(file, rows)
    return len(rows)


def write_twins(file: Path, all_measured: Sequence[Measured]) -> int:
    """One row a ratio of a network to its twin."""
    rows = [
        {"network": one.network.name, "field": one.network.kind, "twin": one.network.twin, **line.against}
        for one in all_measured
        for line in one.lines()
        if line.against is not None
    ]
    _write(file, [{key: value for key, value in row.items() if key != "layer"} for row in rows])
    return len(rows)


def labels_of(network: Network, weights: str, result: Result) -> dict[str, object]:
    """What tells the rows of one cell from those of others, and all its settings in words."""
    spec, data, known = result.header["spec"], result.header["data"], result.header.get("accuracy") or {}
    environment = result.header["environment"]
    settings = ("samples", "seed", "dtype", "device", "seconds")
    return {
        "network": network.name, "field": network.kind, "weights": weights, "source": network.source,
        "licence": network.licence, "parameters": result.header["model"].get("parameters"),
        "data": network.data, "items": data["used"], "top1": known.get("top1"),
        "options": " ".join(f"{key}={value}" for key, value in sorted(network.options.items())),
        "controls": spec.get("control"), **{name: spec.get(name) for name in settings},
        "symmeter": environment["symmeter"], "torch": environment["torch"],
    }  # fmt: skip


def _fields(row: Row) -> dict[str, object]:
    """All of a row but what says the same in every one."""
    own = {one.name: row[one.name] for one in fields(row)}
    return {name: value for name, value in own.items() if name not in ("selectivity", "column")}


def _write(file: Path, rows: Sequence[Cells]) -> None:
    """A CSV file with all columns that any row has something in; numbers to six digits."""
    names = list(
        dict.fromkeys(name for row in rows for name, value in row.items() if value not in (None, ""))
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    write_whole(file, text.getvalue())


def _cell(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
