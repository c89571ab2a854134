"""Wrong tests are told from broken symmetries: a leaf left behind, turned the other way, of the other parity."""

import warnings

import pytest
import torch
from torch import nn

from symmeter.measuring.measure import measure

POSITIONS = torch.randn(6, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
CELLS = torch.randn(6, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
CHARGES = torch.randn(6, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
TREE = {"pos": POSITIONS, "cell": CELLS}


class InCell(nn.Module):
    """Distances to the faces of the cell: invariant where the cell turns with the positions."""

    def forward(self, pos, cell):
        return (pos @ torch.linalg.inv(cell)).tanh().sum((1, 2))[:, None]


def remarks(*arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = measure(*arguments, output=options.pop("output", "logits"), progress=False, **options)
    return [
        line
        for line in result.warnings
        if "times smaller" in line or "none at all" in line or "action on" in line or "inside" in line
    ]


def test_a_cell_that_was_left_behind_is_named():
    words = {"pos": "points", "cell": "cell"}
    assert remarks(InCell(), TREE, "SO3", inputs=words) == []
    for left in ({"pos": "points"}, {"pos": "points", "cell": "invariant"}):
        (line,) = remarks(InCell(), TREE, "SO3", inputs=left)
        assert line.startswith(
            "input 'cell' does not turn with the positions, and should as a 'cell': so the error of output 'logits' is"
        )


def test_a_model_with_a_cell_of_its_own_is_told_so():
    net, stored = InCell(), CELLS[:1]
    own = lambda pos, cell: net(pos, stored.to(pos).expand(len(pos), 3, 3))
    assert remarks(own, TREE, "SO3", inputs={"pos": "points", "cell": "cell"}) == [
        "the cell does not turn with the positions inside of the model: it gives the same whether the cell turns or not"
    ]


def test_an_output_that_turns_the_other_way_is_named():
    """The mirror image of a vector is turned by R^T where the vector is turned by R, about any axis in the mirror."""
    mirrored = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    net = lambda pos: (pos[:, 0] - pos[:, 1]) * mirrored
    (line,) = remarks(net, POSITIONS, "SO2(z)", inputs="points", output="graph vectors")
    assert line.startswith("output 'logits' turns the other way, by R^T in the place of R: so the error")


@pytest.mark.slow
@pytest.mark.parametrize(("said", "is_"), [("vectors", "pseudovectors"), ("pseudovectors", "vectors")])
def test_a_vector_of_the_other_parity_is_named(said, is_):
    cross = lambda pos: torch.linalg.cross(pos[:, 0] - pos[:, 1], pos[:, 2] - pos[:, 1])
    plain = lambda pos: pos[:, 0] - pos[:, 1]
    net = cross if is_ == "pseudovectors" else plain
    assert remarks(net, POSITIONS, "O3", inputs="points", output=f"graph {is_}") == []
    (line,) = remarks(net, POSITIONS, "O3", inputs="points", output=f"graph {said}")
    assert line.startswith(f"output 'logits' looks like {is_}: so the error")


def test_values_of_points_that_were_left_behind_are_named():
    net = lambda pos, q: (q[..., None] * pos).sum(1).norm(dim=-1, keepdim=True)
    tree = {"pos": POSITIONS, "q": CHARGES}
    assert remarks(net, tree, "permutation", inputs={"pos": "points", "q": "node scalars"}) == []
    (line,) = remarks(net, tree, "permutation", inputs={"pos": "points"})
    assert line.startswith("input 'q' is permuted with the points, as 'node scalars'")


@pytest.mark.slow
def test_a_symmetry_that_is_truly_broken_is_not_explained_away():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3)).double().eval()
    for output in ("vectors", "pseudovectors", "node scalars"):
        assert remarks(net, POSITIONS, "O3", inputs="points", output=output) == []


def test_an_output_that_never_moves_is_named():
    net = lambda pos: (
        pos.norm(dim=-1, keepdim=True).sum(1) * torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    )
    (line,) = remarks(net, POSITIONS, "SO3", inputs="points", output="graph vectors")
    assert line.startswith("output 'logits' stays as it is when the rest moves, as 'invariant'")
