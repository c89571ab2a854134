"""Which layer of a network on points or graphs breaks a symmetry: the one that was planted, and no other."""

import warnings

import pytest
import torch
from tests.domains.points.networks import DeepSet, Painn, Token
from tests.helpers import check_refused
from torch import Tensor, nn

import symmeter

N, WIDTH = 5, 8
RANDOM = torch.Generator().manual_seed(2)
CLOUDS = torch.randn(6, N, 3, generator=RANDOM, dtype=torch.float64)


def attributed(net: nn.Module, data: object, symmetry: str, output: str = "logits", **options):
    options = {"control": False, "progress": False, "probes": 0, "elements": 4} | options
    return symmeter.attribute(net, data, symmetry, output, **options)


def shares(profile, symmetry: str) -> dict[str, float]:
    """Of the terminal parts with more than round-off."""
    rows = [row for row in profile.rows if row.symmetry == symmetry and row.terminal and not row.whole]
    return {row.layer: row.share for row in rows if row.share and abs(row.share) > 1e-9}


def check_complete(profile) -> None:
    """Terminal parts add up to the whole, sample by sample and in the mean."""
    for symmetry in profile.symmetries:
        terminal = [i for i, part in enumerate(profile.parts) if part.terminal]
        values = profile.contributions(symmetry)
        assert abs(values[terminal].sum(0) - values[0]).max() <= 1e-10 * abs(values[0]).max()
        whole = next(row.value for row in profile.rows if row.symmetry == symmetry)
        assert values[0].mean() == pytest.approx(whole, rel=1e-10)


class Clouds(nn.Module):
    """A PointNet: shared layers on every point, the largest of each feature, a head; with one fault where asked for."""

    def __init__(self, fault: str = ""):
        super().__init__()
        torch.manual_seed(0)
        self.fault = fault
        self.lift, self.norm, self.mix = (
            nn.Conv1d(3, WIDTH, 1),
            nn.BatchNorm1d(WIDTH),
            nn.Conv1d(WIDTH, 2 * WIDTH, 1),
        )
        self.act, self.head = (
            nn.Tanh(),
            nn.Sequential(nn.Linear(2 * WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 4)),
        )
        self.positions = nn.Embedding(N, WIDTH)
        self.neighbours = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(self.lift(x.mT))
        if self.fault == "positions":
            h = h + self.positions(torch.arange(h.shape[2])).T
        if self.fault == "neighbours":
            h = h + self.neighbours(h)
        h = self.act(self.mix(h))
        return self.head(h[:, :, 0] if self.fault == "first" else h.amax(2))


@pytest.mark.parametrize(
    ("fault", "layer", "words"),
    [
        ("positions", "positions", "positions"),
        ("neighbours", "neighbours", "neighbours"),
        ("first", "(glue)", "what the network does before head"),
    ],
)
def test_the_layer_that_breaks_permutations_is_named_and_no_other(fault, layer, words):
    profile = attributed(Clouds(fault), CLOUDS, "permutation")
    assert shares(profile, "permutation") == {layer: pytest.approx(1)}
    assert profile.broken_in == [f"permutation in {words} (100%)"]
    assert f"broken in: permutation in {words} (100%)" in str(profile)
    check_complete(profile)


def test_nothing_is_named_where_permutations_are_at_the_floor_and_the_first_layer_where_rotations_break():
    profile = attributed(Clouds(), CLOUDS, "permutation,SO3,rotation_x,translation_y")
    assert profile.symmetries == ("rotation_x", "translation_y", "permutation", "SO3")
    assert profile.broken_in == [f"{name} in lift (100%)" for name in ("rotation_x", "translation_y", "SO3")]
    for name in ("rotation_x", "translation_y", "SO3"):
        assert shares(profile, name) == {"lift": pytest.approx(1)}
    assert all(
        row.verdict in ("not resolved", "none") for row in profile.rows if row.symmetry == "permutation"
    )
    check_complete(profile.__class__(*[[r for r in profile.rows if r.symmetry != "permutation"]], profile.header,
                                     profile.warnings, profile.samples, profile.sample_names))  # fmt: skip


class Frames(nn.Module):
    """Points in the axes that a layer finds of them, which stand still when all is turned; broken: not quite."""

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.axes, self.head, self.broken = Axes(broken), nn.Linear(3 * N, 2), broken
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(x @ self.axes(x).mT).flatten(1))


