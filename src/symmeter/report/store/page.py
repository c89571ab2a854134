"""`report`: a store as one HTML file that needs no server and no network."""

import base64
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import symmeter
from symmeter.errors import WriteError, first_line
from symmeter.optional import require
from symmeter.report.store.charts import charts, save_chart, specification
from symmeter.report.store.findings import findings
from symmeter.report.store.statistics import correlations, partial, regression
from symmeter.report.store.table import Tables, failures, published, tables
from symmeter.sweeps.executors.executor import REASONS
from symmeter.sweeps.store import Store
from symmeter.verbs.arguments import Kind, several, word
from symmeter.verbs.arguments import path as PATH
from symmeter.verbs.verb import verb

_COLUMNS = ("value", "standard_error", "floor", "control", "selectivity", "selectivity_standard_error", "n", "verdict",
            "seeds", "cell")  # fmt: skip
_NEEDED = ("altair", "itables", "jinja2", "scipy", "statsmodels", "vl_convert", "pandas", "pyarrow")
_PARTS = 12  # parts of a network that a section names
_WARNED = 500  # stores up to this many cells have their warnings read


@verb(
    store=Kind("a store that a sweep has filled", lambda one: one if isinstance(one, Store) else PATH.read(one)),
    out=PATH, charts_to=PATH.or_none("for no charts"), title=word,
    reference=several("paths of CSV files", PATH, least=0),
)  # fmt: skip
def report(
    store: str | os.PathLike | Store, out: str | os.PathLike, *, reference: Iterable[str | os.PathLike] = (),
    charts_to: str | os.PathLike | None = None, title: str = "Symmetries of a model zoo",
) -> Path:  # fmt: skip
    """Write the report of a store to one HTML file; returns its path.

    `reference`: CSV files with published accuracies (columns model, top1) or points for a backdrop (see `published`).
    `charts_to`: a folder for every chart as PNG, SVG and CSV. Everything that comes from outside is shown as text.
    """
    for package in _NEEDED:
        require(package, "report")
    opened = store if isinstance(store, Store) else Store(store)
    accuracies, backdrop = _references(reference)
    found = tables(opened.frame(), accuracies)
    drawn = {metric.key: _charts(found, metric, backdrop) for metric in found.metrics}
    data = {
        "metrics": [asdict(metric) for metric in found.metrics],
        "models": _records(found.models),
        "values": {
            metric.key: _rows(found.values[found.values["metric"] == metric.key], found.models)
            for metric in found.metrics
        },
        "columns": list(_COLUMNS),
        "charts": {
            key: {name: specification(chart) for name, chart in made.items()} for key, made in drawn.items()
        },
        "parts": _parts(opened),
        "warnings": _warnings(opened, found),
    }
    page = _template().render(
        title=title, version=symmeter.__version__, data=_script(data), metrics=found.metrics,
        findings=[(metric.key, findings(found, metric)) for metric in found.metrics],
        statistics=[_statistics(found, metric) for metric in found.metrics],
        failures=failures(opened.errors(), found.models),
        reasons=REASONS, count=len(found.models), rows=len(found.values),
        sources=sorted(set(found.models["data"])), kinds=sorted(set(found.models["architecture"])),
        style=_asset("page.css"), script=_asset("page.js"), libraries=_libraries(),
    )  # fmt: skip
    place = Path(out)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.{os.getpid()}")
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(place)
    except OSError as error:
        raise WriteError(f"--out {place}: cannot be written ({error.strerror or error})") from error
    if charts_to is not None:
        try:
            _save(found, drawn, Path(charts_to))
        except Exception as error:  # of the packages that draw too
            reason = getattr(error, "strerror", None) or first_line(error)
            raise WriteError(f"{place} is written, but not all charts in {charts_to}: {reason}") from error
    return place


