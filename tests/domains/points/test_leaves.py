"""Several inputs with the options of sets, and outputs that may be a vector or three numbers: asked, never guessed."""

import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.domains.atoms.domain import Atoms
from symmeter.domains.points.data import centred
from symmeter.domains.points.domain import Points
from symmeter.domains.points.options import PointOptions
from symmeter.errors import SymmeterWarning
from symmeter.measuring.measure import measure

POINTS = torch.randn(4, 9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
NUMBERS = torch.arange(36).reshape(4, 9)
FEW = {"elements": 4, "sampling": "haar", "control": False, "progress": False}


class Summed(nn.Module):
    """The sum of the points, as many numbers as there are words for them."""

    def __init__(self, heads: int = 1):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(heads, dtype=torch.float64))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x.square().sum((1, 2))[:, None]


def leaf(word: str, tensor: Tensor, **options) -> Tensor:
    return Points(PointOptions(**options)).leaf(word, tensor, None)[0]


def test_the_same_points_are_drawn_of_every_input():
    points, numbers = leaf("points", POINTS, points=5), leaf("node scalars", NUMBERS, points=5)
    assert points.shape == (4, 5, 3) and numbers.shape == (4, 5)
    chosen = numbers[0]
    assert torch.equal(points, POINTS[:, chosen])
    pairs = leaf("pair scalars", NUMBERS[:, :, None] + 100 * NUMBERS[:, None], points=5)
    assert torch.equal(pairs[0], chosen[:, None] + 100 * chosen)
    assert torch.equal(leaf("graph vectors", POINTS[:, 0], points=5), POINTS[:, 0])


def test_positions_are_centred_and_nothing_else_is():
    for how in (True, "unit_sphere"):
        found = leaf("points", POINTS, centred=how)
        for one, own in zip(found, POINTS, strict=True):
            torch.testing.assert_close(one, centred(own, how))
        both = leaf("points+vectors", torch.cat([POINTS, POINTS], 2), centred=how)
        torch.testing.assert_close(both[..., :3], found)
        assert torch.equal(both[..., 3:], POINTS)
        for word in ("node vectors", "node 1o"):
            assert torch.equal(leaf(word, POINTS, centred=how), POINTS)


def test_options_go_with_inputs_in_a_run():
    def model(pos, z):
        assert pos.shape[1:] == (6, 3)
        assert float(pos.mean(1).norm(dim=1).max()) < 1e-5 and z.shape == pos.shape[:2]
        return {"energy": (pos.square().sum(2) * z).sum(1, keepdim=True)}

    data = {"pos": POINTS, "z": NUMBERS}
    words = {"pos": "points", "z": "node scalars"}
    (row,) = measure(model, data, "SO3", inputs=words, output="energy", points=6, centred=True, **FEW).rows
    assert row.verdict == "not resolved"
    check_refused("points=10: a set has 9 points", measure, model, data, "SO3", inputs=words, points=10)
    edges = {"pos": POINTS, "edges": torch.zeros(4, 2, 3, dtype=torch.long)}
    check_refused(
        "points=3 draws some of the points, and an input numbers them", measure, model, edges, "SO3",
        inputs={"pos": "points", "edges": "index"}, points=3,
    )  # fmt: skip


@pytest.mark.parametrize("domain", [Points, Atoms])
def test_three_numbers_may_be_a_vector_so_it_is_asked(domain):
    y = torch.rand(2, 3)
    check_refused(
        r"output 'gap' has shape \(B, 3\), which may be 3 numbers or a vector: write one of gap:invariant, "
        "gap:vectors, gap:pseudovectors, gap:1o",
        domain().known_action, "gap", y, None,
    )  # fmt: skip
    assert domain().known_action("gap", y[:, :2], None) == "invariant"
    assert domain().known_action("softmax", y, None) == "invariant"


