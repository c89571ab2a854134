"""The picture of a sweep over lengths: the error of translations against how far they go."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.report.chosen import BY_ELEMENT, BY_ELEMENT_UNIT, Elements, elements_of
from symmeter.report.figures import axes, line_colours, unframed, words
from symmeter.results.result import Result
from symmeter.results.row import ElementRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LENGTH = "length"  # the unit of the parameter of translations


def plot_sweep(
    result: Result, ax: "Axes | None" = None, symmetry: str | None = None, output: str | None = None
) -> "Axes":
    """The relative error against the length of translations, both on logarithmic axes; returns the Axes.

    A dot is an element, the line goes through their means at each length, and the dashed line is the floor: what a
    symmetric model would show. Elements without any error are marked at the lower edge. SymmeterError where no element
    is a translation.
    """
    found = {key: rows for key, rows in elements_of(result, symmetry, output).items() if moves(rows)}
    if not found:
        raise SymmeterError("no translations in this result: measure over translation(1,40,1000)")
    ax = ax or axes(6.4, 4.0)
    ax.set_xscale("log")
    ax.set_yscale("log")
    first = next(iter(found))[0]
    chosen = {name: rows for (group, name), rows in found.items() if group == first}
    for colour, (name, rows) in zip(line_colours(len(chosen)), chosen.items(), strict=True):
        _draw(ax, [row for row in rows if row.parameter], colour, name)
    unit = (_spec_of(result, first) or {}).get("length_unit")
    ax.set_xlabel(f"length of the translation ({unit})" if unit else "length of the translation")
    ax.set_ylabel(f"{words(BY_ELEMENT)} ({BY_ELEMENT_UNIT})")
    ax.set_title(f"{result.header['model']['name']}: {first}", fontsize=10, parse_math=False)
    ax.legend(fontsize=8, frameon=False)
    unframed(ax)
    return ax


def moving_pictures(result: Result) -> Elements:
    """The elements of a result that are translations, by symmetry and output."""
    return {key: rows for key, rows in elements_of(result).items() if moves(rows)}


def moves(rows: Sequence[ElementRow]) -> bool:
    """Whether elements are translations of several lengths."""
    lengths = {row.parameter for row in rows if row.parameter_unit == _LENGTH}
    return len({f"{length:.6g}" for length in lengths}) > 1


def _draw(ax: "Axes", rows: Sequence[ElementRow], colour: str, name: str) -> None:
    """One output: dots, their mean by length, and the floor."""
    length = np.array([row.parameter for row in rows])
    value = np.array([row.value for row in rows])
    above = value > 0
    ax.plot(length[above], value[above], "o", color=colour, markersize=4, alpha=0.35, markeredgewidth=0)
    ax.plot(*_means(length, value), "o-", color=colour, markersize=5, label=name)
    if not above.all():
        edge = ax.get_xaxis_transform()
        ax.plot(length[~above], 0 * length[~above], "v", color=colour, transform=edge, clip_on=False)
    floors = [(row.parameter, row.floor) for row in rows if row.floor is not None]
    if floors:
        at, floor = np.array(floors, float).T
        ax.plot(*_means(at, floor), "--", color=colour, linewidth=1.2, label=f"floor of {name}")


def _means(length: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths (n,) in their order, and the means of values (N,) there; only those above 0."""
    places, which = np.unique(np.array([float(f"{one:.6g}") for one in length]), return_inverse=True)
    means = np.bincount(which, value) / np.bincount(which)
    return places[means > 0], means[means > 0]


def _spec_of(result: Result, symmetry: str) -> dict | None:
    """What the header says of the run over a symmetry."""
    spec = result.header["spec"]
    return next((run for run in spec.get("runs", [spec]) if run.get("symmetry") == symmetry), None)
