"""The attributes of graphs of torch_geometric: of what there are as many, the word for them, and one tensor for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symmeter.domains.points.graph_batch import EDGES
from symmeter.domains.space.field import EDGE, GRAPH, NODE
from symmeter.errors import SymmeterError, shortened

Graph = Any  # a torch_geometric Data
_MOVED = {"pos": "points", "normal": "node vectors", EDGES: "index", "face": "index"}
_KNOWN = (
    _MOVED
    | dict.fromkeys(("z", "x"), "node scalars")
    | dict.fromkeys(("edge_attr", "edge_weight"), "edge scalars")
)
_PLACES = {EDGES: EDGE, "edge_attr": EDGE, "edge_weight": EDGE}
_SCALARS = {GRAPH: "invariant", NODE: "node scalars", EDGE: "edge scalars"}  # what nothing more is known of
_INDEX = "index"  # in the names of attributes that number nodes
_NOWHERE = -1  # what stands in these where there is no edge


@dataclass(frozen=True)
class Attribute:
    """One attribute of all graphs: `place` says of what there are as many, `axis` where graphs are joined.

    `axis` is None for single numbers; `asked` are those that may be vectors, for all that their name says.
    """

    key: str
    place: str
    axis: int | None
    asked: bool

    @staticmethod
    def of(key: str, graphs: Sequence[Graph]) -> "Attribute":
        """Seen from all graphs; SymmeterError for one that is not of the same kind in all."""
        values = [tensor_of(graph, key) for graph in graphs]
        axis = graphs[0].__cat_dim__(key, values[0]) if values[0].ndim else None
        if len({(value.ndim, _without(value, axis)) for value in values}) > 1:
            shapes = dict.fromkeys(str(tuple(value.shape)) for value in values)
            raise SymmeterError(f"graphs differ in the shape of {key}: {shortened(list(shapes))}")
        known = _MOVED if values[0].ndim > 1 else _KNOWN  # three numbers may be one for each of three nodes
        wide = all(value.is_floating_point() and value.shape[-1:] == (3,) for value in values)
        lengths = [] if axis is None else [value.shape[axis] for value in values]
        place = _PLACES.get(key) or _place(lengths, graphs)
        return Attribute(key, place, axis, wide and key not in known)

    @property
    def word(self) -> str:
        """The word for it where the user gives none."""
        return _KNOWN.get(self.key, _INDEX if _INDEX in self.key else _SCALARS[self.place])

    def shape_but_edges(self, graph: Graph) -> tuple[int, ...]:
        """Its shape in a graph, without the axis of the edges."""
        value = tensor_of(graph, self.key)
        return _without(value, self.axis) if self.place == EDGE and EDGES in graph else tuple(value.shape)

    def stacked(self, graphs: Sequence[Graph], edges: int) -> Tensor:
        """That of graphs of one shape, (B, ...); an edge that is not there is -1 in an index, and 0 elsewhere."""
        values = [tensor_of(graph, self.key) for graph in graphs]
        if self.place == EDGE:
            filler = _NOWHERE if _INDEX in self.key else 0
            values = [_padded(value, self.axis or 0, edges, filler) for value in values]
        return torch.stack(values)


def tensor_of(graph: Graph, key: str) -> Tensor:
    """An attribute of one graph, of any shape; SymmeterError for a sparse one."""
    value = torch.as_tensor(graph[key]).detach()
    if value.layout != torch.strided:
        raise SymmeterError(f"{key} is a sparse matrix: give the graph as edge_index")
    return value


def _place(lengths: Sequence[int], graphs: Sequence[Graph]) -> str:
    """Of what all graphs have as many: nodes, edges, or neither."""
    nodes = tuple(graph.num_nodes for graph in graphs)
    edges = tuple(graph.num_edges for graph in graphs)
    return {edges: EDGE, nodes: NODE}.get(tuple(lengths), GRAPH)  # nodes where there are as many of both


def _without(value: Tensor, axis: int | None) -> tuple[int, ...]:
    """The shape of a value of any shape without one axis."""
    lengths = list(value.shape)
    if axis is not None:
        del lengths[axis : (axis + 1) or None]
    return tuple(lengths)


def _padded(value: Tensor, axis: int, length: int, filled: int) -> Tensor:
    """A value of any shape that is as long as `length` on one axis."""
    shape = list(value.shape)
    shape[axis] = length - shape[axis]
    return torch.cat([value, value.new_full(shape, filled)], axis)
