"""What is kept of samples of several shapes: little, and only what goes together."""

import torch
from torch import nn

from symmeter.domains.space.point_groups import cyclic
from symmeter.measuring.function import Function
from symmeter.measuring.kernels import Kernels
from symmeter.measuring.kinds import Orbits, Recent
from symmeter.measuring.orbit_pass import Orbit
from symmeter.symmetry.groups.group import choose_elements
from symmeter.symmetry.groups.permutations import Symmetric
from symmeter.symmetry.representations.trivial import Trivial


def orbit(group, count=None):
    elements = choose_elements(group, count)
    function = Function.of(nn.Identity(), [], torch.device("cpu"), torch.float64)
    return Orbit(function, Trivial(), elements, Kernels(elements), [], 1)


def test_no_more_kinds_are_kept_than_asked_for():
    recent = Recent(most=3)
    for kind in range(1000):
        recent.keep(kind, kind)
    assert [recent.get(kind) for kind in (996, 997, 999)] == [None, 997, 999]


def test_the_same_elements_are_listed_and_summed():
    orbits = Orbits()
    for kind in (4, 5, 6):
        orbits.keep(kind, orbit(cyclic(4, "z")))
    assert orbits.same_elements and orbits.same_count and orbits.of(7) is None


def test_as_many_drawn_elements_are_summed_by_position_and_not_listed():
    orbits = Orbits()
    for n in (7, 8):
        orbits.keep(n, orbit(Symmetric(n), 10))
    assert not orbits.same_elements and orbits.same_count


def test_other_numbers_of_elements_are_neither():
    orbits = Orbits()
    for n in (3, 4, 8):
        orbits.keep(n, orbit(Symmetric(n)))
    assert not orbits.same_elements and not orbits.same_count
    assert orbits.largest.elements.count == 64
