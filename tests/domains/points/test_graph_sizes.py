"""Graphs of different sizes in one run: values as in runs of one size, and batches as torch_geometric makes them."""

import numpy as np
import pytest
import torch
from tests.domains.points.networks import Token
from tests.domains.points.test_graphs import made, measured
from tests.helpers import check_refused
from torch import Tensor, nn

import symmeter
from symmeter.domains.points.domain import Points
from symmeter.domains.points.graphs import named_graphs
from symmeter.measuring.inputs import Inputs
from symmeter.models.load import describe

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture
def geometric():
    pytest.importorskip("torch_geometric")
    import torch_geometric.data

    return torch_geometric.data


@pytest.fixture
def mixed(geometric) -> list:
    """Graphs of 5 and 8 nodes in turn, whose numbers of edges differ too."""
    pairs = zip(made(geometric, 6, 5), made(geometric, 6, 8), strict=True)
    return [graph for pair in pairs for graph in pair]


SEEN: list = []  # what a model itself holds is put back after a call


class Hidden(nn.Module):
    """A network of the batch alone: sums over the nodes of a graph and over its edges, along z."""

    def __init__(self, first: bool = False):
        super().__init__()
        self.first = first
        self.weight = nn.Parameter(torch.ones((), dtype=torch.float64))
        self.eval()

    def forward(self, data) -> dict[str, Tensor]:
        SEEN.append(data)
        steps = data.pos[data.edge_index[1]] - data.pos[data.edge_index[0]]
        heights = steps[:, 2].tanh() * (1 + data.edge_attr[:, 0].square()) * self.weight
        received = data.pos.new_zeros(len(data.pos)).index_add(0, data.edge_index[1], heights)
        if self.first:
            received = received + data.pos[data.ptr[:-1]].square().sum(1)[data.batch]
        whole = data.pos.new_zeros(data.num_graphs).index_add(0, data.batch, received)
        return {"whole": whole[:, None], "nodes": received[:, None], "edges": steps}


@pytest.mark.slow
def test_values_are_those_of_runs_of_one_size(mixed):
    options = {"output": "whole,nodes:node scalars", "elements": 60, "control": True, "sampling": "auto"}
    together = measured(Hidden(True), mixed, "SO3,permutation", **options)
    assert set(together.sample_names) == {f"set[{i}]" for i in range(12)}
    place = {name: i for i, name in enumerate(together.sample_names)}
    for start in range(2):
        alone = measured(Hidden(True), mixed[start::2], "SO3,permutation", **options)
        assert set(alone.samples) == set(together.samples)
        for key, values in alone.samples.items():
            if ":control" not in key:  # which has other samples beside it
                chosen = [place[f"set[{2 * i + start}]"] for i in range(6)]
                np.testing.assert_allclose(together.samples[key][chosen], values, rtol=1e-12, err_msg=key)
    for row in together.rows:
        assert row.n == 12 and row.value > 1e-3 and row.control is not None and row.floor < 1e-13


def test_an_exact_network_is_at_the_floor_in_every_output(mixed):
    outputs = "logits,nodes:node scalars,edges:edge scalars,message:edge scalars"
    for row in measured(Token(), mixed, "SO3,O3,permutation", outputs, control=True).rows:
        assert row.value < 1e-12 and row.n == 12 and row.verdict == "not resolved", row


def test_a_token_of_the_first_node_is_caught(mixed):
    rows = {
        row.symmetry: row for row in measured(Token(broken=True), mixed, "SO3,permutation", "logits").rows
    }
    assert rows["permutation"].value > 0.01 and rows["SO3"].value < 1e-12