class Axes(nn.Module):
    """Two differences of points and their product, (B, 3, 3) by rows."""

    def __init__(self, broken: bool):
        super().__init__()
        self.broken = broken

    def forward(self, x: Tensor) -> Tensor:
        first, second = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
        if self.broken:
            first = torch.relu(first)
        return torch.stack([first, second, torch.linalg.cross(first, second)], 1)


def test_axes_that_turn_with_the_points_are_no_fault_and_others_are():
    exact = attributed(Frames(), CLOUDS, "SO3,rotation_z")
    assert exact.broken_in == []
    assert all(row.verdict in ("not resolved", "none") for row in exact.rows)
    for name in ("SO3", "rotation_z"):
        found = shares(attributed(Frames(broken=True), CLOUDS, name), name)
        assert found == {"axes": pytest.approx(1)}


class Directions(nn.Module):
    """Hidden vectors (B, N, channels, 3): mixed by channels, gated by their lengths; broken: cut off component by component."""

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.mix, self.cut, self.head, self.broken = (
            nn.Linear(N, 4, bias=False),
            nn.ReLU(),
            nn.Linear(4, 2),
            broken,
        )
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        d = x[:, None] - x[:, :, None]
        v = self.mix(d.mT).mT
        v = self.cut(v) if self.broken else v * torch.sigmoid(v.norm(dim=-1, keepdim=True))
        return self.head(v.square().sum(-1).mean(1))


@pytest.mark.parametrize("symmetry", ["O3", "rotation_y"])
def test_a_nonlinearity_on_components_of_vectors_is_named(symmetry):
    assert attributed(Directions(), CLOUDS, symmetry).broken_in == []
    profile = attributed(Directions(broken=True), CLOUDS, symmetry)
    assert shares(profile, symmetry) == {"cut": pytest.approx(1)}
    check_complete(profile)


def test_outputs_of_points_and_vectors_have_their_layers_too():
    profile = attributed(DeepSet(broken=True), CLOUDS, "permutation", "logits:node scalars")
    assert profile.broken_in == ["permutation in what the network does before others (100%)"]
    assert attributed(DeepSet(), CLOUDS, "permutation", "logits:node scalars").broken_in == []
    data = {"pos": CLOUDS, "z": torch.randint(1, 9, (6, N), generator=RANDOM)}
    inputs = {"pos": "points", "z": "node scalars"}
    for output in ("vectors:node vectors", "stress:tensors"):
        exact = attributed(Painn(), data, "SO3,permutation,translation_x", output, inputs=inputs)
        assert exact.broken_in == []
        broken = attributed(Painn(broken=True), data, "SO3", output, inputs=inputs)
        assert broken.broken_in == ["SO3 in what the network does before mix (100%)"]


def graphs() -> list:
    data = pytest.importorskip("torch_geometric.data")
    random, found = torch.Generator().manual_seed(3), []
    for i in range(4):
        edges = torch.randint(0, N, (2, 8 + i % 2), generator=random)
        z = torch.randint(1, 9, (N,), generator=random)
        pos = torch.randn(N, 3, generator=random, dtype=torch.float64)
        found.append(data.Data(pos=pos, z=z, edge_index=edges, edge_attr=torch.rand(8 + i % 2, 2).double()))
    return found


class Convolutions(nn.Module):
    """A graph network of torch_geometric with a token for every graph; broken: the token, or embeddings of positions."""

    def __init__(self, fault: str = ""):
        super().__init__()
        geometric = pytest.importorskip("torch_geometric.nn")
        torch.manual_seed(0)
        self.fault, self.pool = fault, geometric.global_mean_pool
        self.kinds, self.positions, self.token = (
            nn.Embedding(10, WIDTH),
            nn.Embedding(N, WIDTH),
            Hears(fault == "token"),
        )
        self.first, self.second = geometric.GCNConv(WIDTH, WIDTH), geometric.GCNConv(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, 4)
        self.double().eval()

    def forward(self, data) -> Tensor:
        h = self.kinds(data.z) + data.pos.norm(dim=1, keepdim=True)
        if self.fault == "positions":
            h = h + self.positions(torch.arange(len(h)) % N)
        h = torch.tanh(self.first(h, data.edge_index))
        h = h + self.token(h, data.batch, data.ptr)
        h = torch.tanh(self.second(h, data.edge_index))
        return self.head(self.pool(h, data.batch))