def _references(paths: Iterable[str | os.PathLike]) -> tuple[dict[str, float], Any]:
    accuracies: dict[str, float] = {}
    backdrop = None
    for path in paths:
        known, points = published(Path(path))
        accuracies |= known
        backdrop = points if points is not None else backdrop
    return accuracies, backdrop


def _charts(found: Tables, metric: Any, backdrop: Any) -> dict[str, Any]:
    values = found.values[found.values["metric"] == metric.key]
    fits = metric.measure == "lee" and metric.symmetry.startswith("translation")
    return charts(metric, values, backdrop if fits else None)


def _save(found: Tables, drawn: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for key, made in drawn.items():
        values = found.values[found.values["metric"] == key]
        for name, chart in made.items():
            stem = "".join(c if c.isalnum() else "-" for c in f"{key} {name}").strip("-")
            spec = specification(chart)
            for ending in (".png", ".svg", ".csv"):
                save_chart(_sized(spec), values, folder / f"{stem}{ending}")


def _sized(spec: dict[str, Any]) -> dict[str, Any]:
    """A page gives a chart its width; a file needs one of its own."""
    return {**spec, "width": 560}


def _statistics(found: Tables, metric: Any) -> dict[str, Any]:
    values = found.values[found.values["metric"] == metric.key]
    related = [(against, c) for against in ("accuracy", "parameters") for c in correlations(values, against)]
    if (given := partial(values, "parameters", "accuracy")) is not None:
        related.append(("parameters", given))
    return {"key": metric.key, "correlations": related, "regression": regression(values)}


def _rows(values: Any, models: Any) -> list[list[Any]]:
    """One list a model, in the order of `models`, None where it has no value: much shorter than names in every row."""
    by_name = {row["name"]: row for row in values.to_dict("records")}
    return [
        [_plain(by_name[name].get(column)) for column in _COLUMNS] if name in by_name else None  # type: ignore[misc]
        for name in models["name"]
    ]


def _parts(store: Store) -> dict[str, dict[str, list[list[Any]]]]:
    """Of models that were attributed: the parts with the largest contributions, by generator."""
    frame = store.frame("layers")
    if not len(frame):
        return {}
    frame = frame[frame["terminal"].astype(bool)]
    found: dict[str, dict[str, list[list[Any]]]] = {}
    for (name, symmetry), rows in frame.groupby(["name", "symmetry"], sort=False):
        top = rows.reindex(rows["share"].astype(float).abs().sort_values(ascending=False).index)[:_PARTS]
        found.setdefault(name, {})[symmetry] = [
            [row["layer"], row["layer_kind"], _plain(row["share"]), _plain(row.get("share_standard_error"))]
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
        said = store.header(row["cell"]).get("warnings", [])
        if said:
            notes[row["name"]] = list(dict.fromkeys([*notes.get(row["name"], []), *said]))
    return notes


def _records(table: Any) -> list[dict[str, Any]]:
    return [{key: _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """What JSON can say: six digits of a number, None for what is missing."""
    if value is None or value is getattr(require("pandas", "io"), "NA", None):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def _script(data: Any) -> str:
    """JSON that may stand in a script element, whatever its strings say."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
    )


def _template() -> Any:
    jinja2 = require("jinja2", "report")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("page.html"))


def _asset(name: str) -> str:
    return files("symmeter.report.store").joinpath(name).read_text(encoding="utf-8")


def _libraries() -> dict[str, str]:
    """Vega for charts and DataTables for tables, from the packages that are installed here."""
    vega = require("vl_convert", "report").javascript_bundle("window.vegaEmbed = vegaEmbed;")
    itables = require("itables", "report")
    html = Path(itables.__file__).parent / "html"
    return {
        "vega": base64.b64encode(vega.encode()).decode(),
        "tables": base64.b64encode((html / "dt_bundle.js").read_bytes()).decode(),
        "tables_style": (html / "dt_bundle.css").read_text(encoding="utf-8").replace("</", "<\\/"),
    }