def test_the_model_gets_real_nodes_and_edges_only(geometric, mixed):
    SEEN.clear()
    measured(Hidden(), mixed, "permutation", "whole", elements=4)
    counts = {5: {7, 8, 9}, 8: {7, 8, 9}}
    assert len(SEEN) > 4
    for data in SEEN:
        assert int(data.edge_index.min()) >= 0 and len(data.edge_attr) == data.edge_index.shape[1]
        nodes = data.num_nodes // data.num_graphs
        assert torch.equal(data.batch[data.edge_index[0]], data.batch[data.edge_index[1]])
        assert (
            set(data.batch[data.edge_index[0]].bincount(minlength=data.num_graphs).tolist()) <= counts[nodes]
        )
    named = named_graphs(mixed, {}, ())
    assert [one.numbers for one in named.alike] == [tuple(range(0, 12, 2)), tuple(range(1, 12, 2))]
    for one in named.alike:
        expected = geometric.Batch.from_data_list([mixed[i] for i in one.numbers])
        for key in ("pos", "z", "edge_index", "edge_attr", "batch", "ptr"):
            assert torch.equal(one.tree.batch()[key], expected[key]), key


def test_padding_is_kept_whichever_graph_has_most_edges(geometric):
    graphs = made(geometric)[::-1]  # 9 edges first, then 8 and 7
    tree = named_graphs(graphs, {}, ()).alike[0].tree
    assert torch.equal(tree.batch().edge_index, geometric.Batch.from_data_list(graphs).edge_index)


def test_sizes_with_as_many_numbers_are_told_apart(geometric):
    """A node has 4 numbers, an edge 2 + 2: one node more and one edge less are as many."""

    def graph(nodes, edges):
        return geometric.Data(
            pos=torch.rand(nodes, 3, dtype=torch.float64), z=torch.ones(nodes, dtype=torch.long),
            edge_index=torch.zeros(2, edges, dtype=torch.long), edge_attr=torch.rand(edges, 2, dtype=torch.float64),
        )  # fmt: skip

    graphs = [graph(5, 7), graph(6, 6), graph(7, 5), graph(6, 6)]
    trees = [one.tree for one in named_graphs(graphs, {}, ()).alike]
    assert [tree.entries for tree in trees] == [48, 52, 56]
    assert [tree.batch().num_edges for tree in trees] == [7, 12, 5]
    net = Hidden()
    assert measured(net, graphs, "permutation", "whole", elements=4).rows[0].n == 4


def test_attributes_of_faces_may_be_of_any_number(geometric):
    face = lambda count: torch.arange(3 * count).reshape(3, count) % 5
    graphs = [graph.update({"face": face(2 + i)}) for i, graph in enumerate(made(geometric, 4))]
    named = named_graphs(graphs, {}, ())
    assert named.words["face"] == "index" and len(named.alike) == 4


def test_labels_and_names_stay_with_their_graphs(geometric, mixed):
    inputs = Inputs.of(mixed, None, None, Points()).prepared(Points(), describe(Hidden()))
    assert inputs.labels.tolist() == [graph.y.item() for graph in mixed]
    result = measured(Hidden(), mixed, "SO3", "whole", elements=3)
    names = list(result.sample_names)
    alone = measured(Hidden(), [mixed[7]], "SO3", "whole", elements=3)
    key = alone.rows[0].column
    assert result.samples[key][names.index("set[7]")] == pytest.approx(alone.samples[key][0], rel=1e-12)


def test_derivatives_of_all_sizes_are_those_of_runs_of_one_size(mixed):
    together = symmeter.measure(Hidden(), mixed, "rotation_x", output="whole", progress=False)
    (row,) = together.rows
    assert row.n == 12 and row.stability is not None and row.specificity is not None
    place = {name: i for i, name in enumerate(together.sample_names)}
    for start in range(2):
        alone = symmeter.measure(Hidden(), mixed[start::2], "rotation_x", output="whole", progress=False)
        chosen = [place[f"set[{2 * i + start}]"] for i in range(6)]
        np.testing.assert_allclose(together.samples[row.column][chosen], alone.samples[row.column], rtol=1e-9)
    check_refused("S5 permutes 5 points", measured, Hidden(), mixed[1::2], "S5", "whole")
