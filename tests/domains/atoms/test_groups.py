"""Groups that depend on what a frame is made of."""

import math
from collections import Counter

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.domains.atoms.frames import Frame, cluster, crystal
from tests.helpers import check_refused

from symmeter.domains.atoms.groups import Cells, Lattice, LikeAtoms, Rebase, Wrap, bound_to, parts_of_frames
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.domains.space.permutations import Permutations
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.groups.products import Composed, multiply

NONE = (False, False, False)


class TestLikeAtoms(GroupContract):
    group = LikeAtoms((6, 1, 6, 1, 1))
    shape = (5,)


class TestLattice(GroupContract):
    group = Lattice(3)
    shape = (3,)

    def contains(self, element: Element) -> bool:
        return isinstance(element, Wrap) and all(abs(n) <= 1 for one in element.images for n in one)


class TestCells(GroupContract):
    group = Cells()
    shape = (3,)

    def contains(self, element: Element) -> bool:
        return isinstance(element, Rebase) and all(abs(n) <= 1 for row in element.matrix for n in row)


def test_only_like_atoms_are_exchanged_and_every_exchange_is_as_likely():
    numbers = (8, 1, 6, 1, 1)
    group = LikeAtoms(numbers)
    assert group.order == math.factorial(3)
    drawn = group.sample(3002, torch.Generator().manual_seed(0))
    first, reversal, *random = drawn
    assert sum(i != image for i, image in enumerate(first.images)) == 2
    assert reversal.images == (0, 4, 2, 3, 1)
    for g in drawn:
        assert all(numbers[i] == numbers[image] for i, image in enumerate(g.images))
    counts = Counter(g.images for g in random)
    assert len(counts) == 6 and all(abs(n - 500) < 5 * math.sqrt(500) for n in counts.values())


def test_atoms_stay_along_axes_that_are_not_periodic():
    drawn = Lattice().of((18,) * 4, (True, False, True)).sample(20, torch.Generator().manual_seed(0))
    whole = torch.tensor([g.images for g in drawn if isinstance(g, Wrap)])
    assert not whole[..., 1].any() and whole[..., 0].any() and whole[..., 2].any()


def test_cells_have_the_same_volume():
    for g in Cells().sample(50, torch.Generator().manual_seed(0)):
        assert isinstance(g, Rebase)
        assert abs(torch.linalg.det(torch.tensor(g.matrix, dtype=torch.float64))) == pytest.approx(1)


def test_products_are_bound_factor_by_factor():
    product = multiply([Orthogonal(), LikeAtoms()])
    assert [one.name for one in parts_of_frames(product)] == ["permutation"]
    bound = bound_to(product, (1, 1, 8), NONE)
    assert isinstance(bound, Composed) and bound.factors[1].order == 2
    assert bound_to(Orthogonal(), (1, 1), NONE) == Orthogonal()
    assert bound_to(Permutations(), (1, 8), NONE) == LikeAtoms((1, 8))  # of points, here of like atoms


def test_what_cannot_be_wrapped_is_refused_in_one_line():
    flat = crystal()
    flat.cell.array[2] = flat.cell.array[0]
    surface = crystal()
    surface.pbc = (True, True, False)
    check_refused("frame 3 has no periodic axis", Lattice().check, cluster(), "frame 3")
    check_refused("that of frame 3 is singular", Lattice().check, flat, "frame 3")
    check_refused("periodic along all three axes, and frame 3 is not", Cells().check, surface, "frame 3")
    check_refused("that of frame 3 is singular", Cells().check, flat, "frame 3")
    Lattice().check(surface, "frame 3")


def test_a_frame_without_like_atoms_says_so():
    with pytest.raises(ValueError, match="no two atoms of one element"):
        LikeAtoms().check_one(Frame("HF"))
    LikeAtoms().check_one(cluster())
