"""Against metatomic's `SymmetrizedModel`: the variance over O(3) of the same network, on the same quadrature.

    pip install metatomic-torch

has a build for each version of torch, and is of no use with one that is newer.
"""

import warnings

import pytest
import torch
from tests.domains.atoms.frames import cluster
from tests.domains.points.potentials import ContinuousFilters, EdgeTransformer

from symmeter.measuring.measure import measure

# It compiles when it is imported, which torch says is no longer done.
pytestmark = pytest.mark.filterwarnings("ignore")
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import metatomic.torch as metatomic
        from metatensor.torch import Labels, TensorBlock, TensorMap
        from metatomic.torch.o3 import SymmetrizedModel
except (ImportError, OSError):
    pytest.skip("needs metatomic-torch, built for this version of torch", allow_module_level=True)

FRAMES = [cluster(5, seed, "ArHeNeArHe") for seed in range(3)]
ENERGY, FORCES = "energy", "non_conservative_force"
ORDER = 5


class Wrapped(torch.nn.Module):
    """A network of positions and numbers as metatomic asks one: energies of systems, forces of their atoms."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, systems, outputs, selected_atoms=None):
        """The outputs as blocks with labels."""
        found = self.network(
            torch.stack([s.positions for s in systems]), torch.stack([s.types for s in systems]).long()
        )
        count, atoms = found["forces"].shape[:2]
        energies = TensorBlock(
            found["energy"].reshape(-1, 1).detach(),
            Labels(["system"], _rows(count)),
            [],
            Labels(["energy"], _rows(1)),
        )
        pairs = torch.cartesian_prod(torch.arange(count), torch.arange(atoms)).int()
        forces = TensorBlock(
            found["forces"].reshape(-1, 3, 1).detach(),
            Labels(["system", "atom"], pairs),
            [Labels(["xyz"], _rows(3))],
            Labels([FORCES], _rows(1)),
        )
        blocks = {ENERGY: energies, FORCES: forces}
        key = Labels(["_"], torch.zeros(1, 1, dtype=torch.int32))
        return {name: TensorMap(key, [blocks[name]]) for name in outputs}


def _rows(count: int) -> torch.Tensor:
    return torch.arange(count, dtype=torch.int32)[:, None]


def variances(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """By output, what metatomic finds: (frames,) for energies, (frames, atoms) for forces."""
    symmetrised = SymmetrizedModel(
        Wrapped(network).double(), max_angular_momentum_target=1, max_angular_momentum_grid=ORDER
    )
    systems = [
        metatomic.System(
            torch.tensor(frame.numbers, dtype=torch.int32),
            torch.tensor(frame.positions),
            torch.zeros(3, 3, dtype=torch.float64),
            torch.zeros(3, dtype=torch.bool),
        )
        for frame in FRAMES
    ]
    kinds = {ENERGY: "system", FORCES: "atom"}
    asked = {f"o3::variance::{name}": metatomic.ModelOutput(sample_kind=kind) for name, kind in kinds.items()}
    found = symmetrised(systems, asked, None)
    blocks = {name: found[f"o3::variance::{name}"].block(0).values.flatten() for name in kinds}
    return {"energy": blocks[ENERGY], "forces": blocks[FORCES].reshape(len(FRAMES), -1)}


def ours(network: torch.nn.Module, measure_: str):
    return measure(
        network,
        FRAMES,
        "O3",
        measure_,
        "energy,forces",
        sampling=f"lebedev({ORDER})",
        control=False,
        progress=False,
    )


def test_the_variance_of_every_frame_is_that_of_metatomic():
    """Responses of all degrees, so that no rule is exact, and the two agree for they take the same one."""
    network = EdgeTransformer()
    expected, found = variances(network), ours(network, "twirled_variance")
    for output, action in (("energy", "invariant"), ("forces", "node vectors")):
        (row,) = [row for row in found.rows if row.output == output]
        own = torch.tensor(found.samples[row.column], dtype=torch.float64)
        peer = expected[output].reshape(len(FRAMES), -1).mean(1)
        torch.testing.assert_close(own, peer, rtol=1e-9, atol=0)
        assert row.value == pytest.approx(float(peer.mean()), rel=1e-9), action
    errors = {row.output: row.value for row in ours(network, "equivariance_error").rows}
    for output, value in errors.items():
        assert value == pytest.approx(float(expected[output].mean().sqrt()), rel=1e-9)


def test_exact_networks_are_so_for_both():
    network = ContinuousFilters()
    expected, rows = variances(network), ours(network, "twirled_variance").rows
    assert {row.verdict for row in rows} == {"not resolved"}
    assert max(float(found.max()) for found in expected.values()) < 1e-20
