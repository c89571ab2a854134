"""The spectrum of responses that are made of known degrees."""

import numpy as np
import pytest
import torch

from symmeter.domains.grids.planar import Rotations
from symmeter.domains.space.harmonics import mixing
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.measuring.spectrum import spectrum
from symmeter.measuring.targets import PairSums
from symmeter.symmetry.groups.group import choose_elements

ROTATIONS, MIRRORED = Orthogonal(), Orthogonal(mirrored=True)


def response(elements, degree, seed=0):
    """(N, 4) values of one degree and variance 1; those of mirror images are those of the rotations."""
    size = 2 * degree + 1
    weights = torch.randn(4, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    matrices = torch.stack([mixing(degree, g.rotation * g.parity) for g in elements])
    return torch.einsum("nij,kij->nk", matrices, weights) / (weights.norm() / size**0.5)


def found(chosen, z):
    distances = (z[:, None] - z).square().sum(-1).numpy()
    return spectrum(chosen, PairSums(distances, 1))


def shares(one):
    return {(d.degree, d.parity): d.share for d in one.degrees}


@pytest.mark.parametrize("count", [None, 240])
@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_a_response_of_one_degree_is_found_there(count, degree):
    chosen = choose_elements(ROTATIONS, count, seed=degree)
    one = found(chosen, response(chosen.elements, degree))
    assert shares(one)[degree, None] > 0.8 and one.exact == 5 and one.beyond < 0.2
    assert one.notes("energy") == []
    assert min(shares(one).values()) >= 0 and sum(shares(one).values()) <= 1 + 1e-9


def test_two_degrees_have_their_shares():
    chosen = choose_elements(ROTATIONS, 600)
    z = 0.8 * response(chosen.elements, 1) + 0.6 * response(chosen.elements, 4, seed=1)
    one = found(chosen, z)
    by_degree = {d.degree: d for d in one.degrees}
    assert by_degree[1].share == pytest.approx(0.64, abs=0.08)
    assert by_degree[4].share == pytest.approx(0.36, abs=0.08)
    assert 0 < by_degree[4].standard_error < 0.1
    assert sum(d.share for d in one.degrees) + 0 <= 1 + 1e-9


def test_what_the_design_does_not_integrate_is_said():
    chosen = choose_elements(ROTATIONS)
    one = found(chosen, response(chosen.elements, 8))
    assert one.beyond > 0.6
    (note,) = one.notes("forces")
    assert note.startswith("forces: not resolved by this design: ")
    assert "of degree 6 and beyond; give more elements" in note
    coarse = choose_elements(ROTATIONS, 48)
    one = found(coarse, response(coarse.elements, 5))
    assert one.exact == 3 and "of degree 4 and beyond" in one.notes("forces")[0]


def test_independent_elements_have_a_spectrum_and_no_design():
    chosen = choose_elements(ROTATIONS, 200, sampling="haar")
    one = found(chosen, response(chosen.elements, 2))
    assert shares(one)[2, None] > 0.8 and one.exact is None and one.notes("energy") == []


def test_inversion_tells_odd_from_even():
    chosen = choose_elements(MIRRORED, 240)
    handed = torch.tensor([[g.parity] for g in chosen.elements], dtype=torch.float64)
    assert shares(found(chosen, handed))[0, -1] == pytest.approx(1, abs=1e-3)
    even = response(chosen.elements, 2)
    assert shares(found(chosen, even))[2, 1] > 0.9
    assert shares(found(chosen, even * handed))[2, -1] > 0.9


def test_there_is_nothing_to_say_of_other_groups_or_of_no_response():
    turns = choose_elements(Rotations(), 20)
    assert spectrum(turns, PairSums(np.ones((20, 20)), 1)) is None
    chosen = choose_elements(ROTATIONS)
    assert spectrum(chosen, PairSums(np.zeros((120, 120)), 1)) is None
