"""Samples of SO3 and O3: random cosets of the groups of regular solids, and what they integrate."""

import pytest
import torch
from tests.helpers import check_refused

from symmeter.domains.grids.planar import Rotations
from symmeter.domains.space.harmonics import mixing
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.measuring.spectrum import exact_degree
from symmeter.symmetry.groups.group import choose_elements

ROTATIONS, MIRRORED = Orthogonal(), Orthogonal(mirrored=True)


def wigner_mean(degree, elements):
    """The mean of Wigner's matrices, which is 0 over the whole group."""
    return torch.stack([mixing(degree, g.rotation) for g in elements]).mean(0)


@pytest.mark.parametrize("group", [ROTATIONS, MIRRORED], ids=["SO3", "O3"])
def test_a_sample_is_made_of_whole_cosets_in_their_order(group):
    chosen = choose_elements(group, None, seed=3)
    design = group.designs[0].enumerate()
    assert chosen.sampled and chosen.sampling == "cosets" and chosen.design == group.designs[0]
    assert (chosen.count, chosen.replicates, chosen.block) == (2 * len(design), 2, len(design))
    known = torch.stack([d.rotation for d in design])
    for k in range(chosen.replicates):
        block = chosen.elements[k * chosen.block : (k + 1) * chosen.block]
        back = torch.stack([(block[0].inverse() @ g).rotation for g in block])
        distance = (back[:, None] - known).abs().amax((2, 3))
        assert float(distance.min(1).values.max()) < 1e-9 and float(distance.min(0).values.max()) < 1e-9
    first, second = chosen.elements[0], chosen.elements[chosen.block]
    assert not (first @ second.inverse()).is_identity


@pytest.mark.parametrize("group", [ROTATIONS, MIRRORED], ids=["SO3", "O3"])
def test_parts_of_a_block_are_cosets_of_the_coarsest_design(group):
    chosen = choose_elements(group)
    coarsest = group.designs[-1].enumerate()
    assert chosen.part == len(coarsest)
    for start in range(0, chosen.count, chosen.part):
        part = chosen.elements[start : start + chosen.part]
        for g in part:
            assert any((part[0].inverse() @ g @ s.inverse()).is_identity for s in coarsest)


@pytest.mark.parametrize(("count", "order", "replicates"), [
    (24, 12, 2), (47, 12, 3), (48, 24, 2), (119, 24, 4), (120, 60, 2), (200, 60, 3), (600, 60, 10)
])  # fmt: skip
def test_the_finest_design_that_fits_twice_is_taken(count, order, replicates):
    chosen = choose_elements(ROTATIONS, count)
    assert (chosen.block, chosen.replicates, chosen.count) == (order, replicates, order * replicates)
    assert choose_elements(MIRRORED, 2 * count).block == 2 * order


def test_the_seed_and_the_word_decide():
    assert choose_elements(ROTATIONS, seed=1) == choose_elements(ROTATIONS, None, 1, "cosets")
    assert choose_elements(ROTATIONS, seed=1).elements != choose_elements(ROTATIONS, seed=2).elements
    haar = choose_elements(ROTATIONS, 10, sampling="haar")
    assert (haar.count, haar.replicates, haar.block, haar.sampling) == (10, 0, 1, "haar")
    assert choose_elements(Rotations(), 10).sampling == "haar"  # no design is known


def test_what_cannot_be_drawn_in_cosets_is_refused():
    check_refused(
        "elements is 23; SO3 is sampled in cosets, at least 24 elements",
        *(choose_elements, ROTATIONS, 23, 0, "cosets"),
    )
    check_refused("at least 48 elements", choose_elements, MIRRORED, 24, sampling="cosets")
    assert choose_elements(ROTATIONS, 23).sampling == "haar" != choose_elements(ROTATIONS, 24).sampling
    check_refused("no design is known for cosets of SO2", choose_elements, Rotations(), 60, sampling="cosets")
    words = "elements is 20; a quadrature of O3 has at least 24: give as many"
    check_refused(words, choose_elements, MIRRORED, 20, sampling="quadrature")


@pytest.mark.parametrize(
    ("count", "elements", "exact"), [(12, 12, 2), (59, 24, 3), (60, 60, 5), (500, 192, 7)]
)
def test_a_quadrature_is_exact_up_to_a_degree_and_draws_nothing(count, elements, exact):
    chosen = choose_elements(ROTATIONS, count, seed=5, sampling="quadrature")
    assert (chosen.count, chosen.sampled, chosen.sampling) == (elements, False, "quadrature")
    assert chosen == choose_elements(ROTATIONS, count, seed=6, sampling="quadrature")
    for degree in range(1, exact + 1):
        assert float(wigner_mean(degree, chosen.elements).norm()) < 1e-9
    assert float(wigner_mean(exact + 1, chosen.elements).norm()) > 0.1
    both = choose_elements(MIRRORED, 2 * count, sampling="quadrature").elements
    assert len(both) == 2 * elements and sum(g.parity for g in both) == 0


@pytest.mark.parametrize("group", [ROTATIONS, MIRRORED], ids=["SO3", "O3"])
def test_a_design_integrates_what_it_says_and_not_one_degree_more(group):
    for design in group.designs:
        elements, exact = design.enumerate(), exact_degree(group, design)
        rotations = [g for g in elements if g.parity > 0]
        for degree in range(1, exact + 1):
            assert float(wigner_mean(degree, rotations).norm()) < 1e-9
        assert float(wigner_mean(exact + 1, rotations).norm()) > 0.5
    assert [exact_degree(group, design) for design in group.designs] == [5, 3, 2]
    assert exact_degree(group, None) is None


def test_the_parts_are_projectors_that_know_inversion():
    elements = choose_elements(MIRRORED, 48).elements
    parts = MIRRORED.parts(elements, 2)
    assert [(part.degree, part.parity) for part in parts] == [
        (0, 1),
        (0, -1),
        (1, 1),
        (1, -1),
        (2, 1),
        (2, -1),
    ]
    for part in parts:
        size = 2 * part.degree + 1
        torch.testing.assert_close(part.kernel.diagonal(), torch.full((48,), float(size**2)).double())
    vectors = torch.stack([g.rotation for g in elements])  # matrix elements of degree 1, odd
    found = {
        (p.degree, p.parity): torch.einsum("ij,jab->iab", p.kernel, vectors) / len(elements) for p in parts
    }
    torch.testing.assert_close(found[1, -1], vectors, atol=1e-9, rtol=0)
    assert all(float(one.norm()) < 1e-9 for key, one in found.items() if key[0] < 2 and key != (1, -1))
