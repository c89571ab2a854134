"""SE3, E3 and products with rotations: cosets in the rotations, all else drawn for each element by itself."""

import math

import numpy as np
import pytest
import torch

import symmeter
from symmeter.domains.atoms.domain import Atoms
from symmeter.domains.points.domain import Points
from symmeter.domains.space.motion import Motion
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.domains.space.permutations import Permutations
from symmeter.domains.space.words import groups_of
from symmeter.errors import SymmeterWarning
from symmeter.results.coset_errors import Cosets
from symmeter.symmetry.groups.group import choose_elements
from symmeter.symmetry.groups.products import multiply

(SE3,), (E3,) = groups_of("SE3"), groups_of("E3(5)")
POINTS = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
DIRECTION = torch.tensor([0.3, -1.2, 0.4], dtype=torch.float64)
RUNS = 100


def distances(g: Motion, others) -> torch.Tensor:
    return torch.stack([(g.rotation - other.rotation).abs().max() for other in others])


@pytest.mark.parametrize(("group", "length", "mirrored"), [(SE3, 1.0, False), (E3, 5.0, True)])
def test_rotations_are_cosets_and_translations_are_drawn_one_by_one(group, length, mirrored):
    chosen = choose_elements(group, seed=3)
    design = Orthogonal(mirrored).designs[0].enumerate()
    assert (chosen.sampling, chosen.replicates, chosen.block) == ("cosets", 2, len(design))
    for k in range(2):
        block = chosen.elements[k * chosen.block : (k + 1) * chosen.block]
        for g in block[:10]:
            back = block[0].inverse() @ g
            assert float(distances(back, design).min()) < 1e-9
    shifts = torch.tensor([g.shift for g in chosen.elements], dtype=torch.float64)
    torch.testing.assert_close(shifts.norm(dim=1), torch.full((chosen.count,), length).double())
    assert len(torch.unique(shifts.round(decimals=9), dim=0)) == chosen.count
    assert choose_elements(group, 10).sampling == "haar"


def test_a_product_with_permutations_draws_these_one_by_one():
    group = multiply([Orthogonal(), Permutations(6)])
    chosen = choose_elements(group, 120, seed=1)
    assert (chosen.sampling, chosen.replicates, chosen.block) == ("cosets", 2, 60)
    orders = {g.parts[1].images for g in chosen.elements}
    assert len(orders) > 60  # of 720
    assert (
        multiply([Permutations(6)]).designs == () and multiply([SE3, Permutations(6)]).designs == SE3.designs
    )
    assert multiply([SE3, Permutations(6)]).usual == 120


def response(degree: int, elements) -> np.ndarray:
    """P_l(u . R v) + a . t, whose variance over all of SE3 is 1 / (2 l + 1) + |a|^2 / 3."""
    rotations = torch.stack([g.rotation for g in elements]).numpy()
    shifts = np.array([g.shift for g in elements])
    cosine = rotations[:, 2] @ np.array([0.6, 0.0, 0.8])
    return np.polynomial.legendre.Legendre.basis(degree)(cosine) + shifts @ np.array([0.2, 0.1, -0.3])


@pytest.mark.slow
@pytest.mark.parametrize("degree", [2, 8])
def test_the_variance_has_no_bias_and_its_error_holds(degree):
    truth = 1 / (2 * degree + 1) + 0.14 / 3
    estimates, errors = [], []
    for seed in range(RUNS):
        chosen = choose_elements(SE3, 120, seed)
        z = response(degree, chosen.elements)
        squares = (z[:, None] - z) ** 2
        coset = np.arange(len(z)) // chosen.block
        estimates.append(squares[coset[:, None] != coset].mean() / 2)
        errors.append(Cosets(chosen.block, chosen.part).error_of_variance(squares) * estimates[-1])
    estimates, errors = np.array(estimates), np.array(errors)
    assert abs(estimates.mean() - truth) < 4 * estimates.std(ddof=1) / math.sqrt(RUNS)
    assert (np.abs(estimates - truth) < 1.96 * errors).mean() > 0.9


class Linear(torch.nn.Module):
    """w . (first point): over SE3 its variance is |w|^2 (|x|^2 + 1) / 3."""

    def __init__(self):
        super().__init__()
        self.direction = torch.nn.Parameter(DIRECTION)

    def forward(self, x):
        return x[:, :1] @ self.direction


@pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
@pytest.mark.parametrize("elements", [120, 600])
def test_a_run_over_rigid_motions(elements):
    options = {"control": False, "progress": False, "output": "logits", "inputs": "points"}
    result = symmeter.measure(
        Linear().eval(), POINTS, "SE3", "twirled_variance", elements=elements, **options
    )
    spec, row = result.header["spec"], result.rows[0]
    assert (spec["sampling"], spec["replicates"], spec["design"]) == ("cosets", elements // 60, "icosahedral")
    truth = float(DIRECTION.square().sum() * (POINTS[:, 0].square().sum(1).mean() + 1) / 3)
    assert abs(row.value - truth) < 3 * row.element_standard_error < 0.5 * truth


def test_products_are_written_with_a_star():
    for domain in (Points, Atoms):
        (group,) = domain.symmetry("SO3*permutation")
        assert group.name == "SO3*permutation" and group.designs == Orthogonal().designs
        assert domain.symmetry("SO3*hue") == () and domain.symmetry("SO3*") == ()
    options = {"control": False, "progress": False, "output": "logits", "inputs": "points"}
    result = symmeter.measure(Summed().eval(), POINTS, "O3*permutation", elements=96, **options)
    assert result.rows[0].verdict == "not resolved" and result.header["spec"]["sampling"] == "cosets"


class Summed(Linear):
    """Squares of all points, which nothing changes."""

    def forward(self, x):
        return x.square().sum((1, 2))[:, None] * self.direction[:1]
