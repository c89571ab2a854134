"""The picture of a result: what fits that which was measured, side by side in one figure."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symmeter.errors import counted
from symmeter.report import elements
from symmeter.report.figures import new_figure
from symmeter.report.magnitudes import moving_pictures, plot_sweep
from symmeter.report.nodes import plot_nodes
from symmeter.report.phases import phase_pictures, plot_phases
from symmeter.report.rollout import plot_rollout, rollouts_of
from symmeter.report.spectra import plot_spectrum, spectra_of
from symmeter.report.sphere import parities_of, plot_sphere, turning_pictures
from symmeter.results.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANEL = (5.6, 3.9)  # inches
_COLUMNS = 2
_MAP = "mollweide"
Panel = tuple[str | None, Callable[[Any], object]]  # the projection of axes, and what is drawn on them


def picture(result: Result) -> "Figure":
    """All that can be drawn of a result over groups; SymmeterError, in one line, where there is nothing.

    Rotations about several axes on a map, and the degrees of the response; translations against their length; errors of
    single atoms; rotations about one axis, and changes of scale, as curves.
    """
    panels = _arranged(_panels(result))
    if not panels:
        return elements.overview(result)
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(_PANEL[0] * columns, _PANEL[1] * rows)
    for place, panel in enumerate(panels, start=1):
        if panel is not None:
            projection, draw = panel
            draw(figure.add_subplot(rows, columns, place, projection=projection))
    figure.suptitle(_heading(result.header), fontsize=11, parse_math=False)
    return figure


def _heading(head: Mapping[str, Any]) -> str:
    """Of which model, on how many samples of what."""
    data = head["data"]
    samples = counted(data["used"], data["item"])
    source = "" if data["item"] in data["name"] else f" of {data['name']}"
    return f"{head['model']['name']}: {samples}{source}"


def _panels(result: Result) -> list[list[Panel]]:
    """What can be drawn of each symmetry."""
    turned = {symmetry: rows for (symmetry, _), rows in turning_pictures(result).items()}
    plots: list[tuple[Callable[..., object], set[str]]] = [
        (plot_spectrum, {symmetry for symmetry, _ in spectra_of(result)}),
        (plot_sweep, {symmetry for symmetry, _ in moving_pictures(result)}),
        (plot_rollout, {symmetry for symmetry, _ in rollouts_of(result)}),
        (plot_phases, {symmetry for symmetry, _ in phase_pictures(result)}),
        (plot_nodes, {nodes.symmetry for nodes in result.nodes}),
    ]
    found: list[list[Panel]] = []
    for name in dict.fromkeys(row.symmetry for row in result.rows):
        parities = parities_of(turned.get(name, ()))
        maps: list[Panel] = [(_MAP, _drawing(plot_sphere, result, name, parity=one)) for one in parities]
        found.append(maps + [(None, _drawing(plot, result, name)) for plot, known in plots if name in known])
    return found


def _arranged(panels: Sequence[Sequence[Panel]]) -> list[Panel | None]:
    """Row by row, with gaps where a symmetry of several panels begins a new row."""
    found: list[Panel | None] = []
    for own in panels:
        if len(own) > 1:
            found += [None] * (-len(found) % _COLUMNS)
        found += own
    return found


def _drawing(
    plot: Callable[..., object], result: Result, symmetry: str, **more: Any
) -> Callable[[Any], object]:
    """What draws one panel."""
    return lambda ax: plot(result, ax, symmetry, **more)
