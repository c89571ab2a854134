"""Faults that have been made in real tests of symmetry: the audit of actions names what should have been done.

The networks are exact. What is wrong is what was said of an input or of an output, or which hand of it the model takes.
"""

import warnings
from typing import Any

import pytest
import torch
from tests.domains.points.potentials import Backbone, TensorMessages
from tests.domains.points.test_potentials import CHAINS, MOLECULES, WORDS
from torch import Tensor, nn

import symmeter

pytestmark = pytest.mark.filterwarnings("ignore")
RANDOM = torch.Generator().manual_seed(1)
POSITIONS, NUMBERS = MOLECULES["positions"], MOLECULES["numbers"]
EDGES = POSITIONS[:, TensorMessages.others(5)] - POSITIONS[:, :, None]
NAMED = ("times smaller", "none at all", "no group action")


def remarks(
    net: Any, data: object, symmetry: str, output: object, inputs: object, **options: Any
) -> list[str]:
    """What the audit says of a measurement, which must find a large error if it says anything."""
    options = {"elements": 6, "control": False, "progress": False} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = symmeter.measure(net, data, symmetry, "relative_error", output, inputs=inputs, **options)
    said = [line for line in result.warnings if any(words in line for words in NAMED)]
    assert bool(said) == any(row.value > 1e-3 for row in result.rows)
    return said


class GivenEdges(TensorMessages):
    """It is given the vectors along edges (B, N, N - 1, 3), as the data loaders of many networks make them."""

    def forward(self, positions: Tensor, numbers: Tensor, edges: Tensor) -> dict[str, Tensor]:
        found = self.described(edges, numbers, numbers[:, self.others(positions.shape[1])])
        arms = positions - positions.mean(1, keepdim=True)
        return {"dipole": found["dipole"] + (found["irreps"][..., :1] * arms).sum(1)}


def test_edge_vectors_that_were_forgotten_are_named():
    data, dipole = {**MOLECULES, "edges": EDGES}, {"dipole": "graph vectors"}
    assert remarks(GivenEdges(), data, "SO3", dipole, WORDS | {"edges": "node vectors"}) == []
    (line,) = remarks(GivenEdges(), data, "SO3", dipole, WORDS)
    assert line.startswith("input 'edges' turns with the rest, as 'vectors' (or 'points', where translations")
    (line,) = remarks(GivenEdges(), data, "mirror(x)", dipole, WORDS | {"edges": "node pseudovectors"})
    assert line.startswith("input 'edges' looks like vectors: so the error of output 'dipole'")


@pytest.mark.parametrize(("output", "said", "named"), [
    ("moments", "node vectors", "looks like pseudovectors"),
    ("dipole", "graph pseudovectors", "looks like vectors"),
    ("moments", "node 1o", "looks like 1e"),
    ("irreps", "node 0e+1e+2e", "looks like 0e+1o+2e"),
    ("irreps", "node 0o+1e+2o", "looks like 0e+1o+2e"),
    ("dipole", "invariant", "turns with the rest, as 'vectors' (or 'points', where translations move it too)"),
    ("energy", "invariant", ""),
])  # fmt: skip
def test_an_output_of_another_parity_is_named(output: str, said: str, named: str):
    """Degree 1 of e3nn is (x, y, z), so that a vector and `1o` are one thing."""
    lines = remarks(TensorMessages(), MOLECULES, "O3", {output: said}, WORDS)
    assert [line.partition(":")[0] for line in lines] == ([f"output {output!r} {named}"] if named else [])


