"""Networks with known symmetries on dicts of positions, kinds and edges: at the floor, and their twins far above it."""

from typing import NamedTuple

import pytest
import torch
from tests.domains.points.networks import Chiral, DeepSet, Egnn, MessagePassing, Painn
from tests.helpers import check_refused
from torch import Tensor, nn

import symmeter

# Where a word is wrong on purpose, the audit of actions says which one would be right: that is tested elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore:.*times smaller")
RANDOM = torch.Generator().manual_seed(0)
POS = torch.randn(5, 6, 3, generator=RANDOM, dtype=torch.float64)
Z = torch.randint(1, 9, (5, 6), generator=RANDOM)
EDGES = torch.randint(0, 6, (5, 2, 9), generator=RANDOM)
EDGES[1:3, :, -2:] = -1
ATOMS = {"pos": POS, "z": Z}
GRAPHS = {"pos": POS, "z": Z, "edge_index": EDGES}
WORDS = {"pos": "points", "z": "node scalars"}
EGNN = {"energy": "invariant", "nodes": "node scalars", "forces": "node vectors", "pairs": "pair scalars"}
PAINN = {
    "nodes": "node scalars", "vectors": "vectors", "moments": "node pseudovectors", "dipole": "graph vectors",
    "stress": "tensors", "tensors": "node tensors", "irreps": "node 0e+1o+1e",
}  # fmt: skip
EDGE = {"logits": "invariant", "nodes": "node scalars", "edges": "edge scalars"}


class Case(NamedTuple):
    """A kind of network with its data and the words for inputs and outputs, the symmetries that it has, and those that its
    twin has not."""

    network: type[nn.Module]
    data: object
    inputs: object
    output: object
    has: str
    breaks: str


CASES = [
    Case(DeepSet, POS, None, "logits:node scalars", "permutation,S6", "permutation"),
    Case(Egnn, ATOMS, WORDS, EGNN, "SO3,O3,mirror,permutation,translation(1)", "SO3,O3"),
    Case(Painn, ATOMS, WORDS, PAINN, "SO3,O3,mirror,permutation,translation(1)", "SO3,O3"),
    Case(MessagePassing, GRAPHS, WORDS | {"edge_index": "index"}, EDGE, "SO3,O3,permutation", ""),
    Case(
        Chiral, POS, "points", "logits:invariant", "SO3,permutation,translation(1),SO2(y),icosahedral", "SO3"
    ),
]


def measured(case: Case, net: nn.Module, symmetry: str, output: object = None, **options):
    kind = "lee" if symmetry == "rotation" else "relative_error"
    options = {
        "control": False,
        "elements": 6,
        "sampling": "haar",
        "progress": False,
        "inputs": case.inputs,
    } | options
    return symmeter.measure(net, case.data, symmetry, kind, output or case.output, **options).rows


def named(case: Case) -> str:
    return case.network.__name__


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_network_is_at_the_floor_in_every_output(case: Case):
    for row in measured(case, case.network(), case.has):
        assert row.value < 1e-12 and row.verdict == "not resolved", row
    if case.network is not DeepSet:
        for row in measured(case, case.network(), "rotation"):
            assert row.value < 1e-20 and row.verdict == "not resolved", row


@pytest.mark.parametrize("case", [case for case in CASES if case.breaks], ids=named)
def test_its_twin_is_far_above_the_floor_in_every_output(case: Case):
    for row in measured(case, case.network(broken=True), case.breaks):
        assert row.value > 1e-3 and row.value > 1e6 * row.floor, row
    if case.network is not DeepSet:
        rows = measured(case, case.network(broken=True), "rotation")
        for output in {row.output for row in rows}:
            assert any(row.value > 1e-4 + 1e8 * row.floor for row in rows if row.output == output), output


def test_twins_keep_the_symmetries_that_are_not_broken():
    for case in CASES[1:3]:
        rows = measured(case, case.network(broken=True), "permutation,translation(1)")
        assert all(row.value < 1e-12 for row in rows)


