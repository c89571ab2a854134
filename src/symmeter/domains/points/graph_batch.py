"""Attributes of graphs, one tensor for all, and the batch of graphs that a model of torch_geometric is called with."""

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from symmeter.optional import require
from symmeter.trees import Gathered

EDGES = "edge_index"


class GraphBatch(Gathered):
    """Attributes (B, ...) of B graphs of one size by name. A model gets one `Batch`, or the attributes it names.

    `like` is one of the graphs: its class says how attributes are joined. `padded` are the attributes of edges where
    there are more places than some graphs have edges: where `edge_index` is -1 there is none, and the model gets none.
    What a model returns for all N nodes of every graph, (B N, ...), becomes (B, N, ...), and so for edges.
    """

    def __init__(self, leaves: Mapping[str, Tensor], like: Any, padded: frozenset[str] = frozenset()):
        super().__init__(leaves)
        self.like, self.padded = like, padded

    def refilled(self, members: Mapping[Any, Any]) -> "GraphBatch":
        return GraphBatch(members, self.like, self.padded)

    def handed_to(self, function: Callable) -> Any:
        """What a model makes of one `Batch`; one that takes several arguments gets the attributes of these names."""
        batch = self.batch()
        names = _parameters(function)
        wanted = [name for name, needed in names.items() if needed]
        if len(wanted) > 1 and all(name in batch for name in wanted):
            return function(**{name: batch[name] for name in names if name in batch})
        return function(batch)

    def batch(self) -> Any:
        """All graphs as one `torch_geometric.data.Batch`."""
        geometric = require("torch_geometric.data", "graphs")
        made = geometric.Batch(_base_cls=type(self.like))
        for key, leaf in self.items():
            made[key] = self._joined(key, leaf)
        graphs = torch.arange(self.count, device=self._device)
        made.batch = graphs.repeat_interleave(self.nodes)
        made.ptr = torch.arange(self.count + 1, device=self._device) * self.nodes
        made.num_nodes = self.count * self.nodes
        made._num_graphs = self.count
        return made

    def by_sample(self, y: Tensor) -> Tensor:
        """An output for all nodes (B N, ...) or edges (B E, ...) with the axis of the graphs first; others as they are.

        One number for each has an axis of its own, (B, N, 1).
        """
        if y.shape[:1] in ((), (self.count,)):
            return y
        rows = len(y)
        entries = y[:, None] if y.ndim == 1 else y
        if rows == self.count * self.nodes:
            return entries.unflatten(0, (self.count, self.nodes))
        if EDGES not in self or rows != len(self._edges):
            return y
        graphs, _, places = self[EDGES].shape
        every = entries.new_zeros(graphs * places, *entries.shape[1:])
        return every.index_copy(0, self._edges, entries).unflatten(0, (graphs, places))

    @property
    def entries(self) -> int:
        """Numbers per graph."""
        return sum(leaf[0].numel() for leaf in self.values())

    @cached_property
    def count(self) -> int:
        """B."""
        return len(next(iter(self.values())))

    @cached_property
    def nodes(self) -> int:
        """N, of every graph."""
        return int(self.like.num_nodes)

    @property
    def _device(self) -> torch.device:
        return next(iter(self.values())).device

    @cached_property
    def _edges(self) -> Tensor:
        """The places of all edges that are there, among those of all graphs (B E)."""
        there = (self[EDGES] >= 0).all(1)
        return there.flatten().nonzero()[:, 0]

    def _joined(self, key: str, leaf: Tensor) -> Tensor:
        """An attribute (B, ...) of all graphs one after the other, numbers of nodes counted on from graph to graph."""
        if leaf.ndim == 1:
            return leaf
        value = self.like[key]
        axis, step = self.like.__cat_dim__(key, value), self.like.__inc__(key, value)
        if axis is None:
            return leaf
        axis %= leaf.ndim - 1
        if torch.as_tensor(step).any():
            graph = torch.arange(self.count, device=leaf.device).view(-1, *[1] * (leaf.ndim - 1))
            leaf = torch.where(leaf < 0, leaf, leaf + graph * step)
        joined = leaf.movedim(0, axis).flatten(axis, axis + 1)
        return joined.index_select(axis, self._edges) if key in self.padded else joined


def _parameters(function: Callable) -> dict[str, bool]:
    """The parameters of a model by name, and whether each has to be given; none where that is not known."""
    called = function.forward if isinstance(function, nn.Module) else function
    try:
        found = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        return {}
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {one.name: one.default is inspect.Parameter.empty for one in found if one.kind in plain}
