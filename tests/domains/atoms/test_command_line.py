"""The command line measures calculators on files of structures without a word about the kind of data."""

import json
from pathlib import Path

import pytest
from ase.io import write
from tests.domains.atoms.frames import CLUSTERS, CRYSTALS, cluster

from symmeter.cli.app import main

CODE = """
from ase.calculators.lj import LennardJones

def make(rc=3.0):
    return LennardJones(sigma=1.0, epsilon=0.1, rc=rc, smooth=True)

ready = make()

def number():
    return 1.0

def counted():
    return lambda atoms: {"energy": 0.5 * len(atoms)}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "calc.py").write_text(CODE)
    write(tmp_path / "structures.xyz", [*CLUSTERS, *(cluster(4, n) for n in range(3))])
    write(tmp_path / "POSCAR", CRYSTALS[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_calculator_on_a_file_of_structures(folder: Path, capsys: pytest.CaptureFixture):
    words = (
        "measure calc.py:make structures.xyz --symmetry O3,permutation --elements 4 --json out.json --quiet"
    )
    assert main(words.split()) == 0
    shown = capsys.readouterr().out
    assert "calc.py:make" in shown and "11 frames" in shown and "meV/angstrom" in shown
    rows = json.loads((folder / "out.json").read_text())["rows"]
    assert {row["output"] for row in rows} == {"energy", "energy_per_atom", "forces"}
    assert {row["verdict"] for row in rows} == {"not resolved"} and rows[0]["unit"] == "eV"


@pytest.mark.parametrize("words", [
    "calc.py:ready POSCAR --symmetry lattice --output stress,forces",
    "calc.py:make POSCAR --symmetry translation(5) --model-kwargs rc=2.5",
    "calc.py:make builtin:molecules --symmetry mirror --samples 5",
    "calc.py:counted structures.xyz --symmetry SO3 --output energy",
])  # fmt: skip
def test_other_ways_of_saying_it(folder: Path, words: str, capsys: pytest.CaptureFixture):
    assert main(["measure", *words.split(), "--elements", "3", "--quiet", "--control", "none"]) == 0
    assert "not resolved" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "message"), [
    ("calc.py:make gone.xyz --symmetry O3", "gone.xyz: no such file"),
    ("calc.py:make calc.py --symmetry O3 --domain atoms", "ASE cannot read it"),
    ("calc.py:make structures.xyz --symmetry lattice", "has no periodic axis"),
    ("calc.py:make structures.xyz --symmetry permutatoin", "did you mean 'permutation'"),
    ("calc.py:make structures.xyz --symmetry O3 --output charges", "LennardJones has no output 'charges': it has"),
    ("calc.py:number structures.xyz --symmetry O3", "must return an nn.Module"),
])  # fmt: skip
def test_mistakes_are_one_line(folder: Path, words: str, message: str, capsys: pytest.CaptureFixture):
    assert main(["measure", *words.split(), "--quiet"]) != 0
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error
