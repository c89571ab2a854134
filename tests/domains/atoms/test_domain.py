"""Calculators, functions and networks of atoms: those that have a symmetry, and each fault that breaks one."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from tests.contracts.domain import DomainContract
from tests.domains.atoms.frames import (
    CLUSTERS,
    CRYSTALS,
    CellLeftBehind,
    Fails,
    Frame,
    Noisy,
    Planted,
    Single,
    cluster,
    crystal,
    exact,
)
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.domains.atoms.domain import Atoms
from symmeter.domains.atoms.rows import POSITIONS, Layout
from symmeter.errors import SymmeterWarning
from symmeter.measuring.measure import measure
from symmeter.results.result import Result

FEW: dict[str, Any] = {"elements": 6, "progress": False}
SAID = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
ALL = "O3,translation,permutation,lattice,cell"


class Pairs(nn.Module):
    """A learned function of the distances of pairs; with `upright` also of the heights of atoms."""

    def __init__(self, upright: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.upright, self.layer = upright, nn.Linear(1, 4)
        self.double().eval()

    def forward(self, positions: Tensor) -> Tensor:
        squares = (positions[:, :, None] - positions[:, None]).square().sum(-1, keepdim=True)
        features = torch.tanh(self.layer(squares)).sum((1, 2))
        return features + positions[..., 2].square().mean(1)[:, None] if self.upright else features


class TestDomain(DomainContract):
    domain = Atoms
    data = CLUSTERS
    group = "O3"
    equivariant = (Pairs(), "O3,permutation,translation", "logits")
    broken = (Pairs(upright=True), "O3", "logits:invariant")
    outputs: ClassVar = {
        "invariant": torch.rand(2, 5), "node vectors": torch.rand(2, 4, 3), "graph voigt": torch.rand(2, 6),
        "tensors": torch.rand(2, 3, 3), "node pseudovectors": torch.rand(2, 4, 3),
    }  # fmt: skip
    misfits: ClassVar = {"node vectors": torch.rand(2, 4), "tensors": torch.rand(2, 3)}


def rows_of(result: Result) -> dict:
    return {(row.symmetry, row.output): row for row in result.rows}


def errors(model, frames, symmetry: str, **options: Any) -> dict:
    """The verdicts by symmetry and output; control off unless asked for."""
    options = FEW | {"control": False} | options
    return {key: row.verdict for key, row in rows_of(measure(model, frames, symmetry, **options)).items()}


@pytest.mark.slow
def test_an_exact_potential_is_not_resolved_along_anything():
    found = measure(exact(), CRYSTALS, ALL, **FEW)
    assert {row.output for row in found.rows} == {"energy", "energy_per_atom", "forces", "stress"}
    assert {row.verdict for row in found.rows} == {"not resolved"}
    assert max(row.value for row in found.rows) < 1e-13
    units = {row.output: row.unit for row in found.rows}
    assert units["energy_per_atom"] == "eV/atom" and units["stress"] == "eV/angstrom^3"
    assert {row.measure for row in found.rows} == {"equivariance_error"}


def test_a_planted_direction_is_caught_with_its_size():
    """Turned back, F = c z e_z is c n (n.p) with n a random axis: |F - c p / 3|^2 is 2/9 c^2 |p|^2 in the mean."""
    options: dict[str, Any] = {"output": "forces", "control": False, "progress": False}
    (row,) = measure(Planted(), CLUSTERS, "O3", elements=60, **options).rows
    squares = np.mean([np.square(frame.positions).sum(1) for frame in CLUSTERS])
    assert row.value == pytest.approx(1e-2 * np.sqrt(2 / 27 * squares), rel=0.01)
    assert row.verdict == "no control"
    (row,) = measure(Planted(), CLUSTERS, "permutation", elements=6, **options).rows
    assert row.verdict == "not resolved"


def test_a_cell_left_behind_is_caught_and_named():
    with pytest.warns(SymmeterWarning, match="the cell does not turn with the positions inside of the model"):
        result = measure(CellLeftBehind(), CRYSTALS, "O3,permutation", output="forces", **FEW)
    found = rows_of(result)
    assert found["O3", "forces"].value > 1e-2 and found["O3", "forces"].verdict == "not stable"
    assert found["permutation", "forces"].verdict == "not resolved"


def test_float32_inside_is_seen_and_is_the_floor():
    found = measure(Single(), CRYSTALS, "O3,translation(1000)", control=False, **FEW)
    rows = rows_of(found)
    assert found.header["spec"]["runs"][0]["precision"] == "float32"
    assert rows["O3", "forces"].verdict == "not resolved" and rows["O3", "forces"].floor > 1e-10
    assert rows["translation(1000)", "forces"].verdict == "no control"  # digits are lost far from the origin
    assert measure(exact(), CRYSTALS, "O3", **FEW).header["spec"]["precision"] == "float64"


@SAID
def test_noise_is_named():
    result = measure(Noisy(), CRYSTALS, "O3", control=False, output="forces", **FEW)
    assert result.rows[0].verdict == "random" and "the model is random" in result.warnings[0]


def test_a_function_that_knows_the_order_of_atoms():
    ordered = lambda atoms: {"energy": float(np.linalg.norm(atoms.positions[0] - atoms.positions[1]))}
    found = errors(ordered, CLUSTERS, "permutation,O3,translation")
    assert [found[name, "energy"] for name in ("permutation", "O3", "translation(1,40,1000)")] == [
        "no control", "not resolved", "not resolved",
    ]  # fmt: skip


def test_a_chiral_energy_is_one_of_rotations_and_not_of_mirrors():
    """E = a x b . c changes sign in a mirror: the root mean square about the mean is that of E itself."""

    def triple(atoms):
        a, b, c = atoms.positions[1:4] - atoms.positions[0]
        return {"energy": np.dot(np.cross(a, b), c)}

    found = rows_of(measure(triple, CLUSTERS, "SO3,mirror(x),O3", output="energy", control=False, **FEW))
    energies = [triple(frame)["energy"] for frame in CLUSTERS]
    assert found["SO3", "energy"].verdict == "not resolved"
    assert found["mirror(x)", "energy"].value == pytest.approx(np.sqrt(np.mean(np.square(energies))))
    assert found["O3", "energy"].verdict == "no control"


def test_moments_are_pseudovectors():
    """B x m with B a fixed field breaks rotations; m itself does not, mirrors among them."""

    def moments(atoms):
        return {"magmoms": atoms.get_initial_magnetic_moments(), "energy": 0.0}

    frames = []
    for seed, frame in enumerate(CLUSTERS):
        frames.append(frame.copy())
        frames[-1].set_initial_magnetic_moments(np.random.default_rng(seed).normal(size=(5, 3)))
    assert set(errors(moments, frames, "O3,mirror(x)", output="magmoms").values()) == {"not resolved"}
    with pytest.warns(
        SymmeterWarning, match="output 'magmoms' looks like pseudovectors|'moments' looks like vectors"
    ):
        wrong = errors(moments, frames, "mirror(x)", output="magmoms:node vectors")
    assert set(wrong.values()) == {"no control"}


# frames of different sizes


MIXED = [frame for n in range(8) for frame in (cluster(4, n), cluster(6, n), crystal(n))]


@pytest.mark.slow
def test_frames_of_all_sizes_in_one_run_are_as_in_runs_of_their_own():
    options: dict[str, Any] = FEW | {"output": "forces", "batch_size": 3}
    together = measure(Planted(), MIXED, "O3,permutation", **options)
    numbers = [name.split()[0] for name in together.sample_names]
    values = dict(zip(numbers, _column(together, "O3"), strict=True))
    permuted = dict(zip(numbers, _column(together, "permutation"), strict=True))
    for n in range(3):
        alone = measure(Planted(), MIXED[n::3], "O3,permutation", **options)
        for i, value in enumerate(_column(alone, "O3")):
            assert values[f"frame[{3 * i + n}]"] == pytest.approx(value, rel=1e-9)
        for i, value in enumerate(_column(alone, "permutation")):
            assert permuted[f"frame[{3 * i + n}]"] == pytest.approx(value, abs=1e-20)
    row = rows_of(together)["O3", "forces"]
    assert row.n == len(MIXED) and row.control is not None
    assert row.value == pytest.approx(np.sqrt(np.mean(list(values.values()))))


def _column(result: Result, group: str) -> np.ndarray:
    return result.samples[f"equivariance_error:{group}"]


def test_elements_of_different_sizes_are_not_listed_as_one():
    options: dict[str, Any] = {"output": "energy", "control": False, "progress": False, "elements": 8}
    result = measure(Planted(), MIXED, "permutation,O3", **options)
    assert {e.symmetry for e in result.elements} == {"O3"}
    one = measure(Planted(), MIXED[::3], "permutation,O3", **options)
    assert {e.symmetry for e in one.elements} == {"O3", "permutation"}


def test_one_frame_of_a_size_has_a_control_too():
    result = measure(Planted(), [*CLUSTERS, cluster(7)], "O3", output="forces", **FEW)
    assert result.rows[0].n == 9 and not result.warnings
    assert np.isfinite(result.samples["equivariance_error:O3:control"]).all()
    (row,) = measure(Planted(), cluster(), "O3", output="forces", **FEW).rows
    assert row.n == 1 and row.control is not None and row.verdict == "too few"


class Referenced(Atoms):
    """Frames whose control takes others of their shape, as other kinds of data do."""

    needs_references = True

    def displaced(self, rho, x, other, still, replaced):
        whole, layout = super(Atoms, self).displaced(rho, x, other, still, replaced), Layout.of(x)
        positions = lambda rows: {POSITIONS: layout.parts(rows)[POSITIONS]}
        return lambda g: layout.joined(layout.parts(x) | positions(whole(g)))


@SAID
def test_a_sample_without_another_of_its_shape_is_named_where_the_control_needs_one():
    result = measure(Planted(), [*CLUSTERS, cluster(7)], "O3", output="forces", domain=Referenced, **FEW)
    control = dict(zip(result.sample_names, result.samples["equivariance_error:O3:control"], strict=True))
    assert [name for name, value in control.items() if np.isnan(value)] == ["frame[8] Ar7"]
    assert (
        "stability under O3 without frame[8]" in result.warnings[0]
        and "none of this shape" in result.warnings[0]
    )
    assert result.rows[0].n == 9 and result.rows[0].stability_pairs == 8


# what is wrong with data or model


@SAID
def test_a_frame_on_which_a_calculator_fails_is_named_and_the_rest_goes_on():
    frames = [*CLUSTERS, cluster(5, symbols="ArArOArAr")]
    result = measure(Fails(), frames, "O3", output="energy", control=False, **FEW)
    assert result.rows[0].n == 8 and result.status == "partial"
    assert "1 frame left out" in result.warnings[0]
    assert "frame[8] Ar4O (NotImplementedError: no parameters for O)" in result.warnings[0]
    check_refused(
        "for every frame: frame.0. .*no parameters for O", measure, Fails(), frames[8:], "O3", **FEW
    )


@SAID
def test_nan_energies_empty_frames_and_single_atoms():
    odd = lambda atoms: {"energy": np.nan if len(atoms) == 4 else 1.0}
    result = measure(odd, [cluster(4), *CLUSTERS, Frame()], "O3", control=False, **FEW)
    assert result.rows[0].n == 8
    assert "frame[9] (it has no atoms)" in result.warnings[0] and "frame[0]" in result.warnings[1]
    alone = measure(exact(), [Frame("Ar"), *CLUSTERS], "O3", control=False, **FEW)
    assert alone.rows[0].n == 9 and alone.rows[0].verdict == "not resolved"
    permuted = measure(exact(), [Frame("Ar"), *CLUSTERS], "permutation", control=False, **FEW)
    assert permuted.rows[0].n == 8 and "no two atoms of one element" in permuted.warnings[0]


@pytest.mark.parametrize(("model", "frames", "symmetry", "options", "words"), [
    (exact(), CLUSTERS, "lattice", {}, "lattice moves atoms by the vectors of their cell"),
    (exact(), CLUSTERS, "cell", {}, "periodic along all three axes"),
    (exact(), CLUSTERS, "O3", {"output": "dipole"}, "LennardJones has no output 'dipole': it has energy, "),
    (exact(), CLUSTERS, "O3", {"output": "stress"}, "for every frame: frame.0.*stress"),
    (exact(), CLUSTERS, "rotations", {}, "unknown symmetry 'rotations'"),
    (exact(), [Frame()], "O3", {}, "it has no atoms"),
    (exact(), [*CLUSTERS, "H2O"], "O3", {}, "frame 8 is a str: give ase.Atoms"),
    (exact(), "gone.cif", "O3", {}, "no such file"),
    (exact(), torch.zeros(4, 3, 8, 8), "C4", {}, "LennardJones cannot be called: images need another model"),
    (lambda atoms: {"gap": 1.0}, CLUSTERS, "O3", {}, "the model returns gap: say which"),
    (lambda atoms: 1 / 0, CLUSTERS, "O3", {"output": "energy"}, "ZeroDivisionError"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(model, frames, symmetry, options, words):
    check_refused(words, measure, model, frames, symmetry, **FEW, **options)


# networks


class Potential(nn.Module):
    """Energies and forces from the distances of pairs."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(2, 4)
        self.double().eval()

    def forward(self, positions: Tensor, numbers: Tensor) -> dict[str, Tensor]:
        with torch.enable_grad():
            p = positions if positions.requires_grad else positions.clone().requires_grad_()
            squares = (p[:, :, None] - p[:, None]).square().sum(-1)
            kinds = (numbers[:, :, None] * numbers[:, None]).to(p) / 100
            energy = torch.tanh(self.layer(torch.stack([squares, kinds], -1))).sum((1, 2, 3))
            (slope,) = torch.autograd.grad(energy.sum(), p, create_graph=True)
        return {"energy": energy, "forces": -slope}


