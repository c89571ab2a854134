"""Figures of several panels: all that fits that which was measured, side by side in columns, or below one another."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from symmeter.errors import SymmeterError, counted
from symmeter.layers.profile import Profile
from symmeter.report.drawing import Drawing
from symmeter.report.elements import plot_elements
from symmeter.report.errors import plot_errors, plot_ratios, plot_specificity, plot_stability
from symmeter.report.figures import new_figure
from symmeter.report.magnitudes import moving_pictures, plot_sweep
from symmeter.report.nodes import plot_nodes
from symmeter.report.phases import phase_pictures, plot_phases
from symmeter.report.plots import plot_cumulative, plot_fraction, plot_stacked, plot_worst
from symmeter.report.robustness import OF_THE_MODEL, plot_strength, quantities_of, symmetries_of
from symmeter.report.rollout import plot_rollout, rollouts_of
from symmeter.report.spectra import plot_spectrum, spectra_of
from symmeter.report.sphere import parities_of, plot_sphere, turning_pictures
from symmeter.report.style import STYLE
from symmeter.results.result import Result
from symmeter.results.robustness import Robustness

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP, _HEAD, _LEGEND = 0.1, 0.25, 0.4  # inches between rows, for the line above all, and a legend below all
_LETTERS = 13  # of the line above all, on an inch
Named = Mapping[str, Result]  # by the names of their models


@dataclass(frozen=True)
class Panel:
    """What draws a panel, of which results, and what is chosen.

    `titled` where its own title says more than the line above all; `shares` its legend with others, below all.
    """

    drawing: Drawing
    what: Any
    choices: Mapping[str, Any] = field(default_factory=dict)
    titled: bool = True
    shares: bool = False

    def height(self, width: float) -> float:
        """Inches, where it is so wide."""
        return self.drawing.height(self.what, width, **self.choices)

    def draw(self, ax: "Axes", letter: str) -> None:
        """Draw it, named by a letter."""
        self.drawing(self.what, ax, **self.choices)
        if not self.titled:
            ax.set_title("")
        ax.set_title(letter, loc="left", fontweight="bold")


def picture(found: Result | Named, width: int = 2) -> "Figure":
    """All that can be drawn of a result, or of several by name, in a figure of one or two columns.

    Of generators errors with their controls, and ratios; rotations about several axes on a map, and the degrees of the
    response; translations against their length; errors of single atoms; rotations about one axis, shifts and changes of
    scale as curves; of layers the views of a profile; of corrupted data all against strength. SymmeterError, in one
    line, where there is nothing.
    """
    named = found if isinstance(found, Mapping) else {"": found}
    groups = list(filter(None, _of_several(named) if len(named) > 1 else _of_one(*named.values())))
    if not groups:
        raise SymmeterError("nothing of this result can be drawn")
    inches = STYLE.column(width)
    columns = min(width, max(len(groups), *map(len, groups)))
    rows = _arranged(groups, columns)
    heights = [max(panel.height(inches / columns) for panel in row if panel) + _GAP for row in rows]
    shares = any(panel and panel.shares for panel in chain(*rows))
    with STYLE.active():
        figure = new_figure(inches, sum(heights) + _HEAD + shares * _LEGEND)
        grid = figure.add_gridspec(len(rows), columns, height_ratios=heights)
        letters = iter(ascii_lowercase if sum(map(len, groups)) > 1 else repeat(""))
        for place, panel in enumerate(chain(*rows)):
            if panel is not None:
                ax = figure.add_subplot(grid[place], projection=panel.drawing.projection)
                panel.draw(ax, next(letters))
        if shares:
            _share_legend(
                figure, [ax for ax, panel in zip(figure.axes, chain(*groups), strict=False) if panel.shares]
            )
        figure.suptitle(textwrap.fill(_heading(named), int(inches * _LETTERS)), parse_math=False)
    return figure


def _share_legend(figure: "Figure", axes: "Sequence[Axes]") -> None:
    """One legend below all, in the place of those of some panels."""
    handles: dict[str, Artist] = {}
    for ax in axes:
        own, labels = ax.get_legend_handles_labels()
        handles |= dict(zip(labels, own, strict=True))
        if (legend := ax.get_legend()) is not None:
            legend.remove()
    fit = max(1, int(figure.get_figwidth() / 1.35))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=fit)


def _heading(named: Named) -> str:
    """Of which model, on how many samples of what."""
    first = next(iter(named.values()))
    data = first.header["data"]
    item = data.get("item", "image")
    source = "" if item in data["name"] else f" of {data['name']}"
    model = first.header["model"]["name"] if len(named) == 1 else counted(len(named), "model")
    return f"{model}: {counted(data['used'], item)}{source}"


def _of_several(named: Named) -> list[list[Panel]]:
    """Parts by kind of profiles, errors and ratios of all models, and their curves."""
    kinds = (plot_stacked, plot_errors, plot_stability, plot_specificity, plot_elements)
    return [
        [Panel(kind, named, titled=False, shares=kind is not plot_stacked)]
        for kind in kinds
        if kind.fits(named)
    ]


def _of_one(result: Result) -> list[list[Panel]]:
    """The views of a profile; of another result what can be drawn of each symmetry, at least its errors and ratios."""
    if isinstance(result, Profile):
        shared = [(plot_stacked, True), (plot_cumulative, False), (plot_worst, False), (plot_fraction, True)]
        return [[Panel(kind, result, shares=shares) for kind, shares in shared]]
    if isinstance(result, Robustness):
        return _of_corruptions(result)
    found = _of_symmetries(result)
    others = replace(result, rows=tuple(row for row in result.rows if row.symmetry not in found))
    dots = [
        Panel(plot_errors, {"": others}, titled=False) if plot_errors.fits({"": others}) else None,
        Panel(plot_ratios, others, titled=False) if plot_ratios.fits({"": others}) else None,
    ]
    return [list(filter(None, dots)), *found.values()]


def _of_corruptions(result: Robustness) -> list[list[Panel]]:
    """Error and stability of every symmetry against strength, then accuracy and confidence."""
    known = quantities_of(result)
    panel = lambda quantity, **more: Panel(plot_strength, result, {"quantity": quantity, **more}, shares=True)
    own = [name for name in ("value", "stability") if name in known]
    groups = [[panel(name, symmetry=symmetry) for name in own] for symmetry in symmetries_of(result)]
    return [*groups, [replace(panel(name), titled=False) for name in OF_THE_MODEL if name in known]]


def _of_symmetries(result: Result) -> dict[str, list[Panel]]:
    """What can be drawn of each symmetry beside its row."""
    turned = {symmetry: rows for (symmetry, _), rows in turning_pictures(result).items()}
    curves = {row.symmetry for row in result.elements if row.parameter_unit is not None}
    plots: list[tuple[Drawing, set[str]]] = [
        (plot_spectrum, {symmetry for symmetry, _ in spectra_of(result)}),
        (plot_sweep, {symmetry for symmetry, _ in moving_pictures(result)}),
        (plot_rollout, {symmetry for symmetry, _ in rollouts_of(result)}),
        (plot_phases, {symmetry for symmetry, _ in phase_pictures(result)}),
        (plot_nodes, {nodes.symmetry for nodes in result.nodes}),
    ]
    found: dict[str, list[Panel]] = {}
    for name in dict.fromkeys(row.symmetry for row in result.rows):
        choices = {"symmetry": name}
        maps = [
            Panel(plot_sphere, result, choices | {"parity": one}) for one in parities_of(turned.get(name, ()))
        ]
        own = maps + [Panel(plot, result, choices) for plot, known in plots if name in known]
        if not own and name in curves:
            own = [Panel(plot_elements, {"": result}, choices)]
        found |= {name: own} if own else {}
    return found


def _arranged(groups: Sequence[Sequence[Panel]], columns: int) -> list[list[Panel | None]]:
    """Rows of panels, with gaps where a group of several begins a new row."""
    found: list[Panel | None] = []
    for own in groups:
        if len(own) > 1:
            found += [None] * (-len(found) % columns)
        found += own
    found += [None] * (-len(found) % columns)
    return [found[start : start + columns] for start in range(0, len(found), columns)]
