"""Graphs of torch_geometric: their attributes as leaves with words, and one batch of them again for the model."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from symmeter.domains.points.attributes import Attribute, Graph, tensor_of
from symmeter.domains.points.graph_batch import GraphBatch
from symmeter.domains.space.field import EDGE
from symmeter.errors import SymmeterError, shortened
from symmeter.samples import Alike, Named

LABELS = "y"
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
    """Graphs as trees of tensors (B, ...) by attribute, one for each size, with words for the attributes.

    The words are those that the user gave, and those of known names: `pos`, `normal`, `z`, `x`, `edge_index`,
    `edge_attr`, `edge_weight`, `face`; other attributes of nodes and edges are scalars there. SymmeterError for a float
    of width 3 of which nothing is known: `choices` are the words for it.
    """
    graphs = _listed(data)
    if not graphs or not all(graph.num_nodes for graph in graphs):
        raise SymmeterError("no graphs, or some without nodes: leave these out")
    attributes = [Attribute.of(key, graphs) for key in _names(graphs)]
    asked = [one.key for one in attributes if one.asked and one.key not in words]
    if asked:
        shapes = shortened([f"{one.key} {tuple(tensor_of(graphs[0], one.key).shape)}" for one in attributes])
        raise SymmeterError(
            f"graphs have {shapes}: say how the symmetry acts on {', '.join(asked)} with "
            f"inputs={{{asked[0]!r}: word}}, the words being {', '.join(choices)}"
        )
    known = {one.key: one.word for one in attributes}
    return Named(tuple(_alike(graphs, attributes)), {**known, **words}, _labels(graphs))


def _alike(graphs: Sequence[Graph], attributes: Sequence[Attribute]) -> Iterator[Alike]:
    """Graphs of one size together: edges are padded to as many as any of them has."""
    kinds: dict[object, list[int]] = {}
    for number, graph in enumerate(graphs):
        shapes = tuple(one.shape_but_edges(graph) for one in attributes)
        kinds.setdefault((graph.num_nodes, shapes), []).append(number)
    taken: set[int] = set()
    for numbers in kinds.values():
        chosen = [graphs[number] for number in numbers]
        tree = _tree(chosen, attributes, taken)
        taken.add(tree.entries)
        yield Alike(tree, tuple(numbers))


def _tree(graphs: Sequence[Graph], attributes: Sequence[Attribute], taken: set[int]) -> GraphBatch:
    """Graphs of one size as attributes (B, ...), of as many entries as no other size has taken."""
    of_edges = frozenset(one.key for one in attributes if one.place == EDGE)
    counts = [graph.num_edges for graph in graphs]
    for edges in range(max(counts), max(counts) + len(taken) + 1):
        leaves = {one.key: one.stacked(graphs, edges) for one in attributes}
        tree = GraphBatch(leaves, graphs[0], of_edges if min(counts) < edges else frozenset())
        if tree.entries not in taken:
            break
    return tree


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


def _names(graphs: Sequence[Graph]) -> list[str]:
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


def _labels(graphs: Sequence[Graph]) -> Tensor | None:
    """The classes (B,) of the graphs, where `y` is one whole number for each."""
    marks = [torch.as_tensor(graph.get(LABELS, 0.0)) for graph in graphs]
    kinds = {(mark.numel(), mark.is_floating_point()) for mark in marks}
    return torch.cat([mark.reshape(1) for mark in marks]) if kinds == {(1, False)} else None
