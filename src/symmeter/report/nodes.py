"""The picture of single nodes: how large the errors of atoms or points are, by what they are."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from symmeter.report.chosen import chosen
from symmeter.report.drawing import drawing
from symmeter.report.figures import line_colours, signs, unframed, words
from symmeter.results.nodes import MOST, NodeErrors
from symmeter.results.result import Result
from symmeter.results.units import shown_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of Okabe and Ito's palette, near to the colours that chemists know; others take what is left.
ELEMENTS = {
    "H": "#BBBBBB", "C": "#444444", "N": "#0072B2", "O": "#D55E00", "S": "#F0E442", "F": "#009E73", "Cl": "#56B4E9",
    "P": "#E69F00", "Si": "#CC79A7",
}  # fmt: skip
_BINS = 30
_LACKING = "no errors of single atoms or points in this result: measure forces, or node vectors"
_DECADES = 30.0  # times the smallest is the largest: more needs a logarithmic axis
_MOST_KINDS = 8
_OTHERS = "others"


@drawing("nodes", "errors of single atoms or points", Result, lambda one: one.nodes)
def plot_nodes(result: Result, ax: "Axes", symmetry: str | None = None, output: str | None = None) -> None:
    """A histogram of the errors of single atoms or points, stacked by what they are.

    On a logarithmic axis where they differ much; those of 0 are then counted in the first bin. Without an `output` it
    is the first that has an error per node. SymmeterError where none has.
    """
    by_name = {(one.symmetry, one.output): one for one in reversed(result.nodes)}
    nodes = list(chosen(by_name, symmetry, output, _LACKING).values())[-1]  # the first of the result
    unit, factor = shown_unit(nodes.unit)
    by_kind = _by_kind(nodes)
    edges = _edges(np.concatenate(list(by_kind.values())) * factor)
    if edges[0] > 0:
        ax.set_xscale("log")
    colours = _colours(list(by_kind))
    values = [(factor * own).clip(edges[0], edges[-1]) for own in by_kind.values()]
    labels = [f"{kind} ({len(own)})" for kind, own in by_kind.items()]
    ax.hist(
        values, edges.tolist(), stacked=True, color=colours, label=labels, edgecolor="white", linewidth=0.4
    )
    ax.set_xlabel(f"{words(nodes.measure)} of {nodes.output} ({signs(unit)})")
    many = len(nodes.value) >= MOST
    item = "atoms" if any(nodes.kind) else "points"
    ax.set_ylabel(f"{item} (the first {MOST:,})" if many else item)
    ax.set_title(f"{result.header['model']['name']}: {nodes.symmetry}", parse_math=False)
    if list(by_kind) != [""]:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    unframed(ax)


def _by_kind(nodes: NodeErrors) -> dict[str, np.ndarray]:
    """Values by kind, those of the most nodes first; beyond _MOST_KINDS they are put together."""
    counts = Counter(nodes.kind.tolist())
    named = [kind for kind, _ in counts.most_common(_MOST_KINDS if len(counts) > _MOST_KINDS else None)]
    found = {kind: nodes.value[nodes.kind == kind] for kind in named}
    rest = nodes.value[~np.isin(nodes.kind.astype(str), named)]
    return found | ({_OTHERS: rest} if len(rest) else {})


def _edges(values: np.ndarray) -> np.ndarray:
    """Edges of bins (_BINS + 1,) for values (M,): of equal ratios where these differ much, else of equal widths."""
    above = values[values > 0]
    if not len(above):
        return np.linspace(0, 1, _BINS + 1)
    low, high = float(above.min()), float(above.max())
    if high > _DECADES * low:
        return np.geomspace(low, high * (1 + 1e-9), _BINS + 1)
    return np.linspace(0, high * 1.02, _BINS + 1)


def _colours(kinds: list[str]) -> list[str]:
    """One for each kind: that of an element, else one that is not taken."""
    if kinds == [""]:
        return line_colours(1)
    taken = {ELEMENTS[kind] for kind in kinds if kind in ELEMENTS}
    left = iter([colour for colour in line_colours(9) if colour not in taken] * len(kinds))
    return [ELEMENTS.get(kind) or next(left) for kind in kinds]