class InFrames(nn.Module):
    """What atoms see of each other in frames of their own (B, N, 3, 3), whose axes are columns, or rows."""

    def __init__(self, rows: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.rows = nn.Linear(3, 4), rows
        self.double().eval()

    def forward(self, positions: Tensor, frames: Tensor) -> Tensor:
        axes = frames.mT if self.rows else frames
        seen = (positions[:, None] - positions[:, :, None]) @ axes
        return torch.tanh(self.layer(seen)).sum((1, 2))


@pytest.mark.parametrize(("rows", "said", "named"), [
    (False, "node frames", ""),
    (True, "node cell", ""),
    (False, "node cell", "has its vectors as columns, and turns as 'frames'"),
    (True, "node frames", "has its vectors as rows, and turns as a 'cell'"),
    (False, "node tensors", "has its vectors as columns, and turns as 'frames'"),
    (False, "invariant", "turns with the rest, as 'frames'"),
])  # fmt: skip
def test_a_matrix_taken_for_its_transpose_is_named(rows: bool, said: str, named: str):
    """R Q against Q R^T: the axes of a frame are its columns for some programs, and its rows for others."""
    frames = torch.linalg.qr(torch.randn(4, 5, 3, 3, generator=RANDOM, dtype=torch.float64)).Q
    inputs, data = {"positions": "points", "frames": said}, {"positions": POSITIONS, "frames": frames}
    lines = remarks(InFrames(rows), data, "SO3", "logits:invariant", inputs)
    assert [line.partition(":")[0] for line in lines] == ([f"input 'frames' {named}"] if named else [])


class Canonical(nn.Module):
    """Turns what it is given into the pose that it knows, and the answer back: by R, or by mistake by R^T."""

    def __init__(self, transposed: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.transposed = nn.Linear(3, 3), transposed
        self.register_buffer("known", POSITIONS)
        self.double().eval()

    def forward(self, positions: Tensor) -> Tensor:
        """The pose of every sample: that with the same distances."""
        pairs = torch.stack([torch.cdist(x, x).flatten() for x in positions])
        number = torch.cdist(pairs, torch.cdist(self.known, self.known).flatten(1)).argmin(1)
        u, _, vh = torch.linalg.svd(positions.mT @ self.known[number])
        turn = u @ torch.diag_embed(torch.linalg.det(u @ vh)[:, None] * torch.tensor([0.0, 0.0, 1.0]).double()
                                    + torch.tensor([1.0, 1.0, 0.0]).double()) @ vh  # fmt: skip
        answer = torch.tanh(self.layer(positions @ turn))
        return answer @ (turn if self.transposed else turn.mT)


def test_an_answer_turned_back_by_the_transpose_is_named():
    assert remarks(Canonical(), POSITIONS, "SO3", "node vectors", "points") == []
    (line,) = remarks(Canonical(transposed=True), POSITIONS, "SO3", "node vectors", "points")
    assert line.startswith("output 'logits' turns the other way, by R^T in the place of R: so the error")


class Steered(nn.Module):
    """A policy: commands from where things are, and from how fast the body turns, a pseudo-vector."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(2, 1)
        self.double().eval()

    def forward(self, positions: Tensor, spin: Tensor) -> Tensor:
        arms = positions - positions.mean(1, keepdim=True)
        flow = torch.linalg.cross(spin[:, None].expand_as(arms), arms)
        pull = (arms * flow.roll(1, 1)).sum(-1, keepdim=True)
        return (
            torch.tanh(self.layer(torch.cat([pull, flow.square().sum(-1, keepdim=True)], -1))) * arms
        ).mean(1)


@pytest.mark.parametrize("symmetry", ["mirror(x)", "O3"])
def test_a_wrong_mirror_is_named(symmetry: str):
    """A policy that was mirrored with its angular velocity as a vector looks broken, and is not."""
    data = {"positions": POSITIONS, "spin": torch.randn(4, 3, generator=RANDOM, dtype=torch.float64)}
    words = {"positions": "points", "spin": "graph pseudovectors"}
    assert remarks(Steered(), data, symmetry, "graph vectors", words) == []
    (line,) = remarks(Steered(), data, symmetry, "graph vectors", words | {"spin": "graph vectors"})
    assert line.startswith("input 'spin' looks like pseudovectors: so the error of output 'logits'")


def test_a_truly_chiral_network_is_not_explained_away():
    for symmetry in ("mirror(x)", "O3"):
        net = Backbone()
        result = symmeter.measure(
            net, CHAINS, symmetry, "relative_error", "logits:node scalars", inputs="points", control=False,
            elements=6, progress=False,
        )  # fmt: skip
        assert result.rows[0].value > 1e-2
        assert not [line for line in result.warnings if any(words in line for words in NAMED)]
