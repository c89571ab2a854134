"""Measuring over SO3 and O3: cosets end to end, from the call to the saved result."""

import json

import pytest
import torch
from tests.helpers import check_refused

import symmeter
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.errors import SymmeterWarning
from symmeter.symmetry.groups.group import choose_elements

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
POINTS = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
DIRECTION = torch.tensor([[0.3, -1.2, 0.4], [1.0, 0.2, 0.5]], dtype=torch.float64)


class Linear(torch.nn.Module):
    """w . (first point), for two directions w: over all rotations w . g x has the variance |w|^2 |x|^2 / 3."""

    def __init__(self):
        super().__init__()
        self.direction = torch.nn.Parameter(DIRECTION)
        self.seen = 0

    def forward(self, x):
        self.seen += len(x)
        return x[:, 0] @ self.direction.T


def measured(net, measure="twirled_variance", symmetry="SO3", **options):
    options = {"control": False, "progress": False, "output": "logits", "inputs": "points"} | options
    return symmeter.measure(net.eval(), POINTS, symmetry, measure, **options)


VARIANCE = float((DIRECTION**2).sum() * (POINTS[:, 0] ** 2).sum(1).mean() / 3)  # of both outputs together


@pytest.mark.parametrize("symmetry", ["SO3", "O3"])
def test_what_the_design_integrates_is_exact(symmetry):
    row = measured(Linear(), symmetry=symmetry).rows[0]
    assert row.value == pytest.approx(VARIANCE / 2, rel=1e-9)
    assert row.element_standard_error == pytest.approx(0, abs=1e-4 * row.value)  # kept in single precision
    haar = measured(Linear(), symmetry=symmetry, sampling="haar").rows[0]
    assert haar.value != pytest.approx(VARIANCE / 2, rel=1e-3)
    assert abs(haar.value - VARIANCE / 2) < 4 * haar.element_standard_error


def test_a_mean_over_the_kernel_that_is_estimated_from_cosets_has_no_bias_for_squares():
    """Two cosets, and three, so that the halves are of different size."""
    for elements in (120, 180):
        result = measured(Linear(), "geed(l2)", elements=elements)
        assert result.rows[0].value == pytest.approx(VARIANCE, rel=1e-9)
        assert result.header["spec"]["kernel_mean"] == {"logits": "estimated"}


def test_consistency_is_over_pairs_of_different_cosets():
    """Classes by whether a linear function is above 0.5, counted here by hand."""

    class Above(Linear):
        def forward(self, x):
            y = super().forward(x)[:, :1]
            return torch.cat([y, torch.full_like(y, 0.5)], 1)

    chosen = choose_elements(Orthogonal(), 24, seed=3)
    moved = torch.stack([POINTS[:, 0] @ g.rotation.T for g in chosen.elements])
    first = moved @ DIRECTION[0] > 0.5  # (24, samples)
    coset = torch.arange(24) // 12
    agreeing = (first[:, None] == first)[coset[:, None] != coset].double().mean()
    found = measured(Above(), "consistency", elements=24, seed=3).rows[0]
    assert found.value == pytest.approx(float(agreeing), abs=1e-12)
    assert found.value != pytest.approx(float((first[:, None] == first).double().mean()), abs=1e-3)


def test_the_header_says_how_elements_were_chosen(tmp_path):
    spec = measured(Linear()).header["spec"]
    assert (spec["elements"], spec["sampling"], spec["replicates"], spec["design"]) == (
        120, "cosets", 2, "icosahedral"
    )  # fmt: skip
    spec = measured(Linear(), symmetry="O3", elements=100).header["spec"]
    assert (spec["elements"], spec["sampling"], spec["replicates"], spec["design"]) == (96, "cosets", 2, "Oh")
    spec = measured(Linear(), symmetry="octahedral").header["spec"]
    assert (spec["sampling"], spec["replicates"], spec["design"], spec["spectrum"]) == ("all", 0, None, {})


def test_the_spectrum_is_in_the_result_and_is_saved(tmp_path):
    path = measured(Linear()).save(tmp_path / "result.json")
    found = json.loads(path.read_text())["spec"]["spectrum"]["logits"]
    first = found["degrees"][0]
    assert (first["degree"], first["parity"]) == (1, None) and first["share"] > 0.95
    assert found["exact"] == 5 and found["beyond"] < 0.05


def test_a_rough_response_is_not_resolved():
    class Rough(Linear):
        def forward(self, x):
            return torch.sin(40 * super().forward(x))

    (note,) = [w for w in measured(Rough()).warnings if "not resolved by this design" in w]
    assert "of the response is of degree 6 and beyond; give more elements" in note
    assert not [w for w in measured(Linear()).warnings if "not resolved" in w]


def test_elements_cost_one_call_each():
    net = Linear()
    spec = measured(net, samples=1).header["spec"]
    few = net.seen - spec["forward_passes"]
    assert spec["forward_passes"] <= 120 + 1 + 16 + 2 and few <= 8  # 16 of the floor, and a first look
    again = Linear()
    measured(again)
    assert again.seen <= len(POINTS) * 121 + 16 * len(POINTS) + 30


def test_mistakes_are_refused_in_one_line():
    check_refused(
        "SO3 is sampled in cosets, at least 24 elements", measured, Linear(), elements=10, sampling="cosets"
    )
    check_refused("choose from auto, haar, cosets, quadrature", measured, Linear(), sampling="sobol")
    assert measured(Linear(), elements=10, sampling="haar").rows[0].elements == 10
