"""Torch potentials on frames of several sizes: along generators, and layer by layer."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import symmeter
from symmeter.domains.space.components import Positions
from symmeter.domains.space.field import NODE, Field
from symmeter.domains.space.generators import GENERATORS
from symmeter.errors import SymmeterWarning
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial

Atoms = pytest.importorskip("ase").Atoms
RANDOM = np.random.default_rng(0)
FRAMES = [Atoms(word, positions=RANDOM.normal(size=(n, 3))) for word, n in (("OH2", 3), ("CH4", 5)) * 4]
WIDTH = 4


class Potential(nn.Module):
    """Messages of distances between atoms; planted: coordinates themselves. Forces are derivatives, taken inside."""

    def __init__(self, planted: bool = False, forces: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.planted, self.forces = planted, forces
        self.kinds, self.radial, self.mix = (
            nn.Embedding(10, WIDTH),
            nn.Linear(1, WIDTH),
            nn.Linear(WIDTH, WIDTH),
        )
        self.upright, self.head = nn.Linear(3, WIDTH), nn.Linear(WIDTH, 1)
        self.double().eval()

    def energy(self, positions: Tensor, numbers: Tensor) -> Tensor:
        squares = (positions[:, :, None] - positions[:, None]).square().sum(-1, keepdim=True)
        h = self.mix((torch.exp(-squares) * self.radial(squares) * self.kinds(numbers)[:, None]).sum(2))
        if self.planted:
            h = h + self.upright(positions - positions.mean(1, keepdim=True))
        return self.head(torch.tanh(h)).sum((1, 2))

    def forward(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        positions, numbers = data["positions"], data["numbers"]
        if not self.forces:
            return {"energy": self.energy(positions, numbers)}
        with torch.enable_grad():
            if not positions.requires_grad:
                positions = positions.requires_grad_(True)
            energy = self.energy(positions, numbers)
            (slope,) = torch.autograd.grad(energy.sum(), positions, create_graph=True)
        return {"energy": energy, "forces": -slope}


def measured(net: nn.Module, symmetry: str, output: str = "energy"):
    return symmeter.measure(net, FRAMES, symmetry, output=output, control=False, progress=False)


def test_lie_derivatives_of_frames_of_several_sizes_are_those_of_each_size():
    net = Potential(planted=True, forces=True)
    result = measured(net, "rotation,translation_y", "energy,forces")
    values = {(row.symmetry, row.output): row.value for row in result.rows}
    by_hand = []
    for frame in FRAMES:
        x, numbers = torch.tensor(frame.positions)[None], torch.tensor(frame.numbers)[None]
        energy = lambda x, numbers=numbers: net.energy(x, numbers)
        about_x = [GENERATORS["rotation_x"]]
        by_hand.append(lie_derivative(energy, x, about_x, Field(Positions(), NODE), Trivial())[1][0])
    assert values["rotation_x", "energy"] == pytest.approx(
        float(torch.cat(by_hand).detach().square().mean()), rel=1e-9
    )
    assert min(values[f"rotation_{axis}", output] for axis in "xyz" for output in ("energy", "forces")) > 1e-6
    assert max(values["translation_y", output] for output in ("energy", "forces")) < 1e-28
    assert result.header["spec"]["exact"]


def test_a_symmetric_potential_is_at_the_floor_along_all_generators_with_its_forces():
    result = measured(Potential(forces=True), "rotation,translation_x", "energy,forces")
    assert all(row.verdict == "not resolved" for row in result.rows)
    assert {row.n for row in result.rows} == {len(FRAMES)}


@pytest.mark.parametrize("forces", [False, True])
def test_the_layer_of_a_potential_that_reads_coordinates_is_named(forces):
    for planted in (False, True):
        net = Potential(planted, forces)
        options = {"output": "energy", "control": False, "progress": False, "probes": 0, "elements": 4}
        profile = symmeter.attribute(net, FRAMES, "rotation_x,SO3,permutation", **options)
        names = ["rotation_x in network.upright (100%)", "SO3 in network.upright (100%)"]
        assert profile.broken_in == names * planted
        if planted:
            values = profile.contributions("rotation_x")
            terminal = [i for i, part in enumerate(profile.parts) if part.terminal]
            np.testing.assert_allclose(values[terminal].sum(0), values[0], rtol=1e-10)


@pytest.mark.parametrize("planted", [False, True])
def test_of_forces_the_same_layer_is_named_and_beside_it_what_differentiates(planted):
    """What a layer's values break is its own; what its slopes break comes in where the network takes them."""
    options = {"output": "forces", "control": False, "progress": False, "probes": 0, "elements": 4}
    profile = symmeter.attribute(
        Potential(planted, forces=True), FRAMES, "rotation_x,SO3,permutation", **options
    )
    adding = {(row.symmetry, row.layer) for row in profile.rows if row.terminal and row.verdict == "adds"}
    broken = ("rotation_x", "SO3") if planted else ()
    named = {(name, f"network.{layer}") for name in broken for layer in ("upright", "(glue)")}
    assert adding == named
    assert [sentence.split()[0] for sentence in profile.broken_in] == list(broken)
    assert all("network.upright" in sentence for sentence in profile.broken_in)


def test_what_is_no_network_has_generators_by_central_differences():
    pull = lambda atoms: float((atoms.positions[:, 2] ** 2).sum())
    with pytest.warns(SymmeterWarning, match="central differences"):
        result = measured(pull, "rotation_x,translation_x")
    turned, moved = result.rows
    expected = [2 * (frame.positions[:, 1] * frame.positions[:, 2]).sum() for frame in FRAMES]
    assert turned.value == pytest.approx(np.mean(np.square(expected)), rel=1e-5)
    assert moved.value <= 10 * (moved.floor or 0) or moved.value < 1e-12
