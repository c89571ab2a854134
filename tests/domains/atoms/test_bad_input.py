"""What may be wrong with frames, calculators and files of them: one line each, and the rest goes on."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.domains.atoms.frames import CLUSTERS, Around, Fails, Frame, cluster, crystal, exact
from tests.helpers import check_refused

from symmeter.errors import SymmeterWarning
from symmeter.measuring.measure import measure

FEW: dict[str, Any] = {"elements": 4, "progress": False}


class NotANumber(Around):
    """No energy for frames of four atoms."""

    def after(self, atoms, results):
        return results | {"energy": np.nan} if len(atoms) == 4 else results


class Knows(Around):
    """Looks elements up in a table, as many calculators do, and raises what that raises."""

    def before(self, atoms):
        [{"Ar": 1.0, "He": 2.0}[symbol] for symbol in atoms.get_chemical_symbols()]
        return atoms


def singular():
    frame = crystal()
    frame.cell[2] = frame.cell[0] + frame.cell[1]
    return frame


@pytest.mark.parametrize(("model", "odd", "symmetry", "reason"), [
    (Fails(), cluster(5, symbols="ArArOArAr"), "O3", "NotImplementedError: no parameters for O"),
    (Knows(), cluster(5, symbols="ArArXeArAr"), "O3", "KeyError: 'Xe'"),
    (NotANumber(), cluster(4), "O3", ""),
    (exact(), Frame(), "O3", "it has no atoms"),
    (exact(), Frame("Ar"), "permutation", "no two atoms of one element"),
])  # fmt: skip
def test_one_frame_is_left_out_named_and_counted(model, odd, symmetry, reason):
    with pytest.warns(SymmeterWarning, match=rf"frame\[8\].*{reason}") as said:
        result = measure(model, [*CLUSTERS, odd], symmetry, output="energy", **FEW)
    assert result.rows[0].n == 8 and len(said) == 1 and "\n" not in str(said[0].message)
    assert not any(name.startswith("frame[8]") for name in result.sample_names)
    check_refused(reason or "NaN", measure, model, [odd, odd], symmetry, output="energy", **FEW)


@pytest.mark.parametrize(
    "odd", [Frame("Ar", positions=[[1, 2, 3]]), Frame("ArAr", positions=[[0, 0, 0], [0, 0, 90.0]])]
)
def test_single_and_isolated_atoms_count(odd):
    """No forces, so no error, with the control there too."""
    result = measure(exact(), [*CLUSTERS, odd], "O3,translation(5)", **FEW)
    assert {row.verdict for row in result.rows} == {"not resolved"} and {row.n for row in result.rows} == {9}


@pytest.mark.parametrize(("frame", "symmetry", "words"), [
    (singular(), "lattice", r"lattice needs the vectors of a cell, and that of frame\[1\] \w+ is singular"),
    (singular(), "cell", r"cell needs the vectors of a cell, and that of frame\[1\] \w+ is singular"),
    (cluster(), "lattice", r"and frame\[1\] \w+ has no periodic axis"),
    (Frame("ArAr", positions=np.eye(3)[:2], pbc=True), "lattice", r"that of frame\[1\] \w+ is singular"),
])  # fmt: skip
def test_a_cell_that_is_singular_or_missing_is_refused(frame, symmetry, words):
    check_refused(words, measure, exact(), [crystal(), frame], symmetry, **FEW)


def test_a_file_that_is_missing_or_of_something_else_is_named(tmp_path: Path):
    for name in ("gone.xyz", "gone.extxyz", "gone.cif"):
        for model in (exact(), lambda atoms: 0.0):
            check_refused(f"{name}: no such file", measure, model, str(tmp_path / name), "O3", **FEW)
    (tmp_path / "words.xyz").write_text("these are words\nand no atoms\n")
    check_refused(
        "words.xyz is taken for points: LennardJones", measure, exact(), str(tmp_path / "words.xyz"), "O3"
    )
    (tmp_path / "cut.xyz").write_text("3\n\nAr 0 0 0\nAr 1")
    check_refused("cut.xyz: ASE cannot read it", measure, exact(), str(tmp_path / "cut.xyz"), "O3")
    (tmp_path / "empty.extxyz").write_text("")
    check_refused("empty.extxyz", measure, exact(), str(tmp_path / "empty.extxyz"), "O3")


def test_a_calculator_that_is_in_no_file_is_named(tmp_path: Path):
    (tmp_path / "calc.py").write_text("def make():\n    return 3\n")
    for model, words in (
        ("gone.py:make", "gone.py"),
        ("calc.py:made", "made"),
        ("calc.py:make", "calc.py:make"),
    ):
        check_refused(words, measure, str(tmp_path / model), CLUSTERS, "O3", **FEW)


@pytest.mark.parametrize("name", ["frames.xyz", "frames.extxyz"])
def test_a_file_that_may_not_be_read_is_one_line(name, tmp_path, monkeypatch):
    path = tmp_path / name
    path.write_text("1\n\nAr 0 0 0\n")
    path.chmod(0)
    opened = Path.open, builtins.open

    def refusing(opener):
        def maybe(file, *arguments, **named):
            if str(file) == str(path):
                raise PermissionError(13, "Permission denied", str(file))
            return opener(file, *arguments, **named)

        return maybe

    monkeypatch.setattr(Path, "open", refusing(opened[0]))  # for whoever runs the tests may read any file
    monkeypatch.setattr(builtins, "open", refusing(opened[1]))
    check_refused("Permission denied", measure, exact(), str(path), "SO3", **FEW)


@pytest.mark.parametrize("domain", [None, "atoms", "points"])
@pytest.mark.parametrize("name", ["frames.xyz", "frames.extxyz"])
def test_a_folder_with_the_name_of_a_file_is_one_line(name, domain, tmp_path):
    (tmp_path / name).mkdir()
    message = "(is a folder: frames are read from one file|no sets in this folder)"
    check_refused(message, measure, lambda atoms: 0.0, str(tmp_path / name), "SO3", domain=domain, **FEW)
