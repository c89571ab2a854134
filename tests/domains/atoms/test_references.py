"""Reference values that frames bring along, and the split of the error that is made of them, from Python and a shell."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms as Frame
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from tests.domains.atoms.frames import cluster
from tests.helpers import check_refused

from symmeter.cli.app import main
from symmeter.domains.atoms.references import references_of
from symmeter.errors import SymmeterWarning
from symmeter.measuring.measure import measure

STRENGTH = 0.4
CODE = """
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

class Planted(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        first = atoms.positions[0] - atoms.positions.mean(0)
        self.results = {"energy": 2.0 + 0.4 * first[2] ** 2 / (first @ first), "forces": np.zeros((len(atoms), 3))}
"""


def planted(frame: Frame):
    """An energy of STRENGTH cos^2 of the angle between the z axis and the first atom."""
    first = frame.positions[0] - frame.positions.mean(0)
    return {"energy": 2.0 + STRENGTH * first[2] ** 2 / (first @ first), "forces": 0 * frame.positions}


def labelled(frame: Frame, **results) -> Frame:
    frame.calc = SinglePointCalculator(frame, **results)
    return frame


@pytest.fixture
def frames() -> list[Frame]:
    """Of two sizes: the energy is known of all, forces of 0.3 eV/angstrom of every other one."""
    found = [cluster(3 + i % 2, seed=i) for i in range(6)]
    return [
        labelled(frame, energy=2.1, **({"forces": np.full((len(frame), 3), 0.3)} if i % 2 else {}))
        for i, frame in enumerate(found)
    ]


def test_what_is_stored_is_known_and_what_would_be_computed_is_not():
    frame = Frame("Ar2", positions=[(0, 0, 0), (0, 0, 1.2)], info={"dipole": np.ones(3), "note": "a word"})
    frame.arrays["charges"] = np.arange(2.0)
    frame.calc = LennardJones()
    frame.get_potential_energy()
    found = references_of(frame, {})
    assert set(found) == {"dipole", "charges", "numbers", "positions"}
    found = references_of(labelled(frame, energy=3.0), {"forces": "positions"})
    assert (found["energy"], found["energy_per_atom"]) == (3.0, 1.5)
    assert np.array_equal(found["forces"], frame.positions)


def test_frames_of_several_sizes_are_split_together(frames):
    result = measure(
        planted, frames, "SO3", average=(12,), output="energy,forces", control=False, progress=False
    )
    energy, forces = result.splits
    assert (energy.root_unit, energy.n, forces.root_unit, forces.n) == ("eV", 6, "eV/angstrom", 3)
    assert energy.asymmetry == pytest.approx(4 * STRENGTH**2 / 45, rel=1e-9)
    assert energy.symmetrised == pytest.approx((STRENGTH / 3 - 0.1) ** 2, rel=1e-9)
    assert forces.error == pytest.approx(0.09) and forces.asymmetry == pytest.approx(0, abs=1e-15)
    average = result.averages[0]
    assert average.predicted_gain == pytest.approx(energy.asymmetry, rel=1e-9)
    assert average.error == pytest.approx(
        energy.symmetrised, rel=1e-9
    )  # 12 rotations leave nothing of degree 2
    assert average.gain_low < average.predicted_gain < average.gain_high


def test_stress_is_known_as_six_numbers_and_split_as_the_nine_of_its_matrix():
    """A shear of 0.3 that does not turn with the frame, on a known stress of 0: nine entries, two of them wrong."""
    shear = np.array([0.0, 0, 0, 0.3, 0, 0])
    frames = [labelled(cluster(3, seed=i), energy=0.0, stress=np.zeros(6)) for i in range(4)]
    with pytest.warns(SymmeterWarning, match="stays as it is when the rest moves"):
        result = measure(
            lambda frame: {"stress": shear}, frames, "SO3", average=(60,), output="stress", control=False
        )
    (split,) = result.splits
    assert split.error == pytest.approx(2 * 0.3**2 / 9) and split.asymmetry == pytest.approx(split.error)
    assert result.rows[0].value == pytest.approx(np.sqrt(split.asymmetry), rel=1e-6)


def test_permutations_carry_labels_with_their_atoms(frames):
    """Forces are known in the order of the frame, and compared there."""
    ordered = lambda frame: {"energy": frame.positions[0, 0], "forces": frame.positions}
    known = [labelled(frame, energy=0.0, forces=frame.positions.copy()) for frame in frames[::2]]
    result = measure(ordered, known, "permutation", average=(2, 6), output="energy,forces", control=False)
    energy, forces = result.splits
    first = np.array([frame.positions[:, 0] for frame in known])
    assert forces.error < 1e-25 and energy.asymmetry == pytest.approx(first.var(1).mean())
    assert energy.symmetrised == pytest.approx((first.mean(1) ** 2).mean())
    assert [row.over for row in result.averages[:2]] == ["independent", "cosets of permutation"]
    assert result.averages[1].error == pytest.approx(energy.symmetrised)


def test_other_names_are_given_with_references(frames):
    for frame in frames:
        frame.info["REF_energy"], frame.calc = 2.1, None
    words = {"output": "energy", "average": (12,), "control": False, "progress": False, "elements": 24}
    (average,) = measure(planted, frames, "SO3", references={"energy": "REF_energy"}, **words).averages
    assert average.error == pytest.approx((STRENGTH / 3 - 0.1) ** 2, rel=1e-9)
    refused = lambda message, **more: check_refused(
        re.escape(message), measure, planted, frames, "SO3", **words, **more
    )
    refused("the error needs labels of energy, and there are none: frames may hold energy, forces")
    refused("references: a frame has no 'dft' for energy; it has numbers", references="energy=dft")
    refused("references is 'energy'; give output=name", references="energy")


@pytest.fixture
def folder(tmp_path: Path, frames, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.py").write_text(CODE)
    write(tmp_path / "known.xyz", frames[1::2])
    write(tmp_path / "unknown.xyz", [cluster(3), cluster(4)])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_line_prints_and_saves_both_tables(folder: Path, capsys: pytest.CaptureFixture):
    words = "measure model.py:Planted known.xyz --symmetry SO3 --output energy,forces --no-control --quiet"
    assert main([*words.split(), "--average", "2,12", "--json", "out.json"]) == 0
    shown = capsys.readouterr().out
    assert "energy, meV" in shown and "forces, meV/angstrom" in shown and "12 tetrahedral" in shown
    saved = json.loads((folder / "out.json").read_text())
    assert saved["splits"][0]["asymmetry"] == pytest.approx(4 * STRENGTH**2 / 45, rel=1e-9)
    assert [row["evaluations"] for row in saved["averages"]] == [2, 12, 2, 12]


@pytest.mark.parametrize(("words", "message"), [
    ("unknown.xyz --average 2", "the error needs labels of energy, forces, and there are none"),
    ("known.xyz --average 1,2", "'1,2' is not whole numbers above 1 with commas"),
    ("known.xyz --average x", "'x' is not whole numbers above 1 with commas"),
])  # fmt: skip
def test_mistakes_are_one_line(folder: Path, words: str, message: str, capsys: pytest.CaptureFixture):
    line = f"measure model.py:Planted {words} --symmetry SO3 --output energy,forces --no-control --quiet"
    assert main(line.split()) != 0
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error
