"""Graphs of torch_geometric: attributes as leaves, one batch for the model, and its outputs by graph again."""

import pytest
import torch
from tests.domains.points.networks import Token
from tests.helpers import Things, check_refused
from torch import Tensor, nn

import symmeter
from symmeter.domains.points.domain import Points
from symmeter.domains.points.graphs import named_graphs
from symmeter.measuring.choice import domain_of

# torch_geometric compiles when it is imported, which torch says is no longer done.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning", "ignore::DeprecationWarning")
OUTPUTS = "logits,nodes:node scalars,edges:edge scalars,message:edge scalars"


@pytest.fixture
def geometric():
    pytest.importorskip("torch_geometric")
    import torch_geometric.data

    return torch_geometric.data


@pytest.fixture
def graphs(geometric) -> list:
    """Six graphs of five nodes each, which differ in their edges."""
    return made(geometric)


def made(geometric, count: int = 6, nodes: int = 5, **more: Tensor) -> list:
    random = torch.Generator().manual_seed(0)
    normal = lambda *shape: torch.randn(*shape, generator=random, dtype=torch.float64)
    whole = lambda most, *shape: torch.randint(0, most, shape, generator=random)
    return [
        geometric.Data(
            pos=normal(nodes, 3), z=whole(9, nodes), edge_index=whole(nodes, 2, 7 + i % 3), edge_attr=normal(7 + i % 3, 2),
            y=torch.tensor([i % 3]), name="a name", **more,
        )
        for i in range(count)
    ]  # fmt: skip


def measured(net: nn.Module, data: object, symmetry: str, output: object = OUTPUTS, **options):
    options = {"elements": 6, "sampling": "haar", "progress": False, "control": False} | options
    return symmeter.measure(net, data, symmetry, "relative_error", output, **options)


def test_a_graph_network_is_at_the_floor_in_every_output(graphs):
    result = measured(Token(), graphs, "SO3,O3,permutation")
    assert len(result.rows) == 12 and result.header["spec"]["domain"] == "points"
    for row in result.rows:
        assert row.value < 1e-12 and row.n == 6, row
    assert result.header["spec"]["inputs"] == {
        "pos": "points", "z": "node scalars", "edge_index": "index", "edge_attr": "edge scalars"
    }  # fmt: skip
    for row in symmeter.measure(
        Token(), graphs, "rotation", output="logits,nodes:node scalars", progress=False
    ).rows:
        assert row.verdict == "not resolved"


def test_along_generators_both_controls_are_there(graphs):
    class Upright(Token):
        """It knows which way is up."""

        def forward(self, data):
            return (
                super().forward(data)["logits"]
                + self.mean(data.pos, data)[:, :1]
                + self.mean(data.pos, data)[:, 2:].tanh()
            )

    rows = symmeter.measure(Upright(), graphs, "rotation", output="logits", progress=False).rows
    assert {row.symmetry for row in rows} == {"rotation_x", "rotation_y", "rotation_z"}
    for row in rows:
        assert row.stability is not None and row.specificity is not None and row.value > 1e3 * row.floor


def test_a_token_of_the_first_node_is_caught(graphs):
    found = measured(Token(broken=True), graphs, "SO3,permutation", control=True).rows
    rows = {(row.symmetry, row.output.partition(":")[0]): row for row in found}
    for output in ("logits", "nodes"):
        assert rows["permutation", output].value > 0.01 and rows["permutation", output].control > 0.01
    assert rows["permutation", "message"].value < 1e-12  # what comes before the token is sound
    assert all(row.value < 1e-12 for (symmetry, _), row in rows.items() if symmetry == "SO3")


def test_all_forms_of_data_give_the_same(geometric, graphs):
    forms = (graphs, tuple(graphs), geometric.Batch.from_data_list(graphs))
    values = [[row.value for row in measured(Token(True), data, "permutation").rows] for data in forms]
    assert values[0] == values[1] == values[2]
    alone = measured(Token(True), graphs[0], "permutation", "logits").rows[0]
    assert alone.n == 1 and alone.value > 0.001
    labelled = symmeter.measure(
        Token(), graphs, "SO3", output="softmax", elements=3, sampling="haar", progress=False
    )
    assert labelled.header["data"]["labelled"] and labelled.header["accuracy"]["n"] == 6


def test_the_model_gets_the_batch_that_torch_geometric_makes(geometric, graphs):
    named = named_graphs(graphs, {}, ())
    tree = named.alike[0].tree
    batch, expected = tree.batch(), geometric.Batch.from_data_list(graphs)
    for key in ("pos", "z", "edge_index", "edge_attr", "batch", "ptr"):
        assert torch.equal(batch[key], expected[key]), key
    assert batch.num_graphs == 6 and batch.num_nodes == 30 and isinstance(batch, geometric.Batch)
    for key, rows in (("pos", (6, 5, 3)), ("edge_attr", (6, 9, 2))):
        assert tree.by_sample(expected[key]).shape == rows
    first = tree.by_sample(expected.edge_attr)[0]
    assert torch.equal(first[:7], graphs[0].edge_attr) and not first[7:].any()
    assert tree.by_sample(expected.z).shape == (6, 5, 1)
    assert tree.by_sample(torch.ones(6, 4)).shape == (6, 4)