def test_a_network_takes_frames_by_the_names_of_its_arguments():
    frames = [*CLUSTERS, *(cluster(6, n, "ArHeArHeHeAr") for n in range(8))]
    result = measure(Potential(), frames, "O3,permutation,translation(5)", **FEW)
    assert {row.output for row in result.rows} == {"energy", "energy_per_atom", "forces"}
    assert {row.verdict for row in result.rows} == {"not resolved"} and result.rows[0].n == 16


# real frames


@pytest.mark.parametrize("name", ["md17_ethanol_100.xyz", "qm7x_100.xyz"])
def test_files_of_real_molecules_are_read(shared_data: Path, name: str):
    path = shared_data / "atoms" / name
    if not path.is_file():
        pytest.skip(f"needs ../shared/data/atoms/{name}")
    lengths = lambda atoms: {"energy": atoms.get_all_distances().sum()}
    result = measure(
        lengths, str(path), "O3,permutation", control=False, elements=4, samples=20, progress=False
    )
    assert {row.verdict for row in result.rows} == {"not resolved"} and result.rows[0].n == 20


def test_as_many_numbers_as_atoms_may_be_one_of_each_so_it_is_asked():
    own = lambda frame: {"own": np.linalg.norm(frame.positions - frame.positions.mean(0), axis=1)}
    whole = lambda frame: {"own": np.full(5, np.ptp(frame.positions, axis=0).prod())}
    words = r"output 'own' has shape \(B, 5\), which may be 5 numbers or one of each atom: write one of own:invariant"
    sizes = [cluster(n, seed) for n in (4, 5, 6) for seed in range(2)]
    options: Any = {"elements": 4, "control": False, "progress": False}
    for model in (own, whole):
        check_refused(words, measure, model, CLUSTERS, "permutation", output="own", **options)
    for word, model in (("node scalars", own), ("invariant", whole)):
        row = measure(model, CLUSTERS, "permutation", output=f"own:{word}", **options).rows[0]
        assert row.value < 1e-12
    row = measure(whole, sizes, "permutation", output="own", **options).rows[0]
    assert row.value < 1e-12 and row.n == 6  # as long whatever the size, so it does not follow the atoms
    check_refused("one of each atom", measure, own, sizes, "permutation", output="own", **options)
