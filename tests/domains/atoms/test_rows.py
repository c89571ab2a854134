"""Frames as rows: what is in them comes back, and symmetries move every part in its own way."""

import numpy as np
import torch
from tests.contracts.representation import RepresentationContract
from tests.domains.atoms.frames import Frame, cluster, crystal

from symmeter.domains.atoms.frame_model import as_atoms
from symmeter.domains.atoms.groups import Rebase, Wrap
from symmeter.domains.atoms.rows import FrameRows, Layout, row_of
from symmeter.domains.space.generators import GENERATORS
from symmeter.domains.space.motion import INVERSION, Motion, mirror, rotation_about
from symmeter.symmetry.groups.permutations import Permutation


class TestFrameRows(RepresentationContract):
    representation = FrameRows()
    elements = (
        Motion(), rotation_about((1, 2, 3), 77), INVERSION @ rotation_about("x", 30), mirror("y"),
        Permutation((1, 2, 0)), Wrap(((1, 0, -1), (0, 0, 0), (0, 2, 0))), Wrap(((0, 1, 0), (1, 1, 1), (0, 0, 0))),
        Rebase(((1, 1, 0), (0, 1, 0), (0, 0, -1))),
    )  # fmt: skip
    generators = tuple(GENERATORS.values())[:3]
    example = torch.randn(
        2, Layout(3).entries, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )


def back(row: torch.Tensor, template: Frame) -> Frame:
    return as_atoms(Layout.of(row).parts(row), template)


def loaded() -> Frame:
    """A frame with everything that a frame can have."""
    frame = crystal()
    frame.set_momenta(np.arange(12.0).reshape(4, 3))
    frame.set_initial_magnetic_moments(np.arange(12.0).reshape(4, 3) - 3)
    frame.set_tags([0, 1, 2, 3])
    frame.info["note"] = "kept"
    return frame


def moved(frame: Frame, element) -> Frame:
    return back(FrameRows().act(element, row_of(frame, 0)[None])[0][0], frame)


def test_a_frame_comes_back_as_it_was():
    for frame in (loaded(), cluster(), crystal()):
        same = back(row_of(frame, 3), frame)
        assert np.array_equal(same.positions, frame.positions) and same == frame
        assert same.info == frame.info and same is not frame
        assert int(Layout.of(row_of(frame, 3)).parts(row_of(frame, 3))["frame"]) == 3


def test_all_of_a_frame_turns():
    frame, g = loaded(), INVERSION @ rotation_about((1, 2, 3), 77)
    turned, matrix = moved(frame, g), g.rotation.numpy()
    for before, after in ((frame.positions, turned.positions), (frame.cell.array, turned.cell.array)):
        np.testing.assert_allclose(after, before @ matrix.T, atol=1e-12)
    np.testing.assert_allclose(turned.get_momenta(), frame.get_momenta() @ matrix.T, atol=1e-12)
    axial = frame.get_initial_magnetic_moments() @ (-matrix.T)  # det(R) R
    np.testing.assert_allclose(turned.get_initial_magnetic_moments(), axial, atol=1e-12)


def test_every_array_and_constraint_moves_with_the_atoms():
    from ase.constraints import FixAtoms

    frame = loaded()
    frame.set_constraint(FixAtoms([0]))
    exchanged = moved(frame, Permutation((2, 1, 0, 3)))
    assert exchanged.get_tags().tolist() == [2, 1, 0, 3]
    assert exchanged.constraints[0].index.tolist() == [2]
    np.testing.assert_allclose(exchanged.positions[2], frame.positions[0])
    np.testing.assert_allclose(exchanged.get_momenta()[2], frame.get_momenta()[0])


def test_the_lattice_moves_atoms_by_its_vectors_and_nothing_is_wrapped_back():
    frame = crystal()
    wrapped = moved(frame, Wrap(((5, 0, 0), (0, 0, 0), (0, -1, 0), (0, 0, 0))))
    np.testing.assert_allclose(wrapped.positions[0], frame.positions[0] + 5 * frame.cell.array[0])
    np.testing.assert_allclose(wrapped.positions[2], frame.positions[2] - frame.cell.array[1])
    other = moved(frame, Rebase(((1, 1, 0), (0, 1, 0), (0, 0, 1))))
    np.testing.assert_allclose(other.cell.array[0], frame.cell.array[0] + frame.cell.array[1])
    assert np.array_equal(other.positions, frame.positions)


def test_a_vector_that_a_cell_lacks_stays_zero():
    """Round-off must not make a third dimension of a surface, or a cell of a molecule."""
    surface = Frame("Ar2", [(0, 0, 0), (0, 0, 1.5)], cell=[(3, 0, 0), (0, 3, 0), (0, 0, 0)], pbc=(1, 1, 0))
    nudged = row_of(surface, 0) + 1e-13
    assert (
        back(nudged, surface).cell.rank == 2 and back(row_of(cluster(), 0) + 1e-13, cluster()).cell.rank == 0
    )
