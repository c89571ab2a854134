"""The picture of a sweep over lengths: the error of translations against how far they go."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.chosen import BY_ELEMENT, BY_ELEMENT_UNIT, Elements, chosen, elements_of
from symmeter.report.drawing import drawing
from symmeter.report.figures import line_colours, unframed, words
from symmeter.results.result import Result
from symmeter.results.row import ElementRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LENGTH = "length"  # the unit of the parameter of translations
_LACKING = "no translations in this result: measure over translation(1,40,1000)"


@drawing("lengths", "error of translations against how far they go", Result, lambda one: moving_pictures(one))
def plot_sweep(result: Result, ax: "Axes", symmetry: str | None = None, output: str | None = None) -> None:
    """The relative error against the length of translations, both on logarithmic axes.

    A dot is an element, the line goes through their means at each length, and the dashed line is the floor: what a
    symmetric model would show. Elements without any error are marked at the lower edge. SymmeterError where no element
    is a translation.
    """
    found = chosen(moving_pictures(result), symmetry, output, _LACKING)
    ax.set_xscale("log")
    ax.set_yscale("log")
    first = next(iter(found))[0]
    found = chosen(found, first, None, _LACKING)
    for colour, ((_, name), rows) in zip(line_colours(len(found)), found.items(), strict=True):
        _draw(ax, rows, colour, name)
    ax.set_xlabel(f"length of the translation{_unit(result, first)}")
    ax.set_ylabel(f"{words(BY_ELEMENT)} ({BY_ELEMENT_UNIT})")
    ax.set_title(f"{result.header['model']['name']}: {first}", parse_math=False)
    ax.legend()
    unframed(ax)


def moving_pictures(result: Result) -> Elements:
    """The elements of a result that are translations, by symmetry and output."""
    return {key: rows for key, rows in elements_of(result).items() if moves(rows)}


def moves(rows: Sequence[ElementRow]) -> bool:
    """Whether elements are translations of several lengths."""
    lengths = {f"{row.parameter or 0:.6g}" for row in rows if row.parameter_unit == _LENGTH}
    return len(lengths) > 1


def _draw(ax: "Axes", rows: Sequence[ElementRow], colour: str, name: str) -> None:
    """One output: dots, their mean by length, and the floor."""
    numbers = np.array([(row.parameter, row.value, row.floor) for row in rows], float)  # NaN for None
    length, value, floor = numbers[numbers[:, 0] > 0].T
    above, known = value > 0, ~np.isnan(floor)
    ax.plot(length[above], value[above], "o", color=colour, markersize=4, alpha=0.35, markeredgewidth=0)
    ax.plot(*_means(length, value), "o-", color=colour, markersize=5, label=name)
    if not above.all():
        edge = ax.get_xaxis_transform()
        ax.plot(length[~above], 0 * length[~above], "v", color=colour, transform=edge, clip_on=False)
    if known.any():
        at = _means(length[known], floor[known])
        ax.plot(*at, "--", color=colour, linewidth=1.2, label=f"floor of {name}")


def _means(length: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths (n,) in their order, and the means of values (N,) there; only those above 0."""
    scale = 10 ** (6 - np.floor(np.log10(length)))  # six digits tell lengths apart
    places, which = np.unique(np.round(length * scale) / scale, return_inverse=True)
    means = np.bincount(which, value) / np.bincount(which)
    return places[means > 0], means[means > 0]


def _unit(result: Result, symmetry: str) -> str:
    """The unit of lengths in brackets; nothing where none is known."""
    spec = result.header["spec"]
    units = {run["symmetry"]: run.get("length_unit") for run in spec.get("runs", [spec])}
    return f" ({units[symmetry]})" if units.get(symmetry) else ""
