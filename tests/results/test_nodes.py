"""The errors of single nodes: those of an analytic case, kept in order, saved and read back."""

import numpy as np
import pytest
from tests.report.clouds import COUNT, POINTS, Far, clouds, measured, pulled

import symmeter
from symmeter.results import nodes as kept
from symmeter.results.nodes import Nodes


def test_a_force_along_z_is_wrong_by_its_size_over_the_root_of_three():
    (found,) = pulled().nodes
    assert (found.measure, found.symmetry, found.output) == ("equivariance_error", "SO3", "logits")
    np.testing.assert_allclose(found.value, clouds().norm(dim=-1).flatten() / 3**0.5, rtol=1e-6)
    assert found.node.tolist() == [*range(POINTS)] * COUNT
    assert list(dict.fromkeys(found.sample)) == list(pulled().sample_names)


def test_they_make_up_the_row():
    result = pulled("Oh")
    row, (found,) = result.rows[0], result.nodes
    assert np.sqrt(np.mean(found.value**2)) == pytest.approx(row.value, rel=1e-9)
    assert found.unit == row.unit


def test_an_invariant_output_has_none():
    assert measured(Far, "octahedral").nodes == ()
    assert list(measured(Far, "octahedral").nodes_to_pandas()) == list(pulled().nodes_to_pandas())


def test_saved_and_read_back(tmp_path):
    pytest.importorskip("pyarrow")
    pulled().save(tmp_path / "r")
    (again,), (found,) = symmeter.load(tmp_path / "r").nodes, pulled().nodes
    np.testing.assert_array_equal(again.value, found.value)
    assert again.sample.tolist() == found.sample.tolist() and again.unit == found.unit
    measured(Far, "octahedral").save(tmp_path / "r")
    assert symmeter.load(tmp_path / "r").nodes == ()


def test_no_more_are_kept_than_may_be(monkeypatch):
    monkeypatch.setattr(kept, "MOST", 5)
    nodes = Nodes()
    for _ in range(3):
        nodes.add(["a", "b"], None, np.ones((2, 2)))
    found = nodes.errors(("m", "S", "o", "u"), float)
    assert len(found.value) == len(found.sample) == 5


@pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
def test_species_of_atoms():
    ase_build = pytest.importorskip("ase.build")
    frames = [ase_build.molecule(name) for name in ("H2O", "CH4", "NH3")]

    def pull(atoms):
        forces = np.zeros((len(atoms), 3))
        forces[atoms.numbers > 1, 2] = 0.3
        return {"forces": forces}

    found = symmeter.measure(pull, frames, "O3", output="forces", progress=False, control=False)
    (nodes,) = found.nodes
    by_frame = {name: "".join(nodes.kind[nodes.sample == name]) for name in found.sample_names}
    assert sorted(by_frame.values()) == ["CHHHH", "NHHH", "OHH"]
    np.testing.assert_allclose(nodes.value[nodes.kind != "H"], 0.3 / 3**0.5, rtol=1e-9)
    assert np.abs(nodes.value[nodes.kind == "H"]).max() < 1e-12


@pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
def test_one_number_per_atom():
    ase_build = pytest.importorskip("ase.build")
    heights = lambda atoms: {"charges": atoms.positions[:, 2] * 1.0}
    found = symmeter.measure(
        heights, ase_build.molecule("H2O"), "octahedral", output="charges", control=False
    )
    expected = np.linalg.norm(ase_build.molecule("H2O").positions, axis=1) / 3**0.5
    np.testing.assert_allclose(found.nodes[0].value, expected, rtol=1e-9)