def test_a_readout_of_the_first_node_breaks_permutations_and_nothing_else():
    case = CASES[3]
    rows = {
        (row.symmetry, row.output): row.value
        for row in measured(case, MessagePassing(broken=True), "SO3,permutation")
    }
    assert rows["permutation", "logits"] > 0.01
    assert all(value < 1e-12 for key, value in rows.items() if key != ("permutation", "logits"))


def test_words_in_turn_are_those_of_the_leaves():
    by_name, in_turn = (
        measured(CASES[1], Egnn(True), "SO3", "energy", inputs=words)[0].value
        for words in (WORDS, tuple(WORDS.values()))
    )
    assert by_name == in_turn > 1e-3


def test_edges_have_to_be_relabelled_with_the_nodes():
    case = CASES[3]
    (row,) = measured(case, MessagePassing(), "permutation", "logits", inputs=WORDS)
    assert row.value > 1e-3
    (row,) = measured(
        case, MessagePassing(), "permutation", "logits", inputs={"pos": "points", "edge_index": "index"}
    )
    assert row.value > 1e-3  # nor may their kinds stay behind


def test_a_chiral_network_has_all_rotations_and_no_mirror_image():
    case = CASES[4]
    for row in measured(case, Chiral(), "mirror(x),inversion,O3"):
        assert row.value > 0.01, row


@pytest.mark.parametrize(("output", "wrong"), [
    ("vectors", "node pseudovectors"), ("moments", "node vectors"), ("stress", "invariant"),
    ("irreps", "node 0e+1e+1o"), ("vectors", "node scalars"), ("irreps", "node 0o+1o+1e"),
])  # fmt: skip
def test_a_wrong_word_for_an_output_is_far_above_the_floor(output: str, wrong: str):
    (row,) = measured(CASES[2], Painn(), "O3", {output: wrong})
    assert row.value > 0.05


def test_normals_turn_and_are_not_moved():
    class Facing(nn.Module):
        """How far points lie along their normals, from the mean of all."""

        def __init__(self):
            super().__init__()
            self.register_buffer("size", torch.ones((), dtype=torch.float64))

        def forward(self, pos: Tensor, normals: Tensor) -> Tensor:
            return self.size * ((pos - pos.mean(1, keepdim=True)) * normals).sum(-1).square().mean(
                1, keepdim=True
            )

    normals = nn.functional.normalize(torch.randn(5, 6, 3, generator=RANDOM, dtype=torch.float64), dim=-1)
    case = Case(Facing, {"pos": POS, "normals": normals}, None, "logits", "", "")
    words = {"pos": "points", "normals": "node vectors"}
    net = Facing().eval()
    for row in measured(case, net, "O3,translation(1),permutation", inputs=words):
        assert row.value < 1e-12
    (row,) = measured(case, net, "translation(1)", inputs=words | {"normals": "points"})
    assert row.value > 0.1
    result = symmeter.measure(
        net,
        case.data,
        "SO3",
        "relative_error",
        "logits",
        control=False,
        inputs={"pos": "points"},
        progress=False,
    )
    assert result.header["spec"]["left_alone"] == ["normals"] and result.rows[0].value > 0.1


def test_what_could_be_points_is_asked_about():
    data = {"pos": POS, "normals": POS, "z": Z}

    def refused(words: str, data: object, symmetry: str = "SO3", **options: object) -> None:
        check_refused(words, symmeter.measure, Egnn(), data, symmetry, output="energy", **options)

    refused(
        r"inputs are pos \(5, 6, 3\), normals \(5, 6, 3\), z \(5, 6\): say how .* points, vectors, .* index",
        data,
    )
    refused(r"inputs are pos \(5, 6, 3\), normals \(5, 6, 3\), z \(5, 6\)", data, domain="points")
    refused(r"\(5, 6, 3\), \(5, 6\) are several arrays", (POS, Z), domain="points")
    refused(
        "'node vectros' is no way in which a symmetry acts",
        data,
        inputs={"pos": "points", "normals": "node vectros"},
    )
    refused("'SO4'", data, inputs={"pos": "points"}, symmetry="SO4")
    refused("'node vectors' does not fit", data, inputs={"pos": "points", "z": "node vectors"})
