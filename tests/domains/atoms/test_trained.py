"""Models that are trained here on real molecules: how much of their error is broken symmetry, and what averages gain."""

from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from ase.calculators.singlepoint import SinglePointCalculator
from tests.domains.atoms.polarisability import OfPairs, Plain
from tests.domains.atoms.potentials import KCAL_PER_MOL, trained

from symmeter.measuring.measure import measure

pytestmark = pytest.mark.slow
SIZES = (2, 4, 12, 60)
TRAINED = 60  # frames; the others are measured


def frames_of(folder: Path, name: str):
    path = folder / "atoms" / name
    if not path.is_file():
        pytest.skip(f"needs ../shared/data/atoms/{name}")
    return ase.io.read(path, ":")


@pytest.fixture(scope="module")
def ethanol(shared_data: Path):
    """100 frames, in eV and eV/angstrom."""
    frames = frames_of(shared_data, "md17_ethanol_100.xyz")
    for frame in frames:
        energy, forces = frame.get_potential_energy(), frame.get_forces()
        frame.calc = SinglePointCalculator(frame, energy=KCAL_PER_MOL * energy, forces=KCAL_PER_MOL * forces)
    return frames


@pytest.fixture(scope="module")
def potentials(ethanol):
    """By whether frames were turned at random in training: what is measured of the potential on the other frames."""
    positions, forces = (
        torch.tensor(np.array([values(frame) for frame in ethanol[:TRAINED]]))
        for values in (lambda frame: frame.positions, lambda frame: frame.get_forces())
    )
    energies = torch.tensor([frame.get_potential_energy() for frame in ethanol[:TRAINED]]).double()
    return {
        turning: measure(trained(positions, energies, forces, turning), ethanol[TRAINED:], "SO3",
                         output="energy,forces", average=SIZES, control=False, progress=False)
        for turning in (False, True)
    }  # fmt: skip


def test_turning_the_frames_in_training_lowers_the_asymmetry_beside_the_error(potentials):
    """Without it the potential is worse in other orientations than in those of its kind, and most by far is A."""
    for fixed, turned in zip(potentials[False].splits, potentials[True].splits, strict=True):
        assert fixed.output == turned.output and fixed.n == turned.n == 100 - TRAINED
        assert turned.asymmetry_high < fixed.asymmetry_low / 10
        assert turned.error_high is None or turned.error_high < fixed.error_low
        assert fixed.error_low > fixed.given and abs(turned.error - turned.given) < turned.error / 3
        assert turned.share < 0.5 < 0.4 + fixed.share
        for split in (fixed, turned):
            assert split.error == pytest.approx(split.symmetrised + split.asymmetry, rel=1e-10)


@pytest.mark.parametrize("turning", [False, True])
def test_the_predicted_gain_is_within_the_interval_of_the_measured_one(potentials, turning):
    result = potentials[turning]
    assert [row.evaluations for row in result.averages] == 2 * list(SIZES)
    for row in result.averages:
        assert row.over.startswith("cosets of")
        assert row.gain_low < row.predicted_gain < row.gain_high, (row.output, row.evaluations)
    whole = {split.output: split for split in result.splits}
    for row in result.averages:
        if row.evaluations == 60:  # nearly all of A^2 is of low degree
            assert row.gain == pytest.approx(whole[row.output].asymmetry, rel=0.05)


def test_cosets_gain_more_than_as_many_independent_elements(potentials):
    result = potentials[False]
    whole = {split.output: split.asymmetry for split in result.splits}
    for row in result.averages:
        if row.evaluations == 12:
            of_independent = whole[row.output] * (1 - 1 / 12)
            assert row.predicted_gain > of_independent and row.gain > of_independent


@pytest.fixture(scope="module")
def molecules(shared_data: Path):
    return frames_of(shared_data, "qm7x_100.xyz")


@pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")  # round-off is of every degree
def test_tensors_that_are_made_of_pairs_turn_with_the_molecule_and_those_of_a_plain_network_do_not(molecules):
    words = {"output": "polarizability:tensors", "average": (2, 60), "control": False, "progress": False}
    results = {
        kind: measure(kind(molecules[:70]), molecules[70:], "SO3", **words) for kind in (OfPairs, Plain)
    }
    (exact,), (plain,) = (results[kind].splits for kind in (OfPairs, Plain))
    assert results[OfPairs].rows[0].verdict == "not resolved" and results[Plain].rows[0].resolved
    assert exact.share < 1e-20 and exact.n == 30
    assert plain.share_low > 0.05 and plain.symmetrised > exact.symmetrised
    for row in results[Plain].averages:
        assert row.gain_low < row.predicted_gain < row.gain_high


def test_the_split_of_tensors_is_an_identity_over_a_finite_group_and_holds_to_the_error_bar_over_all(
    molecules,
):
    model, few = Plain(molecules[:70]), molecules[70:85]
    words = {"output": "polarizability:tensors", "control": False, "progress": False}
    over = measure(model, few, "icosahedral", average=(60,), **words)
    (split,), (whole,) = over.splits, over.averages
    assert split.error == pytest.approx(split.symmetrised + split.asymmetry, rel=1e-10)
    assert whole.error == pytest.approx(split.symmetrised, rel=1e-10)
    haar = measure(model, few, "SO3", average=(2,), sampling="haar", elements=100, **words)
    (sampled,), (row,) = haar.splits, haar.averages
    known = measure(model, few, "SO3", average=(60,), elements=600, **words)
    (better,), (mean,) = known.splits, known.averages
    assert sampled.asymmetry_low < better.asymmetry < sampled.asymmetry_high
    assert sampled.symmetrised_low < mean.error < sampled.symmetrised_high
    assert row.gain_low < better.asymmetry / 2 < row.gain_high
