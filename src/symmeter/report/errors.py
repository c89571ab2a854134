"""Figures of generators and groups: errors with their controls, and ratios to them; of one model or several."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from symmeter.errors import SymmeterError, nearest
from symmeter.report.dots import Dot, Dots, dots_height, draw_dots, draw_verdicts
from symmeter.report.drawing import Drawing, drawing
from symmeter.report.figures import TITLE, common_unit, words, wrapped
from symmeter.report.style import STYLE
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.verdict import SAYS_NOTHING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Named = Mapping[str, Result]  # by the names of their models
STABILITY, SPECIFICITY = "stability", "specificity"
_NAMED = "{}, 95 % interval\n(0: symmetric, 1: no different)"
_NO_DIFFERENT, _HALF = 1.0, 0.5  # of ratios: what verdicts are made with
_CONTROLS = {"control": "along other {}s", "specificity_control": "along deformations of the {}"}


def _has_values(named: Named) -> bool:
    return all(any(row.whole and row.value == row.value for row in one.rows) for one in named.values())


def _has(ratio: str) -> Callable[[Named], bool]:
    return lambda named: all(
        any(row.whole and row[ratio] is not None for row in one.rows) for one in named.values()
    )


def _height(named: Named, width: float, **choices: str | None) -> float:
    """Of a figure of errors or of ratios, which have up to three marks for each symmetry."""
    rows = _rows(named, **{name: choices.get(name) for name in ("measure", "symmetry", "output")})
    symmetries = dict.fromkeys(row.symmetry for own in rows.values() for row in own)
    return dots_height(len(symmetries), max(3, len(named)))


@drawing(
    "errors",
    "errors with intervals, of one model with its controls",
    Result,
    _has_values,
    several=True,
    height=_height,
)
def plot_errors(
    named: Named,
    ax: "Axes",
    measure: str | None = None,
    symmetry: str | None = None,
    output: str | None = None,
) -> None:
    """The error under every symmetry with its 95 % interval, such as LEE of generators; of several models side by side.

    Of one model the two controls stand below it: the same along the changes to other images, and along deformations of
    the same image. A hollow mark is not resolved: it is below 3 floors of the measurement (10, of squares).
    """
    rows = _rows(named, measure, symmetry, output)
    sets = [
        Dots(name or "error", STYLE.series(number), [_value(row) for row in own])
        for number, (name, own) in enumerate(rows.items())
    ]
    (first, *_) = (row for own in rows.values() for row in own)
    if len(named) == 1:
        sets = [Dots(_word(first), STYLE.series(0), sets[0].dots), *_controls(named, *rows.values())]
    unit = common_unit(row.unit for own in rows.values() for row in own)
    draw_dots(ax, sets, wrapped(f"{_word(first)} ({unit}), 95 % interval", ax, 0.8))
    _entitle(ax, named)


@drawing("ratios", "stability and specificity, with verdicts", Result, lambda one: _has(STABILITY)({"": one}),
         height=lambda one, width, **choices: _height({"": one}, width, **choices))  # fmt: skip
def plot_ratios(
    result: Result,
    ax: "Axes",
    measure: str | None = None,
    symmetry: str | None = None,
    output: str | None = None,
) -> None:
    """Stability and specificity under every symmetry, with their 95 % intervals and the verdicts.

    Both are ratios of the error to a control: at 0 a network is symmetric, at 1 this symmetry is nothing special.
    """
    (rows,) = _rows({"": result}, measure, symmetry, output, STABILITY, SPECIFICITY).values()
    sets = [
        Dots(name, STYLE.series(number), _ratios(rows, name))
        for number, name in enumerate((STABILITY, SPECIFICITY))
    ]
    sets = [one for one in sets if one.dots]
    draw_dots(ax, sets, _NAMED.format("error over that of a control"))
    draw_verdicts(
        ax,
        [
            _value(row)
            for row in rows
            if any(dot.symmetry == row.symmetry for one in sets for dot in one.dots)
        ],
    )
    _rule(ax)
    _entitle(ax, {"": result})


def _of_ratio(ratio: str) -> Drawing:
    """The figure of one ratio to a control."""

    @drawing(ratio, f"{ratio} of several models", Result, _has(ratio), several=True, height=_height)
    def plot(
        named: Named,
        ax: "Axes",
        measure: str | None = None,
        symmetry: str | None = None,
        output: str | None = None,
    ) -> None:
        """One ratio to a control under every symmetry with its 95 % interval, models side by side."""
        rows = _rows(named, measure, symmetry, output, ratio)
        sets = [
            Dots(name, STYLE.series(k), _ratios(own, ratio)) for k, (name, own) in enumerate(rows.items())
        ]
        draw_dots(ax, sets, _NAMED.format(ratio))
        _rule(ax)
        _entitle(ax, named)

    return plot


plot_stability, plot_specificity = map(_of_ratio, (STABILITY, SPECIFICITY))


def _rule(ax: "Axes") -> None:
    """Lines where verdicts change."""
    ax.axvline(_NO_DIFFERENT, color="black", linewidth=0.8, zorder=0)
    ax.axvline(_HALF, color=STYLE.quiet, linewidth=0.8, linestyle=":", zorder=0)
    left, right = ax.get_xlim()
    ax.set_xlim(min(left, _HALF / 2) if ax.get_xscale() == "log" else left, max(right, 1.1 * _NO_DIFFERENT))
    ax.xaxis.set_major_formatter("{x:g}")


def _rows(
    named: Named, measure: str | None, symmetry: str | None, output: str | None, *having: str
) -> dict[str, list[Row]]:
    """By model, the rows of one measure and output, in the units of tables; SymmeterError where a model has none.

    Where nothing is chosen, the first measure and output of which a row has a number in one of these columns.
    """
    found = {name: [row.as_shown() for row in result.rows if row.whole] for name, result in named.items()}
    for field, word in (("measure", measure), ("output", output), ("symmetry", symmetry)):
        known = list(dict.fromkeys(row[field] for rows in found.values() for row in rows))
        if word not in (None, *known):
            raise SymmeterError(f"{field} {word!r} is not in this result{nearest(str(word), known)}")
        if word is None and field != "symmetry":
            word = next(
                (row[field] for rows in found.values() for row in rows if _has_one(row, having)), known[0]
            )
        found = {name: [row for row in rows if word in (None, row[field])] for name, rows in found.items()}
        for name, rows in found.items():
            if not rows:
                raise SymmeterError(
                    f"{name} has nothing of {field} {word!r}, which the others have; give {field}="
                )
    return found


def _has_one(row: Row, columns: Sequence[str]) -> bool:
    return any(row[name] is not None for name in columns)


def _value(row: Row) -> Dot:
    return Dot(row.symmetry, row.value, row.interval_low, row.interval_high, _is_resolved(row), row.verdict)


def _is_resolved(row: Row) -> bool:
    return row.verdict not in SAYS_NOTHING and row.resolved


def _ratios(rows: Sequence[Row], name: str) -> list[Dot]:
    """The ratios that rows have to one of their controls."""
    return [
        Dot(row.symmetry, row[name], row[f"{name}_low"], row[f"{name}_high"], _is_resolved(row))
        for row in rows
        if row[name] is not None
    ]


def _controls(named: Named, rows: Sequence[Row]) -> list[Dots]:
    """What the controls of one model are, where they are in the unit of its values."""
    (result,) = named.values()
    item = result.header["data"].get("item", "image")
    found = []
    for number, (field, label) in enumerate(_CONTROLS.items(), start=1):
        dots = [Dot(row.symmetry, row[field]) for row in rows if row[field] is not None and row.error is None]
        if dots:
            found.append(Dots(label.format(item), STYLE.series(number), dots))
    return found


def _word(row: Row) -> str:
    """What is measured."""
    return "LEE" if row.measure == "lee" else words(row.measure)


def _entitle(ax: "Axes", named: Named) -> None:
    """The name of the only model."""
    if len(named) == 1:
        (result,) = named.values()
        ax.set_title(wrapped(result.header["model"]["name"], ax, TITLE), parse_math=False)
