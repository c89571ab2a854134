"""SevenNet-0, a real potential that turns with the atoms by construction: what is left is the round-off of float32.

It is trained without parity (`is_parity` is false in its checkpoint), so mirror images are another matter: 3 meV/angstrom.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from zoo.networks.atoms import sevennet

import symmeter
from symmeter.errors import SymmeterWarning

ase_build = pytest.importorskip("ase.build")
ase_io = pytest.importorskip("ase.io")
pytest.importorskip("sevenn", reason="SevenNet is not installed: make real")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "default::DeprecationWarning", "default::FutureWarning", "default::UserWarning"
    ),
]
FEW: dict[str, Any] = {"elements": 6, "progress": False, "control": False}


def rows_of(result):
    return {(row.symmetry, row.output): row for row in result.rows}


@pytest.fixture(scope="module")
def calculator():
    return sevennet()


@pytest.fixture(scope="module")
def silicon():
    random, frames = np.random.default_rng(0), []
    for _ in range(2):
        frames.append(ase_build.bulk("Si", cubic=True))
        frames[-1].positions += random.normal(0, 0.05, (8, 3))
    return frames


def test_molecules_are_at_the_floor_of_float32_but_not_their_mirror_images(calculator, shared_data: Path):
    ethanol = ase_io.read(shared_data / "atoms" / "md17_ethanol_100.xyz", index=":2")
    result = symmeter.measure(
        calculator, ethanol, "SO3,translation(1),permutation", output="energy,forces", **FEW
    )
    assert {row.verdict for row in result.rows} <= {"not resolved", "none"}
    found = rows_of(result)
    assert 1e-8 < found["SO3", "forces"].value < 1e-5  # eV/angstrom
    (mirrored,) = symmeter.measure(calculator, ethanol, "mirror(x)", output="forces", **FEW).rows
    assert 1e-3 < mirrored.value < 1e-2 and mirrored.value > 100 * mirrored.floor
    assert result.header["spec"]["runs"][0]["precision"] == "float32"


def test_crystals_are_too_and_a_cell_left_behind_is_named(calculator, silicon):
    found = rows_of(symmeter.measure(calculator, silicon, "SO3,lattice", output="forces,stress", **FEW))
    assert {row.verdict for row in found.values()} <= {"not resolved", "none"}
    assert found["SO3", "stress"].value < 1e-6  # eV/angstrom^3
    cells = [frame.cell.array.copy() for frame in silicon]

    def with_its_own_cell(frame):
        """The same, asked about positions in the cell of before."""
        number = int(np.argmin([np.abs(frame.get_volume() - abs(np.linalg.det(c))) for c in cells]))
        frame.set_cell(cells[number], scale_atoms=False)
        frame.calc = calculator
        return {"forces": frame.get_forces()}

    with pytest.warns(SymmeterWarning, match="the cell does not turn with the positions"):
        (row,) = symmeter.measure(with_its_own_cell, silicon, "SO3", output="forces", **FEW).rows
    assert row.value > 1 and row.unit == "eV/angstrom"
