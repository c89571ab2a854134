"""Which elements of a group are run over: all, a random sample, or a quadrature."""

import math

import pytest
import torch
from tests.helpers import check_refused

from symmeter.domains.grids.planar import Cyclic, Rotations
from symmeter.domains.grids.planar_products import dihedral, rigid_motions
from symmeter.domains.grids.scales import Scales
from symmeter.domains.grids.shifts import Shifts
from symmeter.symmetry.groups.group import choose_elements


def drawn(group, seed=0):
    return choose_elements(group, 200, seed).elements


def test_samples_are_uniform_and_inside_their_window():
    angles = torch.tensor([g.parameter for g in drawn(Rotations())])
    assert abs(float(torch.cos(torch.deg2rad(angles)).mean())) < 0.15
    assert 80 < float((angles < 180).sum()) < 120
    within = torch.tensor([g.parameter for g in drawn(Rotations(30))])
    assert bool(((within <= 30) | (within >= 330)).all())
    factors = torch.tensor([g.parameter for g in drawn(Scales(0.5, 2))])
    assert bool(((factors >= 0.5) & (factors <= 2)).all())
    assert abs(float(factors.log().mean())) < 0.1


def test_the_same_seed_draws_the_same_elements():
    assert drawn(Rotations(), 1) == drawn(Rotations(), 1) != drawn(Rotations(), 2)


def test_small_groups_are_enumerated_and_large_ones_sampled():
    shifts = Shifts(8).bind((3, 32, 32))
    assert not choose_elements(dihedral(4)).sampled
    assert choose_elements(shifts).sampled
    assert choose_elements(shifts, 289).count == 289
    assert choose_elements(Rotations(), 12, sampling="quadrature").elements == Cyclic(12).enumerate()
    assert not choose_elements(Rotations(), 12, sampling="quadrature").sampled


def test_quadrature_integrates_low_harmonics_exactly():
    angles = [math.radians(g.parameter) for g in Rotations().quadrature(8)]
    for k in range(1, 8):
        assert abs(sum(math.cos(k * a) for a in angles)) < 1e-12
    check_refused("no quadrature is known for SE2", rigid_motions().quadrature, 8)


@pytest.mark.parametrize(("options", "words"), [
    ({"sampling": "sobol"}, "unknown sampling 'sobol'; choose from auto, haar, cosets, quadrature"),
    ({"count": 1}, "elements is 1; give at least 2"),
])  # fmt: skip
def test_mistakes_in_what_to_run_over(options, words):
    check_refused(words, choose_elements, Cyclic(4), **options)
