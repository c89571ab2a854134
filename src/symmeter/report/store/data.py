"""What the scripts of a page are given: models, values, charts, parts of networks and warnings, as plain data."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import PurePath
from typing import Any

from symmeter.optional import require
from symmeter.report.store.bars import BARS, with_bars
from symmeter.report.store.charts import Chart, specification
from symmeter.report.store.items import worst_items
from symmeter.report.store.names import shortened
from symmeter.report.store.pairs import pairs
from symmeter.report.store.table import Tables
from symmeter.results.row import RATIOS
from symmeter.sweeps.store import Store
from symmeter.sweeps.tables import TAG, Frame

_COLUMNS = (
    "value", "interval_low", "interval_high", "standard_error", "floor", "control", "specificity_control",
    *(name + part for name in RATIOS for part in ("", "_low", "_high")),
    "n", "verdict", "named", "seeds", "cell", *BARS,
)  # fmt: skip
Fields = list[object]  # of one row, as JSON can say them
_PARTS = 12  # parts of a network that a section names
_WARNED = 500  # stores up to this many cells have their warnings read


def page_data(found: Tables, drawn: Mapping[str, Mapping[str, Chart]], store: Store) -> dict[str, object]:
    """All of it; `drawn` holds the charts of every metric by name."""
    values = {metric.key: _rows(found.of(metric), found.models) for metric in found.metrics}
    specifications = {
        key: {name: specification(chart) for name, chart in made.items()} for key, made in drawn.items()
    }
    return {
        "metrics": list(map(asdict, found.metrics)),
        **_models(found.models),
        "values": values,
        "columns": list(_COLUMNS),
        "charts": specifications,
        "parts": _parts(store),
        "pairs": pairs(found, store),
        "store": PurePath(store.root).name,
        "item": found.item,
        "worst": worst_items(found, store),
        "warnings": _warnings(store, found),
    }


def _models(models: Frame) -> dict[str, object]:
    """Models, with the short forms of long names, and their tags: for each a list in the order of the models."""
    tags = [column for column in models if column.startswith(TAG)]
    short = shortened(models["name"])
    records = zip(_records(models.drop(columns=tags)), map(short.get, models["name"]), strict=True)
    return {
        "models": [record if cut is None else {**record, "short": cut} for record, cut in records],
        "tags": {tag.removeprefix(TAG): list(map(_plain, models[tag])) for tag in tags},
    }


def _rows(values: Frame, models: Frame) -> list[Fields | None]:
    """One list per model, in the order of `models`, None where it has no value: shorter than names in every row."""
    rows = with_bars(values).reindex(columns=_COLUMNS).itertuples(index=False, name=None)
    by_name = {name: list(map(_plain, row)) for name, row in zip(values["name"], rows, strict=True)}
    return list(map(by_name.get, models["name"]))


def _parts(store: Store) -> dict[str, dict[str, list[Fields]]]:
    """Of models that were attributed: the parts with the largest contributions, by generator."""
    frame = store.frame("layers")
    if not len(frame):
        return {}
    frame = frame[frame["terminal"].astype(bool)]
    found: dict[str, dict[str, list[Fields]]] = {}
    for (name, symmetry), rows in frame.groupby(["name", "symmetry"], sort=False):
        top = rows.reindex(rows["share"].astype(float).abs().sort_values(ascending=False).index)[:_PARTS]
        found.setdefault(name, {})[symmetry] = [
            [
                row["layer"],
                row["layer_kind"],
                *(_plain(row.get(f"share{end}")) for end in ("", "_low", "_high")),
            ]
            for row in top.to_dict("records")
        ]
    return found


def _warnings(store: Store, found: Tables) -> dict[str, list[str]]:
    """What makes numbers less trustworthy, by model."""
    cells = found.values.drop_duplicates(["name", "cell"])
    if len(cells) > _WARNED:
        return {}
    notes: dict[str, list[str]] = {}
    for row in cells.to_dict("records"):
        said = store.notes(row["cell"])
        if said:
            notes[row["name"]] = list(dict.fromkeys([*notes.get(row["name"], []), *said]))
    return notes


def _records(table: Frame) -> list[dict[str, object]]:
    return [{key: _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> object:
    """What JSON can say: six digits of a number, None for what is missing, words for what is infinite."""
    if value is None or value is _missing():
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return None if math.isnan(value) else float(f"{value:.6g}")
    return value


@cache
def _missing() -> object:
    """What pandas has for a missing value of some types."""
    return require("pandas", "io").NA
