"""`report`: a store as one HTML file that needs no server and no network."""

import base64
import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any

from symmeter.errors import WriteError, first_line
from symmeter.files import write_whole
from symmeter.optional import require
from symmeter.report.store.charts import FORMATS, Chart, charts, save_chart, specification
from symmeter.report.store.data import page_data
from symmeter.report.store.findings import findings, p_value
from symmeter.report.store.names import marked, shortened, slug
from symmeter.report.store.statistics import correlations, regression, words_of
from symmeter.report.store.study import backdrop as backdrop_of
from symmeter.report.store.study import points_of, repetition
from symmeter.report.store.table import Metric, Tables, failures, published, tables
from symmeter.results.result import Result
from symmeter.results.verdict import meanings
from symmeter.sweeps.executors.executor import REASONS
from symmeter.sweeps.store import Store, is_store
from symmeter.sweeps.tables import Frame
from symmeter.verbs.arguments import Kind, several, word
from symmeter.verbs.arguments import path as PATH
from symmeter.verbs.verb import verb

_NEEDED = ("altair", "itables", "jinja2", "scipy", "statsmodels", "vl_convert", "pandas", "pyarrow")
# One module: each may use what stands in those before it.
_SCRIPTS = (
    "data.js", "elements.js", "saving.js", "charts.js", "ranking.js", "model.js", "compare.js", "page.js",
)  # fmt: skip
_WIDTH = 560  # of a chart in a file, in pixels; a page gives it its own
# What the backdrop of Gruver et al. shows.
_PUBLISHED = (("lee", "translation_x"), ("lee", "translation_y"))
Charts = Mapping[str, Mapping[str, Chart]]  # by metric and name


@verb(
    store=Kind(
        "a store that a sweep has filled, or results and paths of saved ones",
        lambda one: _asked(one),
    ),
    out=PATH,
    charts_to=PATH.or_none("for no charts"),
    title=word,
    reference=several("paths of CSV files", PATH, least=0),
)
def report(
    store: str | os.PathLike | Store | Sequence[Result | str | os.PathLike],
    out: str | os.PathLike,
    *,
    reference: Iterable[str | os.PathLike] = (),
    charts_to: str | os.PathLike | None = None,
    title: str = "Symmetries of a model zoo",
) -> Path:
    """Write the report of a store, or of saved results, to one HTML file; returns its path.

    `store`: a store of a sweep or its path, or results and paths of saved ones (`--out`), one or a list of them.
    `reference`: CSV files with published accuracies (columns model, top1) or points for a backdrop (see `published`).
    `charts_to`: a folder for every chart as PNG, SVG and CSV. Everything that comes from outside is shown as text.
    """
    for package in _NEEDED:
        require(package, "report")
    with _opened(store) as opened:
        return _reported(opened, Path(out), reference, charts_to, title)


def _opened(asked: Any) -> contextlib.AbstractContextManager[Store]:
    """What `_asked` has made, as a store. One that is there is read without torch, which takes long to import."""
    if isinstance(asked, Store):
        return contextlib.nullcontext(asked)
    if len(asked) == 1 and is_store(asked[0]):
        return contextlib.nullcontext(Store(str(asked[0])))
    from symmeter.sweeps.gathered import gathered

    return gathered(asked)


def _asked(store: Any) -> Any:
    """A store as it is, or the places of one or of results as a list."""
    if isinstance(store, Store):
        return store
    several = store if isinstance(store, list | tuple) else [store]
    if not several:
        raise ValueError
    return [one if isinstance(one, Result) else PATH.read(one) for one in several]


def _reported(
    opened: Store, place: Path, reference: Iterable[str | os.PathLike], charts_to: Any, title: str
) -> Path:
    """Write the page of an open store."""
    accuracies, backdrop = _references(reference)
    found = tables(opened.frame(), accuracies)
    backdrop = backdrop_of(points_of(found.models)) if backdrop is None else backdrop
    drawn = {metric.key: _charts(found, metric, backdrop) for metric in found.metrics}
    write_whole(place, _page(title, opened, found, drawn))
    if charts_to is not None:
        try:
            _save(found, drawn, Path(charts_to), PurePath(opened.root).name)
        except Exception as error:  # of the packages that draw too
            reason = getattr(error, "strerror", None) or first_line(error)
            raise WriteError(f"{place} is written, but not all charts in {charts_to}: {reason}") from error
    return place


def _page(title: str, store: Store, found: Tables, drawn: Charts) -> str:
    """The HTML file."""
    failed = failures(store.errors(), found.models)
    short = shortened([*found.models["name"], *(error.get("label", "") for error in failed)])
    return _template(short).render(
        title=title,
        version=version("symmeter"),
        data=_script(page_data(found, drawn, store)),
        metrics=found.metrics,
        findings=[(metric.key, findings(found, metric)) for metric in found.metrics],
        statistics=[_statistics(found, metric) for metric in found.metrics],
        failures=failed,
        reasons=REASONS,
        verdicts=meanings(found.item, found.towards),
        item=found.item,
        towards=found.towards,
        count=len(found.models),
        rows=len(found.values),
        sources=sorted(set(found.models["data"])),
        kinds=sorted(set(found.models["architecture"])),
        style=_asset("page.css"),
        script="\n".join(map(_asset, _SCRIPTS)),
        libraries=_libraries(),
    )


def _references(paths: Iterable[str | os.PathLike]) -> tuple[dict[str, float], Frame]:
    """Accuracies by model, and the points of a backdrop, from some files."""
    accuracies: dict[str, float] = {}
    backdrop = None
    for path in paths:
        known, points = published(Path(path))
        accuracies |= known
        backdrop = points if points is not None else backdrop
    return accuracies, backdrop


def _charts(found: Tables, metric: Metric, backdrop: Frame) -> dict[str, Chart]:
    return charts(metric, found.of(metric), backdrop if _is_published(metric) else None)


def _is_published(metric: Metric) -> bool:
    """Whether it is what the published points show."""
    return (metric.measure, metric.symmetry) in _PUBLISHED


def _save(found: Tables, drawn: Charts, folder: Path, store: str) -> None:
    """Every chart in a file of every format, whose name says of which store, what, and of which metric."""
    for metric in found.metrics:
        for name, chart in drawn[metric.key].items():
            stem = slug("symmeter", store, name, metric.key)
            sized = {**specification(chart), "width": _WIDTH, "title": f"{name}: {metric.key}"}
            for ending in FORMATS:
                save_chart(sized, found.of(metric), folder / f"{stem}{ending}")


def _statistics(found: Tables, metric: Metric) -> dict[str, object]:
    values = found.of(metric)
    related = [(one, p_value(one.p)) for one in correlations(values)]
    fitted = regression(values)
    effects = [] if fitted is None else [(effect, p_value(effect.p)) for effect in fitted.effects]
    return {
        "key": metric.key,
        "what": words_of(values),
        "correlations": related,
        "regression": fitted,
        "effects": effects,
        "study": repetition(values, points_of(found.models)) if _is_published(metric) else None,
    }


def _script(data: object) -> str:
    """JSON that may stand in a script element, whatever its strings say."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
    )


def _template(short: Mapping[str, str]) -> Any:
    """The page; its filter `shortened` takes the short forms of long names."""
    jinja2 = require("jinja2", "report")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shortened"] = marked(short)
    return environment.from_string(_asset("page.html"))


def _asset(name: str) -> str:
    return files("symmeter.report.store").joinpath("assets", name).read_text(encoding="utf-8")


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
