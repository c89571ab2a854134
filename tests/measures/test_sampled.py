"""Estimates from sampled elements and from quadratures against those over the whole group."""

import math

import pytest
import torch
from tests.helpers import check_refused
from tests.measures.test_orbit_measures import CLASSES, IMAGES, classifier, value
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.symmetry.representations.linear import Matrices

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "measure",
    ["geed(kl)", "geed(l2)", "twirled_variance", "consistency", "js_consistency", "same_prediction"],
)
def test_sampled_estimates_agree_with_the_exact_ones_within_their_error(measure):
    net = classifier().float()
    images = torch.randn(6, 2, 8, 8)
    net = nn.Sequential(nn.AdaptiveAvgPool2d(6), net)
    exact = value(net, measure, "shift(2)", data=images, elements=25, control=False)
    misses = 0
    for seed in range(12):
        row = symmeter.measure(
            net, images, "shift(2)", measure, elements=12, control=False, progress=False, seed=seed
        ).rows[0]
        assert row.elements == 12 and row.element_standard_error is not None
        misses += abs(row.value - exact) > 2.5 * row.element_standard_error + 1e-9
    assert misses <= 2


@pytest.mark.slow
def test_the_correction_takes_the_bias_of_few_samples_out():
    net = nn.Sequential(nn.Flatten(), nn.Linear(72, CLASSES)).double()
    exact = value(net, "geed(l2)", "shift(2)", "logits", elements=25, control=False)
    few = [value(net, "geed(l2)", "shift(2)", "logits", elements=3, control=False, seed=s) for s in range(60)]
    spread = torch.tensor(few).std() / 60**0.5
    assert abs(sum(few) / 60 - exact) < 3 * float(spread)
    assert abs(sum(few) / 60 * 2 / 3 - exact) > 3 * float(spread)  # uncorrected it would be seen


@pytest.mark.parametrize("count", [8, 36])
def test_a_quadrature_of_a_group_without_end_counts_the_identity(count):
    """f turns with x as the plane does, so |f(g x) - f(x)| / |f(x)| = |e^{it} - 1|, with the mean 4 / pi."""
    line = torch.linspace(-1, 1, 32, dtype=torch.float64)
    window = torch.exp(-8 * (line**2 + line[:, None] ** 2))  # nothing of the corners

    class Centroid(nn.Module):
        def forward(self, x):
            return torch.stack(
                [(x * window * line).sum((1, 2, 3)), (x * window * line[:, None]).sum((1, 2, 3))], 1
            )

    x = (window * (1 + line)).expand(2, 1, 32, 32)
    found = value(
        Centroid(), "relative_error", "SO2", "logits", x, elements=count, sampling="quadrature", control=False
    )
    rectangles = sum(abs(2 * math.sin(math.pi * k / count)) for k in range(count)) / count
    assert found == pytest.approx(rectangles, rel=1e-3)
    assert found == pytest.approx(4 / math.pi, rel=4 / count**2)  # without the identity 14 % or 3 % more


@pytest.mark.slow
def test_consistency_of_a_quadrature_is_the_integral_over_pairs():
    """Half of all angles have one class, half the other: independent pairs agree in half of all cases."""

    class Half(nn.Module):
        def forward(self, x):
            ramp = torch.linspace(-1, 1, x.shape[-1], dtype=x.dtype)
            return torch.stack([(x * ramp).mean((1, 2, 3)), 1e-9 + 0 * x.mean((1, 2, 3))], 1)

    ramp = torch.linspace(-1, 1, 16, dtype=torch.float64)
    x = (torch.exp(-4 * (ramp**2 + ramp[:, None] ** 2)) * (1 + ramp)).expand(2, 1, 16, 16)
    for count, sampling, wanted in ((8, "quadrature", 0.5), (64, "quadrature", 0.5)):
        found = value(
            Half(), "consistency", "SO2", "logits", x, elements=count, sampling=sampling, control=False
        )
        assert found == pytest.approx(wanted, abs=2 / count**2)
    drawn = [
        value(Half(), "consistency", "SO2", "logits", x, elements=8, control=False, seed=s) for s in range(40)
    ]
    assert abs(sum(drawn) / 40 - 0.5) < 3 * float(torch.tensor(drawn).std()) / 40**0.5


@pytest.mark.slow
def test_elements_of_a_finite_group_that_were_drawn_twice_make_no_pair():
    net = classifier()
    exact = value(net, "consistency", "shift(1)", elements=9, control=False)
    drawn = [value(net, "consistency", "shift(1)", elements=4, control=False, seed=s) for s in range(100)]
    assert abs(sum(drawn) / 100 - exact) < 3 * float(torch.tensor(drawn).std()) / 10


@pytest.mark.slow
def test_a_sampled_kernel_is_that_of_the_whole_group():
    """C24 acts on two classes by swapping them at odd steps: half of the group is the kernel."""
    net = classifier()
    swap = torch.eye(CLASSES, dtype=torch.float64)[[1, 0, 2, 3, 4]]
    rho = Matrices(lambda g: swap if round(g.turn[0] / 15) % 2 else torch.eye(CLASSES, dtype=torch.float64))
    symmetry = symmeter.Symmetry("C24", groups=(symmeter.parse_group("C24"),), rho_out=rho)
    for distance in ("l2", "euclidean"):
        exact = symmeter.measure(
            net, IMAGES, symmetry, f"geed({distance})", "logits", control=False, progress=False
        )
        drawn = []
        for seed in range(60):
            result = symmeter.measure(net, IMAGES, symmetry, f"geed({distance})", "logits", control=False, elements=6,
                                      seed=seed, progress=False)  # fmt: skip
            assert result.header["spec"]["kernel"] == {"logits": 12}
            drawn.append(result.rows[0].value)
        assert abs(sum(drawn) / 60 - exact.rows[0].value) < 3 * float(torch.tensor(drawn).std()) / 60**0.5


@pytest.mark.slow
def test_a_kernel_without_end_is_estimated_without_bias_for_squares():
    net = nn.Sequential(nn.Flatten(), nn.Linear(72, CLASSES)).double()
    many = value(net, "geed(l2)", "SO2", "logits", elements=256, sampling="quadrature", control=False)
    for count in (4, 9):
        few = [
            value(net, "geed(l2)", "SO2", "logits", elements=count, control=False, seed=s) for s in range(60)
        ]
        assert abs(sum(few) / 60 - many) < 3 * float(torch.tensor(few).std()) / 60**0.5
    result = symmeter.measure(net, IMAGES, "SO2", "geed(l2)", "logits", elements=4, progress=False)
    assert result.header["spec"]["kernel_mean"] == {"logits": "estimated"}


def test_a_kernel_that_cannot_be_counted_is_refused():
    even = lambda g: sum(a > b for i, a in enumerate(g.images) for b in g.images[i:]) % 2 == 0
    sign = Matrices(lambda g: torch.eye(2) if even(g) else torch.eye(2)[[1, 0]])
    symmetry = symmeter.Symmetry("S7", groups=(symmeter.parse_group("S7"),), rho_out=sign)
    points = lambda x: x.sum((1, 2))[:, None].repeat(1, 2)
    check_refused("elements of S7 that leave outputs as they are .* cannot be counted", symmeter.measure, points,
                  torch.rand(2, 7, 3), symmetry, "geed(l2)", "logits", progress=False)  # fmt: skip
