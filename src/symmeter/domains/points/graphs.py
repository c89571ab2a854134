"""Graphs of torch_geometric: their attributes as leaves with words, and one batch of them again for the model."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.points.graph_batch import EDGES, GraphBatch
from symmeter.errors import SymmeterError, shortened
from symmeter.samples import Named

Graph = Any  # a torch_geometric Data
LABELS = "y"
_MOVED = {"pos": "points", "normal": "node vectors", EDGES: "index", "face": "index"}
_SCALARS = {
    "z": "node scalars",
    "x": "node scalars",
    "edge_attr": "edge scalars",
    "edge_weight": "edge scalars",
}
_PADDING = {
    EDGES: (1, -1)
}  # the axis of the edges, and what stands where there is none; of all others 0 and 0
_RESERVED = (LABELS, "batch", "ptr", "num_nodes")  # targets, and what a batch is given anew


def are_graphs(data: object) -> bool:
    """Whether data is a `Data`, a `Batch` or a dataset of torch_geometric, or a list of `Data`."""
    geometric = sys.modules.get("torch_geometric.data")  # who has graphs has it
    if geometric is None:
        return False
    if isinstance(data, list | tuple):
        return len(data) > 0 and all(isinstance(one, geometric.Data) for one in data)
    return isinstance(data, geometric.Data | geometric.Batch | geometric.Dataset)


def named_graphs(data: Any, words: Mapping[str, str], choices: Sequence[str]) -> Named:
    """Graphs as a tree of tensors (B, ...) by attribute, with the words that the user gave, and those of known names.

    A known name is `pos`, `normal`, `z`, `x`, `edge_index`, `edge_attr`, `edge_weight` or `face`; other attributes of
    nodes and edges are scalars there. SymmeterError for a float of width 3 of which nothing is known: `choices` are the
    words for it.
    """
    graphs = _listed(data)
    sizes = _Sizes.of(graphs)
    leaves = {key: _stacked(key, graphs, sizes) for key in _attributes(graphs)}
    asked = [key for key, leaf in leaves.items() if key not in words and _is_asked(key, leaf)]
    if asked:
        shapes = shortened([f"{key} {tuple(leaf.shape)}" for key, leaf in leaves.items()])
        raise SymmeterError(
            f"graphs have {shapes}: say how the symmetry acts on {', '.join(asked)} with "
            f"inputs={{{asked[0]!r}: word}}, the words being {', '.join(choices)}"
        )
    known = {key: sizes.word(key, leaf) for key, leaf in leaves.items()}
    padded = frozenset(key for key in leaves if tuple(leaves[key].shape[1:]) != np.shape(graphs[0][key]))
    return Named(GraphBatch(leaves, graphs[0], padded), {**known, **words}, _labels(graphs))


@dataclass(frozen=True)
class _Sizes:
    """Nodes of every graph, and edges of the largest; `edges` are those of each."""

    nodes: int
    edges: tuple[int, ...]

    @staticmethod
    def of(graphs: Sequence[Graph]) -> "_Sizes":
        nodes = sorted({int(graph.num_nodes or 0) for graph in graphs} or {0})
        if nodes[0] == 0:
            raise SymmeterError("no graphs, or some without nodes: leave these out")
        # The one place that wants all graphs of one size: edges are padded, nodes are not.
        if len(nodes) > 1:
            raise SymmeterError(
                f"graphs differ in size ({nodes[0]} to {nodes[-1]} nodes): measure those of one size at a time"
            )
        return _Sizes(nodes[0], tuple(int(graph.num_edges) for graph in graphs))

    def word(self, key: str, leaf: Tensor) -> str:
        """The word for an attribute (B, ...), by its name or by what there are as many of."""
        places = {max(self.edges): "edge scalars", self.nodes: "node scalars"}
        by_size = places.get((*leaf.shape, 0)[1], "invariant")
        guessed = "index" if "index" in key else by_size
        return (_MOVED | _SCALARS).get(key, guessed)


def _listed(data: Any) -> list[Graph]:
    """One `Data` for each graph."""
    geometric = sys.modules["torch_geometric.data"]
    if isinstance(data, geometric.Batch):
        try:
            return data.to_data_list()
        except (AttributeError, RuntimeError) as error:
            raise SymmeterError(
                "a Batch that was put together by hand: give the list of its graphs"
            ) from error
    return [data] if isinstance(data, geometric.Data) else list(data)


def _attributes(graphs: Sequence[Graph]) -> list[str]:
    """The attributes that are numbers; SymmeterError where graphs differ in them."""
    found = [[key for key, value in graph.to_dict().items() if _is_number(value)] for graph in graphs]
    lacking = set().union(*found) - set(found[0]).intersection(*found)
    if lacking:
        raise SymmeterError(
            f"graphs differ in what they have: {', '.join(sorted(lacking))} is not in all of them"
        )
    return [key for key in found[0] if key not in _RESERVED]


def _is_number(value: object) -> bool:
    return isinstance(value, Tensor | int | float) and not isinstance(value, bool)


def _stacked(key: str, graphs: Sequence[Graph], sizes: _Sizes) -> Tensor:
    """An attribute of all graphs, (B, ...); edges that a graph has fewer are -1, and their attributes 0."""
    values = [torch.as_tensor(graph[key]).detach() for graph in graphs]
    if values[0].layout != torch.strided:
        raise SymmeterError(f"{key} is a sparse matrix: give the graph as edge_index")
    shapes = dict.fromkeys(tuple(value.shape) for value in values)
    if len(shapes) == 1:
        return torch.stack(values)
    axis, filler = _PADDING.get(key, (0, 0))
    if [value.shape[axis] for value in values] != list(sizes.edges):
        raise SymmeterError(f"graphs differ in the shape of {key}: {shortened(list(map(str, shapes)))}")
    return torch.stack([_padded(value, axis, max(sizes.edges), filler) for value in values])


def _padded(value: Tensor, axis: int, length: int, filled: int) -> Tensor:
    """A value of any shape that is as long as `length` on one axis."""
    shape = list(value.shape)
    shape[axis] = length - shape[axis]
    return torch.cat([value, value.new_full(shape, filled)], axis)


def _is_asked(key: str, leaf: Tensor) -> bool:
    """Whether an attribute (B, ...) could be vectors, and its name does not say what it is."""
    wide = leaf.is_floating_point() and leaf.ndim > 1 and leaf.shape[-1] == 3
    known = _MOVED if leaf.ndim > 2 else _MOVED | _SCALARS  # three numbers may be one for each of three nodes
    return wide and key not in known


def _labels(graphs: Sequence[Graph]) -> Tensor | None:
    """The classes (B,) of the graphs, where `y` is one whole number for each."""
    marks = [torch.as_tensor(graph.get(LABELS, 0.0)) for graph in graphs]
    whole = all(mark.numel() == 1 and not mark.is_floating_point() for mark in marks)
    return torch.cat([mark.reshape(1) for mark in marks]) if whole else None
