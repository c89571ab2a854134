"""Networks of molecules like those in use, on frames: the same verdicts as on plain tensors, argued in tests of points."""

import numpy as np
import pytest
from tests.domains.atoms.frames import Around, cluster, exact
from tests.domains.points.potentials import ContinuousFilters, EdgeTransformer, TensorMessages

from symmeter.errors import SymmeterWarning
from symmeter.measuring.measure import measure

# e3nn compiles when a layer is made, which torch says is no longer done.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"
)
FEW = {"elements": 6, "progress": False, "control": False}
FRAMES = [cluster(n, seed, "ArHeNeArHeNe"[: 2 * n]) for seed in range(3) for n in (5, 6)]


@pytest.mark.parametrize(("network", "keeps", "breaks"), [
    (EdgeTransformer, "translation(1,40),permutation", "O3"),
    (ContinuousFilters, "O3,translation(1,40),permutation", ""),
    (TensorMessages, "O3,translation(1,40),permutation", ""),
])  # fmt: skip
def test_networks_keep_what_they_must_and_nothing_more(network, keeps: str, breaks: str):
    net = network()
    rows = measure(net, FRAMES, keeps, **FEW).rows
    assert {row.output for row in rows} >= {"energy", "energy_per_atom", "forces"}
    assert {row.verdict for row in rows} == {"not resolved"}, rows
    for row in measure(net, FRAMES, breaks, **FEW).rows if breaks else ():
        assert row.value > 1e-3 and row.value > 1e6 * row.floor, row


def test_moments_of_a_network_are_pseudovectors():
    words = "moments:node pseudovectors,dipole:graph vectors,irreps:node 0e+1o+2e"
    assert {row.verdict for row in measure(TensorMessages(), FRAMES, "O3", output=words, **FEW).rows} == {
        "not resolved"
    }
    with pytest.warns(SymmeterWarning, match="output 'moments' looks like pseudovectors"):
        (row,) = measure(TensorMessages(), FRAMES, "O3", output="moments:node vectors", **FEW).rows
    assert row.value > 1e-3


class TurnedBack(Around):
    """Asks for the forces in the pose that it knows, and turns them back by R^T in the place of R."""

    poses = tuple(FRAMES[::2])

    def __init__(self):
        super().__init__()
        self.turn = np.eye(3)

    def before(self, atoms):
        """The frame as it is known: that with the same distances."""
        distances = atoms.get_all_distances()
        known = min(self.poses, key=lambda pose: np.abs(pose.get_all_distances() - distances).max())
        centred = [one.positions - one.positions.mean(0) for one in (known, atoms)]
        u, _, vh = np.linalg.svd(centred[1].T @ centred[0])
        self.turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vh)]) @ vh  # atoms @ turn = known
        return known.copy()

    def after(self, atoms, results):
        return results | {"forces": results["forces"] @ self.turn}


def test_forces_turned_back_by_the_transpose_are_named_as_such():
    frames = list(TurnedBack.poses)
    assert measure(exact(), frames, "SO3", output="forces", **FEW).rows[0].verdict == "not resolved"
    with pytest.warns(SymmeterWarning, match="output 'forces' turns the other way, by R.T in the place of R"):
        (row,) = measure(TurnedBack(), frames, "SO3", output="forces", **FEW).rows
    assert row.value > 1e-2
