"""The charts of a report as Vega-Lite specifications, and as files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from symmeter.domains.images.provenance import ARCHITECTURES
from symmeter.files import check_ending, write_whole
from symmeter.optional import require
from symmeter.report.store.table import Metric
from symmeter.sweeps.tables import Frame

if TYPE_CHECKING:
    import altair as alt

Chart: TypeAlias = "alt.Chart | alt.LayerChart | alt.FacetChart"

# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = dict(zip(ARCHITECTURES, ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"), strict=True))
SHAPES = dict(zip(ARCHITECTURES, ("circle", "square", "triangle-up", "diamond", "cross"), strict=True))
FORMATS = (".png", ".svg", ".csv")
_TITLES = {"accuracy": "accuracy (top-1)", "parameters": "parameters", "training_data": "training data"}


def charts(metric: Metric, values: Frame, backdrop: Frame = None) -> dict[str, Chart]:
    """Altair charts of one metric by name, without their data: the rows of `values` are put in as `models`."""
    positive = values["value"][values["value"] > 0]
    logarithmic = metric.lower_is_better and len(positive) > 1 and bool(positive.max() > 5 * positive.min())
    made = {}
    for name in ("accuracy", "parameters"):
        if values[name].notna().sum() >= 2:
            made[f"error against {name}"] = _scatter(
                metric, name, logarithmic, backdrop if name == "accuracy" else None
            )
    for name in ("architecture", "training", "training_data"):
        if values[name].nunique() > 1:
            made[f"error by {_TITLES.get(name, name)}"] = _strip(metric, name, logarithmic)
    if values["selectivity"].notna().sum() >= 2:
        made["selectivity against error"] = _selectivity(metric, logarithmic)
    return made


def specification(chart: Chart) -> dict[str, Any]:
    """A chart as plain data; it has no data of its own, and asks nothing of a network."""
    spec = chart.to_dict(validate=False)
    spec.pop("$schema", None)
    return spec


def save_chart(spec: dict[str, Any], values: Frame, path: str | Path) -> None:
    """A chart with its rows as PNG or SVG, or the rows alone as CSV; written whole or not at all."""
    place = Path(path)
    ending = check_ending(place, FORMATS)
    if ending == ".csv":
        write_whole(place, values.to_csv(index=False))
        return
    convert = require("vl_convert", "report")
    models = json.loads(values.to_json(orient="records"))
    datasets = {**spec.get("datasets", {}), "models": models}
    full = {**spec, "config": {"tick": {"color": "black"}}, "datasets": datasets}
    if ending == ".svg":
        write_whole(place, convert.vegalite_to_svg(full))
    else:
        write_whole(place, convert.vegalite_to_png(full, scale=2))


def _altair() -> Any:
    """The module, as something whose contents are not checked."""
    return require("altair", "report")


def _base(logarithmic: bool) -> "alt.Chart":
    """The models; on a logarithmic axis those with a value above 0."""
    chart = _altair().Chart(_altair().NamedData("models")).properties(width="container", height=340)
    return chart.transform_filter("datum.value > 0") if logarithmic else chart


def _error(metric: Metric, logarithmic: bool) -> "alt.Y":
    """The axis of the metric."""
    alt = _altair()
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(zero=False)
    return alt.Y("value:Q", title=_title(metric), scale=scale, axis=alt.Axis(format=".2~g", tickCount=6))


def _title(metric: Metric) -> str:
    """The words at the axis of the metric."""
    words = f"{metric.measure}, {metric.symmetry}"
    return f"{words} ({metric.unit})" if metric.unit else words


def _kind() -> dict[str, Any]:
    """Colour and shape say the architecture; untrained networks are faint."""
    alt = _altair()
    return {
        "color": alt.Color(
            "architecture:N",
            title="architecture",
            scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        ),
        "shape": alt.Shape(
            "architecture:N",
            title="architecture",
            scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())),
        ),
        "opacity": alt.when("datum.training == 'untrained'").then(alt.value(0.35)).otherwise(alt.value(0.9)),
    }


def _tooltip() -> list["alt.Tooltip"]:
    alt = _altair()
    return [
        alt.Tooltip("name:N"),
        alt.Tooltip("value:Q", format=".3~g"),
        alt.Tooltip("standard_error:Q", title="s.e.", format=".2~g"),
        alt.Tooltip("selectivity:Q", format=".2f"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("accuracy:Q", format=".3f"),
        alt.Tooltip("parameters:Q", format=".3~s"),
        alt.Tooltip("architecture:N"),
        alt.Tooltip("training:N"),
    ]


def _scatter(metric: Metric, against: str, logarithmic: bool, backdrop: Frame) -> Chart:
    alt = _altair()
    scale = alt.Scale(type="log") if against == "parameters" else alt.Scale(zero=False)
    x = alt.X(
        f"{against}:Q",
        title=_TITLES[against],
        scale=scale,
        axis=alt.Axis(format="~s" if against == "parameters" else ".2~f", tickCount=6),
    )
    hovered = alt.selection_point(on="pointerover", empty=False, fields=["name"])
    y, size = _error(metric, logarithmic), alt.when(hovered).then(alt.value(160)).otherwise(alt.value(55))
    marks = _base(logarithmic).mark_point(filled=True, size=55)
    points = marks.encode(x, y, tooltip=_tooltip(), size=size, **_kind()).add_params(hovered)
    layers = _error_bars(metric, x, logarithmic) + points
    if backdrop is not None:
        layers = alt.layer(_backdrop(backdrop, logarithmic), layers).resolve_scale(y="independent")
    return layers.properties(width="container", height=340)


def _error_bars(metric: Metric, x: "alt.X", logarithmic: bool) -> "alt.Chart":
    """One standard error up and down; on a logarithmic axis not down to 0."""
    alt = _altair()
    lowest = f"datum.value / {10 if logarithmic else 1e9}"
    ends = {
        "low": f"max(datum.value - datum.standard_error, {lowest})",
        "high": "datum.value + datum.standard_error",
    }
    rules = _base(logarithmic).transform_calculate(**ends).mark_rule(opacity=0.25)
    return rules.encode(x, alt.Y("low:Q", title=_title(metric)), alt.Y2("high:Q"), _kind()["color"])


def _backdrop(points: Frame, logarithmic: bool) -> "alt.Chart":
    """Published points in gray, with an axis of their own on the right."""
    alt = _altair()
    chart = alt.Chart(alt.Data(values=json.loads(points.to_json(orient="records"))))
    y = alt.Y(
        "value:Q",
        title="Gruver et al. 2023, in their own unit",
        scale=alt.Scale(type="log" if logarithmic else "linear"),
        axis=alt.Axis(orient="right", grid=False, titleColor="#777777", format=".2~g", tickCount=6),
    )
    return chart.mark_circle(color="#999999", opacity=0.3, size=18).encode(alt.X("accuracy:Q"), y)


def _strip(metric: Metric, column: str, logarithmic: bool) -> Chart:
    alt = _altair()
    x = alt.X(f"{column}:N", title=_TITLES.get(column, column), axis=alt.Axis(labelAngle=0, labelLimit=120))
    points = (
        _base(logarithmic)
        .mark_point(filled=True, size=35)
        .encode(x, _error(metric, logarithmic), alt.XOffset("jitter:Q"), tooltip=_tooltip(), **_kind())
        .transform_calculate(jitter="random()")
    )
    ticks = (
        _base(logarithmic)
        .mark_tick(thickness=3, width=46)
        .encode(x, alt.Y("median(value):Q", title=_title(metric)))
    )
    return (points + ticks).properties(width="container", height=340)


def _selectivity(metric: Metric, logarithmic: bool) -> Chart:
    """Which networks are symmetric, and which only insensitive: low and low is learned, low and high is nothing."""
    alt = _altair()
    x = alt.X(
        "value:Q",
        title=_title(metric),
        scale=alt.Scale(type="log") if logarithmic else alt.Scale(zero=False),
        axis=alt.Axis(format=".2~g", tickCount=6),
    )
    y = alt.Y(
        "selectivity:Q", title="selectivity (0 symmetric, 1 nothing learned)", axis=alt.Axis(tickCount=6)
    )
    points = _base(logarithmic).mark_point(filled=True, size=55).encode(x, y, tooltip=_tooltip(), **_kind())
    line = (
        alt.Chart(alt.Data(values=[{"one": 1}]))
        .mark_rule(strokeDash=[4, 4], color="#777777")
        .encode(alt.Y("one:Q"))
    )
    return (line + points).properties(width="container", height=340)