def test_several_arguments_are_given_by_name(graphs):
    class Names(nn.Module):
        def __init__(self):
            super().__init__()
            self.kinds = nn.Embedding(10, 4).double()

        def forward(
            self, z: Tensor, pos: Tensor, batch: Tensor | None = None, weights: float = 1.0
        ) -> Tensor:
            assert batch is not None
            h = self.kinds(z) * pos.norm(dim=1, keepdim=True)
            return h.new_zeros(int(batch.max()) + 1, 4).index_add(0, batch, weights * h)

    for row in measured(Names().eval(), graphs, "SO3,permutation", "logits").rows:
        assert row.value < 1e-12


def test_layers_of_torch_geometric_are_at_the_floor(geometric, graphs):
    layers = pytest.importorskip("torch_geometric.nn")

    class Convolved(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.kinds, self.conv = nn.Embedding(10, 4), layers.GCNConv(4, 6)
            self.norm, self.attention = layers.GraphNorm(6), layers.GATv2Conv(6, 5)

        def forward(self, data):
            h = self.norm(self.conv(self.kinds(data.z), data.edge_index).relu(), data.batch)
            h = self.attention(h, data.edge_index) * data.pos.norm(dim=1, keepdim=True)
            return layers.global_add_pool(h, data.batch)

    net = Convolved().double().eval()
    words = "logits:invariant,norm:node scalars,attention:node scalars"
    for row in measured(net, graphs, "permutation,SO3", words).rows:
        assert row.value < 1e-12, row
    for row in symmeter.measure(net, graphs, "rotation", output="logits", progress=False).rows:
        assert row.verdict == "not resolved"


def test_other_attributes_are_scalars_where_they_are(geometric):
    data = made(
        geometric, charge=torch.rand(5, dtype=torch.float64), field_index=torch.tensor([[3, 0]]), weight=2.0
    )
    words = named_graphs(data, {}, ()).words
    assert (
        words["charge"] == "node scalars"
        and words["field_index"] == "index"
        and words["weight"] == "invariant"
    )
    assert named_graphs(data, {"charge": "invariant"}, ()).words["charge"] == "invariant"


def test_a_width_of_three_is_asked_about_and_never_guessed(geometric):
    refused = lambda data, words, **options: check_refused(words, measured, Token(), data, "SO3", **options)
    features = made(geometric, x=torch.rand(5, 3))
    refused(
        features, r"graphs have .*x \(5, 3\).*: say how the symmetry acts on x with inputs=.'x': word.*1o"
    )
    result = measured(Token(), features, "O3", inputs={"x": "node vectors"})
    assert result.header["spec"]["inputs"]["x"] == "node vectors"
    refused(made(geometric, dipole=torch.rand(1, 3)), "acts on dipole")
    refused(
        made(geometric, dipole=torch.rand(1, 3)),
        "there is no 'diploe'",
        inputs={"diploe": "vectors", "dipole": "vectors"},
    )
    whole = made(geometric, x=torch.ones(5, 3, dtype=torch.long))
    assert named_graphs(whole, {}, ()).words["x"] == "node scalars"  # counts are no vectors


def test_what_does_not_fit_is_refused_in_one_line(geometric, graphs):
    refused = lambda data, words: check_refused(words, measured, Token(), data, "SO3")
    two = [geometric.Data(weight=1.0, num_nodes=n) for n in (3, 4)]
    refused(two, "two forms of inputs have 1 numbers each")
    refused([*graphs, *made(geometric, 1, x=torch.rand(5, 2))], "x is not in all of them")
    refused(
        [*made(geometric, 1, x=torch.rand(5, 2)), *made(geometric, 1, x=torch.rand(5, 4))],
        "differ in the shape of x",
    )
    refused(made(geometric, 2, adj_t=torch.eye(5).to_sparse()), "adj_t is a sparse matrix")
    refused(
        [geometric.Data(edge_index=torch.zeros(2, 0, dtype=torch.long), num_nodes=0)], "some without nodes"
    )
    refused(geometric.Batch(pos=torch.rand(4, 3)), "give the list of its graphs")


def test_words_without_names_are_refused(graphs):
    for inputs in ("points", ("points", "node scalars")):
        check_refused(
            "write a dict .leaf: word. with edge_index, edge_attr, pos, z",
            measured,
            Token(),
            graphs,
            "SO3",
            inputs=inputs,
        )


def test_graphs_are_of_this_kind_and_of_no_other(graphs):
    assert (
        Points.takes(graphs)
        and Points.takes(graphs[0])
        and not Points.takes([])
        and not Points.takes(Things([1]))
    )
    for symmetry in ("rotation", "permutation", "hue"):
        assert domain_of(graphs, symmetry) is Points
    check_refused("hue", measured, Token(), graphs, "hue")


def test_graphs_and_model_are_left_as_they_were(graphs):
    net, before = Token().train(), [graph.clone() for graph in graphs]
    with pytest.warns(symmeter.SymmeterWarning, match="train mode"):
        measured(net, graphs, "permutation")
    assert net.training
    for graph, copy in zip(graphs, before, strict=True):
        assert list(graph.keys()) == list(copy.keys())
        assert all(torch.equal(graph[key], copy[key]) for key in ("pos", "z", "edge_index", "edge_attr"))