class Hears(nn.Module):
    """What a token of all nodes says to every node; broken: of the first one."""

    def __init__(self, broken: bool):
        super().__init__()
        self.say, self.broken = nn.Linear(WIDTH, WIDTH), broken

    def forward(self, h: Tensor, batch: Tensor, ptr: Tensor) -> Tensor:
        total = h.new_zeros(len(ptr) - 1, WIDTH).index_add(0, batch, h)
        token = h[ptr[:-1]] if self.broken else total / ptr.diff()[:, None]
        return self.say(token)[batch]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "layer", "words"),
    [("token", "token.(glue)", "what token does before token.say"), ("positions", "positions", "positions")],
)
def test_a_graph_network_with_a_token_that_breaks_permutations_is_caught_and_the_layer_named(
    fault, layer, words
):
    profile = attributed(Convolutions(fault), graphs(), "permutation,rotation_x")
    assert shares(profile, "permutation") == {layer: pytest.approx(1)}
    assert profile.broken_in == [f"permutation in {words} (100%)"]


@pytest.mark.slow
def test_a_graph_network_that_is_symmetric_has_no_such_layer():
    assert attributed(Convolutions(), graphs(), "permutation,rotation_x").broken_in == []
    for broken in (False, True):
        found = attributed(Token(broken), graphs(), "permutation", "nodes:node scalars").broken_in
        assert found == ["permutation in what the network does before token (100%)"] * broken


def test_layers_of_graphs_along_generators_are_complete():
    profile = attributed(Convolutions(), graphs(), "translation_x,translation_y")
    assert profile.broken_in == [f"translation_{axis} in (glue) (100%)" for axis in "xy"]
    check_complete(profile)


class Tensorial(nn.Module):
    """A network of e3nn on differences of points; planted: a nonlinearity on all components of its features."""

    def __init__(self, planted: bool = False):
        super().__init__()
        o3, gate = pytest.importorskip("e3nn.o3"), pytest.importorskip("e3nn.nn").Gate
        torch.manual_seed(0)
        self.harmonics = o3.SphericalHarmonics("0e+1o+2e", normalize=True)
        self.gate = gate("4x0e", [torch.tanh], "4x0e", [torch.sigmoid], "2x1o+2x2e")
        self.first = o3.Linear("0e+1o+2e", self.gate.irreps_in)
        self.planted = nn.Tanh() if planted else nn.Identity()
        self.product = o3.FullyConnectedTensorProduct(self.gate.irreps_out, "0e+1o+2e", "2x0e+1o+2e")
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        d = x[:, :, None] - x[:, None] + torch.diag_embed(torch.ones(N, dtype=x.dtype))[..., None]
        size = torch.exp(-d.square().sum(-1, keepdim=True)) * (1 - torch.eye(N, dtype=x.dtype))[..., None]
        edges = 10 * self.harmonics(d) * size
        h = self.planted(self.gate(self.first(edges.mean(2))))
        return self.product(h, edges.mean(2)).mean(1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_layers_of_e3nn_are_at_the_floor_in_their_irreps_and_the_planted_one_is_named():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.set_default_dtype(torch.float64)  # for the constants in its layers
        try:
            exact, broken = Tensorial(), Tensorial(planted=True)
        finally:
            torch.set_default_dtype(torch.float32)
    options = {"output": "logits:2x0e+1o+2e", "inputs": "points"}
    profile = attributed(exact, CLOUDS, "O3,rotation_x,permutation,translation_x", **options)
    assert profile.broken_in == []
    assert all(row.verdict in ("not resolved", "none") for row in profile.rows)
    for name in ("SO3", "rotation_x"):
        profile = attributed(broken, CLOUDS, name, **options)
        assert profile.broken_in == [f"{name} in planted (100%)"]
        others = [abs(row.share) for row in profile.rows if row.terminal and row.layer != "planted"]
        assert max(others) < 1e-6


def test_groups_are_attributed_where_layers_are_found_by_trying_only():
    images = torch.rand(2, 3, 4, 4)
    check_refused("C4.* no generator", lambda: symmeter.attribute(nn.Flatten(), images, "C4"))
    several = lambda: attributed(Painn(), {"pos": CLOUDS, "z": torch.ones(6, N).long()}, "permutation",
                                 "nodes:node scalars,dipole:vectors", inputs={"pos": "points"})  # fmt: skip
    check_refused("one output at a time", several)
