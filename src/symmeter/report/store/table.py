"""From the rows of a store to two tables: models, and one value per model and metric."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from symmeter.domains.images.provenance import architecture, training, training_data
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.report.store.seeds import NUMBERS, merged
from symmeter.results.row import HIGHER
from symmeter.results.verdict import LEARNED, NOT_STABLE, SPECIFIC, STABLE, towards_others
from symmeter.sweeps.tables import TAG, Frame

UNTRAINED = "untrained"  # the training of networks with fresh weights
_TOLD = ("model", "family", "weights", "fresh")  # columns that say what a model is, beside its tags
_READ = (
    "architecture",
    "training",
    "training_data",
    "accuracy",
    "top1",
)  # tags that have columns of their own
_TELLING = (SPECIFIC, STABLE, LEARNED, NOT_STABLE)  # verdicts that say something of a network


@dataclass(frozen=True)
class Metric:
    """One column of numbers: a measure of a symmetry at an output, on one data set."""

    key: str
    measure: str
    symmetry: str
    output: str
    data: str
    unit: str
    direction: str
    definition: str
    lower_is_better: bool  # whether small values are those of symmetric networks


@dataclass(frozen=True)
class Tables:
    """`models`: one row per model, with its tags as `tag_NAME`.

    `values`: one row per model and metric, with the columns of `models` beside.
    `named` in `values`: whether a row may be called the most or the least symmetric. Rows of fresh weights, which react
    little to anything, and rows whose verdict says nothing may not.
    """

    models: Frame
    values: Frame
    metrics: tuple[Metric, ...]
    item: str  # the noun of one sample
    towards: str  # where the control of stability moved samples

    def of(self, metric: Metric) -> Frame:
        """The values of one metric."""
        return self.values[self.values["metric"] == metric.key]


def tables(frame: Frame, accuracies: Mapping[str, float] | None = None) -> Tables:
    """Models and values from the rows of a store (Store.frame); several seeds of a model become their mean.

    `accuracies`: published ones by timm name, for models whose accuracy was not measured.
    """
    if not len(frame):
        raise SymmeterError("there are no cells in this store yet")
    pd = require("pandas", "io")
    frame = frame.assign(metric=_keys(frame))
    metrics = tuple(
        Metric(
            key,
            first["measure"],
            first["symmetry"],
            _output(first),
            first["data"],
            first["unit"],
            first["direction"],
            first["definition"],
            not str(first["direction"]).startswith(HIGHER),
        )
        for key, first in ((key, rows.iloc[0]) for key, rows in frame.groupby("metric", sort=False))
    )
    values = _merged(frame, pd)
    first = frame.drop_duplicates("name")
    told = [column for column in first if column in _TOLD or str(column).startswith(TAG)]
    records = first[told].to_dict("records")
    models = pd.DataFrame(
        {
            "name": first["name"],
            "model": first["model"],
            "family": first["family"].fillna(""),
            "architecture": list(map(architecture, records)),
            "training": list(map(training, records)),
            "training_data": list(map(training_data, records)),
            "parameters": _sizes(first),
            "data": first["data"],
            **{tag: first[tag] for tag in told if tag.startswith(TAG) and tag.removeprefix(TAG) not in _READ},
        }
    ).reset_index(drop=True)
    accuracy = frame.groupby("name")["top1"].mean() if "top1" in frame else pd.Series(dtype=float)
    models["accuracy"] = [
        _accuracy(row, accuracy, first, accuracies or {}) for row in models.to_dict("records")
    ]
    values = values.merge(models.drop(columns="data"), on="name")
    values["named"] = values["verdict"].isin(_TELLING) & (values["training"] != UNTRAINED)
    item = _only(frame, "item", "image", "sample")
    towards = _only(frame, "control_towards", "", "elsewhere") or towards_others(item)
    return Tables(models, values, metrics, item, towards)


def _merged(frame: Frame, pd: ModuleType) -> Frame:
    """One row per model and metric, in the order of the first of each; only several seeds are gone through by row."""
    rows = frame.reindex(columns=["name", "metric", "cell", "verdict", *NUMBERS])
    several = rows.duplicated(["name", "metric"], keep=False)
    found = rows[~several].assign(seeds=1)
    if several.any():
        seeds: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for record in rows[several].to_dict("records"):
            seeds.setdefault((record["name"], record["metric"]), []).append(record)
        places = rows[several].drop_duplicates(["name", "metric"]).index
        means = pd.DataFrame(list(map(merged, seeds.values())), index=places)
        found = pd.concat([found, means.astype(dict.fromkeys(NUMBERS, float))]).sort_index()
    return found.astype(dict.fromkeys(NUMBERS, float)).reset_index(drop=True)


def _sizes(first: Frame) -> Frame:
    """Numbers of parameters; none of what has no weights, such as a formula."""
    sizes = first.get("parameters")
    return None if sizes is None else sizes.astype(float).where(sizes.astype(float) > 0)


def _only(frame: Frame, column: str, missing: str, several: str) -> str:
    """The word of a column that all rows share, and what is said where there is no column, or several words."""
    words = frame[column].fillna(missing).unique() if column in frame else [missing]
    return str(words[0]) if len(words) == 1 else several


def failures(errors: Mapping[str, Mapping[str, Any]], models: Frame) -> list[Mapping[str, Any]]:
    """Recorded errors (Store.errors) of models that have no values: what failed once and was done later is none."""
    names = set(models["name"])
    entry = lambda error: error.get("entry", {})
    missing = [e for e in errors.values() if (entry(e).get("name") or entry(e).get("model")) not in names]
    return sorted(missing, key=lambda e: (e.get("failure", ""), e.get("label", "")))


def published(path: str | Path) -> tuple[dict[str, float], Frame]:
    """A reference file: accuracies by timm name (columns model, top1), or a backdrop of points, or SymmeterError.

    A backdrop has the columns `imagenet_acc_percent`, `translation_equiv_error` and `family`.
    """
    pd = require("pandas", "io")
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise SymmeterError(f"{path}: not a CSV file that can be read ({error})") from error
    if {"model", "top1"} <= set(table):
        return dict(zip(table["model"], table["top1"] / 100, strict=True)), None
    if {"imagenet_acc_percent", "translation_equiv_error", "family"} <= set(table):
        return {}, pd.DataFrame(
            {
                "accuracy": table["imagenet_acc_percent"] / 100,
                "value": table["translation_equiv_error"],
                "architecture": table["family"],
            }
        )
    has = ", ".join(map(str, list(table)[:8]))
    raise SymmeterError(
        f"{path}: needs the columns model and top1, or imagenet_acc_percent, translation_equiv_error "
        f"and family; it has {has}"
    )


def _output(row: Mapping[str, object]) -> str:
    return f"{row['output']}" if not row["layer"] else str(row["layer"])


def _keys(frame: Frame) -> Frame:
    """Names of metrics, a column of the frame: no longer than it takes to tell them apart."""
    outputs = frame["layer"].where(frame["layer"] != "", frame["output"])
    keys = frame["measure"].str.cat(frame["symmetry"], sep=", ")
    for column, values in (("output", outputs), ("definition", frame["definition"]), ("data", frame["data"])):
        if values.nunique() > 1:
            keys = keys + (" on " if column == "data" else ", ") + values.astype(str)
    return keys


def _accuracy(row: dict[str, Any], measured: Frame, first: Frame, known: Mapping[str, float]) -> float | None:
    value = measured.get(row["name"])
    if value is not None and value == value:
        return float(value)
    for column in ("tag_accuracy", "tag_top1"):
        if column in first:
            given = first.loc[first["name"] == row["name"], column].iloc[0]
            with contextlib.suppress(TypeError, ValueError):
                number = float(given)
                if number == number:
                    return number / 100 if number > 1 else number
    name = row["model"].removeprefix("timm:")
    return known.get(name) if row["training"] != UNTRAINED else None