def test_it_is_asked_in_a_run_and_answered():
    check_refused(
        "which may be 3 numbers or a vector", measure, Summed(3), POINTS, "SO3", output="logits", **FEW
    )
    (row,) = measure(Summed(3), POINTS, "SO3", output="logits:invariant", **FEW).rows
    assert row.verdict == "not resolved"
    with pytest.warns(SymmeterWarning, match="output 'logits' .*invariant"):
        (row,) = measure(Summed(3), POINTS, "SO3", output="logits:vectors", **FEW).rows
    assert row.value > 0.1
    check_refused(
        "which may be 3 numbers or a vector",
        measure,
        Summed(3),
        POINTS,
        "SO3,permutation",
        output="logits",
        **FEW,
    )
    for symmetry in ("permutation", "translation(1)", "translation_x", "translation(1)*permutation"):
        said, unsaid = (
            measure(Summed(3), POINTS, symmetry, output=output, **FEW).rows[0]
            for output in ("logits:vectors", "logits")
        )
        assert said.value == unsaid.value
    (row,) = measure(Summed(2), POINTS, "SO3", output="logits", **FEW).rows
    assert row.verdict == "not resolved"


@pytest.mark.parametrize("output", ["logits:rules.py:D", "logits:rules.npz"])
def test_matrices_of_a_users_own_have_no_word_and_the_error_says_where_they_go(output):
    words = r"unknown action 'rules.*matrices of your own have no word: give rho_out=Field\(Matrices\(D\)\) in Python"
    check_refused(words, measure, Summed(3), POINTS, "SO3", output=output, **FEW)
    words = r"have no input 'rules.py:D'.*matrices of your own have no word"
    check_refused(
        words,
        measure,
        Summed(3),
        {"pos": POINTS},
        "SO3",
        inputs={"pos": "rules.py:D"},
        domain="points",
        **FEW,
    )


class Radii(nn.Module):
    """How far every point is from the centre: one number of each, (B, N)."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x.norm(dim=2)


@pytest.mark.parametrize("symmetry", ["permutation", "S9", "SO3*permutation", "SO3,permutation"])
@pytest.mark.parametrize("output", ["logits", "softmax"])
def test_as_many_numbers_as_points_may_be_one_of_each_so_it_is_asked(symmetry: str, output: str):
    words = (
        rf"output '{output}' has shape \(B, 9\), which may be 9 numbers or one of each point: write one of "
        f"{output}:invariant, {output}:node scalars"
    )
    for network in (Radii(), Summed(9)):
        check_refused(words, measure, network, POINTS, symmetry, output=output, **FEW)


class Scores(Summed):
    """Nine classes, as many as there are points."""

    def __init__(self) -> None:
        super().__init__(9)
        self.weight.data = torch.arange(1.0, 10.0, dtype=torch.float64)


@pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
@pytest.mark.parametrize(("network", "right", "wrong"), [
    (Radii(), "node scalars", "invariant"),
    (Scores(), "invariant", "node scalars"),
])  # fmt: skip
def test_both_answers_are_taken(network: nn.Module, right: str, wrong: str):
    good, bad = (
        measure(network, POINTS, "permutation", output=f"logits:{word}", **FEW).rows[0].value
        for word in (right, wrong)
    )
    assert good < 1e-12 and bad > 0.1


def test_where_nothing_permutes_points_nothing_is_asked_about_them():
    for symmetry in ("SO3", "rotation_x", "translation(1)"):
        said, unsaid = (
            measure(Radii(), POINTS, symmetry, output=output, **FEW).rows[0]
            for output in ("logits:node scalars", "logits")
        )
        assert said.value == unsaid.value
    for heads in (8, 10):
        assert measure(Summed(heads), POINTS, "permutation", output="logits", **FEW).rows[0].value < 1e-12


def test_three_points_may_be_all_of_these():
    check_refused(
        r"may be 3 numbers or a vector or one of each point: write one of logits:invariant, logits:vectors, "
        "logits:pseudovectors, logits:1o, logits:node scalars",
        measure, Radii(), POINTS[:, :3], "SO3,permutation", output="logits", **FEW,
    )  # fmt: skip


def test_the_points_of_one_of_several_inputs_are_counted():
    words = {"pos": "points", "z": "node scalars"}
    model = lambda pos, z: {"own": pos.norm(dim=2) * z}
    check_refused(
        "one of each point: write one of own:invariant", measure, model, {"pos": POINTS, "z": NUMBERS},
        "permutation", inputs=words, output="own", **FEW,
    )  # fmt: skip
