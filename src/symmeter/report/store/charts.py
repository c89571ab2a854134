"""The charts of a report as Vega-Lite specifications, and as files."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from symmeter.domains.images.provenance import ARCHITECTURES
from symmeter.files import check_ending, write_whole
from symmeter.optional import require
from symmeter.report.store.bars import ENDS, with_bars
from symmeter.report.store.table import UNTRAINED, Metric
from symmeter.sweeps.tables import Frame, csv_text

if TYPE_CHECKING:
    import altair as alt

Chart: TypeAlias = "alt.Chart | alt.LayerChart | alt.FacetChart"
Kinds: TypeAlias = dict[str, Any]  # encodings of points by channel

# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = dict(zip(ARCHITECTURES, ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"), strict=True))
SHAPES = dict(zip(ARCHITECTURES, ("circle", "square", "triangle-up", "diamond", "cross"), strict=True))
FORMATS = (".png", ".svg", ".csv")
_OTHERS = (
    "triangle-down",
    "triangle-left",
    "triangle-right",
    "triangle-up",
    "diamond",
)  # of kinds that tags name
_RATIO = "0: symmetric, 1: no different"
_TITLES = {"accuracy": "accuracy (top-1)", "parameters": "parameters", "training_data": "training data"}


@dataclass(frozen=True)
class _Number:
    """What an axis shows: a column with its words. `least` is its smallest number where the axis is logarithmic.

    Beside a column that has intervals are those of where its bars end, `COLUMN_from` and `COLUMN_to`.
    """

    column: str
    title: str
    least: float | None = None
    format: str = ".2~g"
    zero: bool = False

    @property
    def scale(self) -> "alt.Scale":
        alt = _altair()
        return alt.Scale(zero=self.zero) if self.least is None else alt.Scale(type="log")

    def along(self, channel: Any, column: str = "") -> Any:
        """The axis, for `alt.X` or `alt.Y`; of another column on the same axis."""
        axis = _altair().Axis(format=self.format, tickCount=6)
        return channel(f"{column or self.column}:Q", title=self.title, scale=self.scale, axis=axis)


_STABILITY = _Number("stability", f"stability ({_RATIO})", zero=True)
_SPECIFICITY = _Number("specificity", f"specificity ({_RATIO})", zero=True)
_RULED = (_STABILITY.column, _SPECIFICITY.column)  # have a line at 1


def charts(metric: Metric, values: Frame, backdrop: Frame = None) -> dict[str, Chart]:
    """Altair charts of one metric by name, without their data: the rows of `values` are put in as `models`.

    Those of stability first, where it was measured; error bars are 95 % intervals.
    """
    positive = values["value"][values["value"] > 0]
    logarithmic = metric.lower_is_better and len(positive) > 1 and bool(positive.max() > 5 * positive.min())
    error = _Number("value", _title(metric), float(positive.min()) if logarithmic else None)
    stable = values["stability"].notna().sum() >= 2
    made, kinds = {}, _kinds(values)
    numbers = {"stability": _STABILITY, "error": error} if stable else {"error": error}
    for word, number in numbers.items():
        for name in ("accuracy", "parameters"):
            if values[name].notna().sum() >= 2:
                behind = backdrop if name == "accuracy" and word == "error" else None
                made[f"{word} against {name}"] = _scatter(number, _known(name), kinds, behind)
    word, number = next(iter(numbers.items()))
    for name in ("architecture", "training", "training_data"):
        if values[name].nunique() > 1:
            made[f"{word} by {_TITLES.get(name, name)}"] = _strip(number, name, kinds)
    if stable:
        made["stability against error"] = _scatter(_STABILITY, error, kinds)
    if stable and values["specificity"].notna().sum() >= 2:
        made["specificity against stability"] = _scatter(_SPECIFICITY, _STABILITY, kinds)
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
        write_whole(place, csv_text(values))
        return
    convert = require("vl_convert", "report")
    models = json.loads(with_bars(values).to_json(orient="records"))
    datasets = {**spec.get("datasets", {}), "models": models}
    full = {
        **spec,
        "config": {"tick": {"color": "black"}, "legend": {"titleLimit": 320}},
        "datasets": datasets,
    }
    if ending == ".svg":
        write_whole(place, convert.vegalite_to_svg(full))
    else:
        write_whole(place, convert.vegalite_to_png(full, scale=2))


def _altair() -> Any:
    """The module, as something whose contents are not checked."""
    return require("altair", "report")


def _base(*numbers: _Number) -> "alt.Chart":
    """The models; where an axis is logarithmic those with a number above 0."""
    chart = _altair().Chart(_altair().NamedData("models")).properties(width="container", height=340)
    for number in numbers:
        if number.least is not None:
            chart = chart.transform_filter(f"datum.{number.column} > 0")
    return chart


def _known(name: str) -> _Number:
    """The axis of what is known of the models."""
    if name == "parameters":
        return _Number(name, _TITLES[name], 1.0, "~s")
    return _Number(name, _TITLES[name], format=".2~f")


def _title(metric: Metric) -> str:
    """The words at the axis of the metric."""
    words = f"{metric.measure}, {metric.symmetry}"
    return f"{words} ({metric.unit})" if metric.unit else words


def _kinds(values: Frame) -> Kinds:
    """How points are drawn: colour and shape say the architecture, and untrained networks are hollow."""
    alt = _altair()
    there = set(values["architecture"])
    looks = itertools.cycle(zip(COLOURS.values(), _OTHERS, strict=True))
    others = dict(zip(sorted(there - COLOURS.keys()), looks, strict=False))
    drawn = {kind: (COLOURS[kind], SHAPES[kind]) for kind in COLOURS if kind in there} | others
    colours, shapes = (
        alt.Scale(domain=list(drawn), range=list(one)) for one in zip(*drawn.values(), strict=True)
    )
    untrained = bool((values["training"] == UNTRAINED).any())
    title = f"architecture ({UNTRAINED}: hollow)" if untrained else "architecture"
    fresh = alt.when(f"datum.training == '{UNTRAINED}'")
    return {
        "color": alt.Color("architecture:N", title=title, scale=colours),
        "stroke": alt.Stroke("architecture:N", title=title, scale=colours),
        "shape": alt.Shape("architecture:N", title=title, scale=shapes),
        "fillOpacity": fresh.then(alt.value(0)).otherwise(alt.value(0.85)),
    }


def _tooltip() -> list["alt.Tooltip"]:
    alt = _altair()
    return [
        alt.Tooltip("name:N"),
        alt.Tooltip("value:Q", format=".3~g"),
        *_ends("interval", ".2~g"),
        alt.Tooltip("stability:Q", format=".2f"),
        *_ends("stability", ".2f"),
        alt.Tooltip("specificity:Q", format=".2f"),
        *_ends("specificity", ".2f"),
        alt.Tooltip("verdict:N"),
        alt.Tooltip("accuracy:Q", format=".3f"),
        alt.Tooltip("parameters:Q", format=".3~s"),
        alt.Tooltip("architecture:N"),
        alt.Tooltip("training:N"),
    ]


def _ends(name: str, form: str) -> list["alt.Tooltip"]:
    """The ends of an interval."""
    alt = _altair()
    return [alt.Tooltip(f"{name}_{end}:Q", title=f"  95 %, {end}", format=form) for end in ("low", "high")]


def _scatter(y: _Number, x: _Number, kinds: Kinds, backdrop: Frame = None) -> Chart:
    """One number of the models against another, with the 95 % interval of each that has one."""
    alt = _altair()
    hovered = alt.selection_point(on="pointerover", empty=False, fields=["name"])
    size = alt.when(hovered).then(alt.value(160)).otherwise(alt.value(55))
    marks = _base(x, y).mark_point(filled=True, opacity=1, size=55)
    points = marks.encode(x.along(alt.X), y.along(alt.Y), tooltip=_tooltip(), size=size, **kinds)
    colour = kinds["color"]
    layers = [*_rules(x, y), _bars(y, x, colour, upright=True)]
    if x.column in ENDS:
        layers.append(_bars(x, y, colour, upright=False))
    found = alt.layer(*layers, points.add_params(hovered))
    if backdrop is not None:
        found = alt.layer(_backdrop(backdrop, y.least is not None), found).resolve_scale(y="independent")
    return _sized(found, x, y)


def _sized(chart: Chart, *numbers: "_Number | str") -> Chart:
    """As wide as the page, with the columns that it shows."""
    columns = [number if isinstance(number, str) else number.column for number in numbers]
    return chart.properties(width="container", height=340, usermeta={"columns": columns})


def _bars(number: _Number, other: _Number, colour: "alt.Color", upright: bool) -> "alt.Chart":
    """The 95 % intervals of a number; on a logarithmic axis not down to 0, but to the smallest number."""
    alt = _altair()
    low = f"datum.{number.column}_from"
    if number.least is not None:
        low = f"max({low}, {number.least:g})"
    there = f"isValid(datum.{number.column}_from) && isValid(datum.{number.column}_to)"
    ends = {"bar_low": low, "bar_high": f"max(datum.{number.column}_to, {low})"}
    rules = (
        _base(number, other).transform_filter(there).transform_calculate(**ends).mark_rule(strokeOpacity=0.45)
    )
    along, across, end = (alt.Y, alt.X, alt.Y2) if upright else (alt.X, alt.Y, alt.X2)
    return rules.encode(number.along(along, "bar_low"), end("bar_high:Q"), other.along(across), colour)


def _rules(x: _Number, y: _Number) -> list["alt.Chart"]:
    """Lines at 1, where ratios say no different."""
    alt = _altair()
    one = alt.Chart(alt.Data(values=[{"one": 1}])).mark_rule(strokeDash=[4, 4], color="#777777")
    ruled = ((x, alt.X), (y, alt.Y))
    return [one.encode(number.along(channel, "one")) for number, channel in ruled if number.column in _RULED]


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


def _strip(number: _Number, column: str, kinds: Kinds) -> Chart:
    """A number by what is known in words of the models, with its median."""
    alt = _altair()
    x = alt.X(f"{column}:N", title=_TITLES.get(column, column), axis=alt.Axis(labelAngle=0, labelLimit=120))
    points = (
        _base(number)
        .mark_point(filled=True, opacity=1, size=35)
        .encode(x, number.along(alt.Y), alt.XOffset("jitter:Q"), tooltip=_tooltip(), **kinds)
        .transform_calculate(jitter="random()")
    )
    median = alt.Y(f"median({number.column}):Q", title=number.title, scale=number.scale)
    ticks = _base(number).mark_tick(thickness=3, width=46).encode(x, median)
    return _sized(points + ticks, column, number)
