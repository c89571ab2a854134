"""The Lie derivative: exact zeros, closed forms, the chain rule, and the finite conjugated model."""

import math

import pytest
import torch
from tests.domains.grids.test_grid import smooth
from torch import nn

from symmeter.autodiff.strategies import CentralDifference, OneByOne
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import INTERPOLANTS
from symmeter.domains.grids.interpolants.local import Gruver2023
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.symmetry.conjugate import conjugate, lie_derivative
from symmeter.symmetry.representations.product import Product
from symmeter.symmetry.representations.trivial import Trivial

ALL = list(GENERATORS.values())
AFFINE = [g for g in ALL if g.unit and g.name not in ("gain", "contrast", "saturation", "hue")]


def error(f, x, definition, generators=AFFINE, rho_out=None):
    rho = Grid(definition)
    return lie_derivative(f, x, generators, rho, rho_out or rho)[1]


@pytest.mark.parametrize("definition", INTERPOLANTS.values(), ids=list(INTERPOLANTS))
@pytest.mark.parametrize("layer", [
    nn.Conv2d(3, 4, 1), nn.BatchNorm2d(3).eval(), nn.Identity(), nn.Sequential(nn.Conv2d(3, 5, 1), nn.Conv2d(5, 2, 1)),
], ids=["conv1x1", "batchnorm", "identity", "two conv1x1"])  # fmt: skip
def test_pointwise_linear_maps_are_equivariant_exactly(layer, definition):
    layer = layer.double().requires_grad_(False)
    if isinstance(layer, nn.BatchNorm2d):
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
    assert error(layer, torch.randn(2, 3, 8, 10, dtype=torch.float64), definition).abs().max() < 1e-12


def test_circular_convolution_commutes_with_periodic_translation():
    layer = nn.Conv2d(3, 4, 5, padding=2, padding_mode="circular").double().requires_grad_(False)
    x = torch.randn(1, 3, 9, 11, dtype=torch.float64)
    translations = [GENERATORS["translation_x"], GENERATORS["translation_y"]]
    assert error(layer, x, Periodic(), translations).abs().max() < 1e-11
    assert error(layer, x, Periodic(), [GENERATORS["rotation"]]).abs().max() > 1e-2


@pytest.mark.parametrize("factor", [2, 4, 8, 32])
def test_average_pooling_of_a_band_limited_image_is_equivariant(factor):
    x = smooth(224, 224, batch=1, channels=1, cut=0.02)
    pool = nn.AvgPool2d(factor)
    translations = [GENERATORS["translation_x"], GENERATORS["translation_y"]]
    size = Grid(Bandlimited()).differentiate(translations[0], x).norm()
    assert error(pool, x, Bandlimited(), translations).norm() / size < 1e-10
    assert error(pool, x, Gruver2023(), translations).norm() / size > 1e-3


@pytest.mark.parametrize("step", [2, 3, 4])
def test_aliasing_theorem(step):
    """||L_v A h||^2 = (2 pi)^2 sum_m | sum_{n: alias(n) = m} H_n v (m - n) |^2, in units of the image side."""
    n = 12
    coarse = n // step
    h = torch.randn(n, dtype=torch.float64)
    # Nothing at the Nyquist frequency of either grid: its derivative has no sign.
    spectrum = torch.fft.fft(h) / n
    frequencies = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64)
    alias = (frequencies + coarse / 2) % coarse - coarse / 2
    spectrum[(frequencies.abs() == n / 2) | (alias.abs() == coarse / 2)] = 0
    h = torch.fft.ifft(spectrum * n).real
    predicted = 0.0
    for m in alias.unique():
        here = alias == m
        predicted += (spectrum[here] * (m - frequencies[here])).sum().abs().item() ** 2
    predicted *= (2 * math.pi) ** 2
    x = h.expand(1, 1, 4, n)
    measured = error(lambda z: z[..., ::step], x, Periodic(), [GENERATORS["translation_x"]])
    # A translation by t = 1 is half a side, and the mean square over positions is the squared norm of the series.
    assert measured.square().mean().item() * 4 == pytest.approx(predicted, rel=1e-10)


def test_relu_breaks_equivariance_by_aliasing_only():
    x = smooth(64, 64, batch=1, channels=2, cut=0.06)
    broken = error(torch.relu, x, Bandlimited(), [GENERATORS["translation_x"]]).norm()
    squared = error(torch.square, x, Bandlimited(), [GENERATORS["translation_x"]]).norm()
    size = Grid(Bandlimited()).differentiate(GENERATORS["translation_x"], x).norm()
    assert squared / size < 1e-11  # a square doubles the band, which the grid still holds
    assert broken / size > 1e-3


def small_net():
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.GELU(), nn.Conv2d(6, 4, 3), nn.SiLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5), nn.Softmax(1),
    ).double().eval().requires_grad_(False)  # fmt: skip


def test_lie_derivative_is_the_slope_of_the_conjugated_model():
    net, x = small_net(), torch.randn(2, 3, 8, 9, dtype=torch.float64)
    rho, h = Grid(Bandlimited()), 1e-5
    _, derivative = lie_derivative(net, x, AFFINE, rho, Trivial())
    for generator, exact in zip(AFFINE, derivative, strict=True):
        ends = [conjugate(net, generator.exp(t), rho, Trivial())(x) for t in (h, -h)]
        torch.testing.assert_close((ends[0] - ends[1]) / (2 * h), exact, rtol=1e-6, atol=1e-9)


def test_slope_of_the_conjugated_model_with_an_equivariant_output():
    layer = nn.Conv2d(3, 3, 3, stride=2, padding=1).double().requires_grad_(False)
    f, x, rho, h = (
        nn.Sequential(layer, nn.Tanh()),
        torch.randn(1, 3, 9, 8, dtype=torch.float64),
        Grid(Bandlimited()),
        1e-5,
    )
    _, derivative = lie_derivative(f, x, AFFINE, rho, rho)
    for generator, exact in zip(AFFINE, derivative, strict=True):
        ends = [conjugate(f, generator.exp(t), rho, rho)(x) for t in (h, -h)]
        torch.testing.assert_close((ends[0] - ends[1]) / (2 * h), exact, rtol=1e-5, atol=1e-6)


def test_chain_rule():
    """L(h o f) = (L h)(f) + dh(L f), with an equivariant representation in between."""
    first = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Tanh()).double().requires_grad_(False)
    second = nn.Sequential(nn.Conv2d(4, 2, 3), nn.Tanh(), nn.Flatten()).double().requires_grad_(False)
    x, rho = torch.randn(2, 3, 10, 10, dtype=torch.float64), Grid(Bandlimited())
    middle, inner = lie_derivative(first, x, AFFINE, rho, rho)
    _, outer = lie_derivative(second, middle, AFFINE, rho, Trivial())
    _, carried = OneByOne()(second, middle, inner)
    _, whole = lie_derivative(nn.Sequential(first, second), x, AFFINE, rho, Trivial())
    torch.testing.assert_close(whole, outer + carried)


def test_an_invariant_network_scores_zero_and_its_broken_copy_does_not():
    """The power spectrum forgets the phase, so it is invariant between the samples too."""
    mixing = torch.randn(3 * 7 * 7, 5, dtype=torch.float64)

    def invariant(x, spoil=0.0):
        return torch.fft.fft2(x).abs().square().flatten(1) @ mixing / 100 + spoil * x[:, 0, 0, :5]

    x = torch.randn(2, 3, 7, 7, dtype=torch.float64)
    translations = [GENERATORS["translation_x"], GENERATORS["translation_y"]]
    _, exact = lie_derivative(invariant, x, translations, Grid(Periodic()), Trivial())
    _, broken = lie_derivative(lambda z: invariant(z, 1e-3), x, translations, Grid(Periodic()), Trivial())
    assert exact.abs().max() < 1e-11
    assert broken.abs().max() > 1e-4


def test_tuples_and_dicts_go_in_and_out():
    def f(inputs):
        return {"same": inputs["image"], "sum": inputs["image"].sum((1, 2, 3)) + inputs["bias"]}

    x = {"image": torch.randn(2, 1, 6, 6, dtype=torch.float64), "bias": torch.randn(2, dtype=torch.float64)}
    rho = Grid(Bandlimited())
    rho_in = Product({"image": rho, "bias": Trivial()})
    rho_out = Product({"same": rho, "sum": Trivial()})
    for strategy in (None, OneByOne(), CentralDifference()):
        _, out = lie_derivative(f, x, AFFINE, rho_in, rho_out, strategy=strategy)
        assert out["same"].abs().max() < 1e-6
        expected = torch.stack([rho.differentiate(g, x["image"]).sum((1, 2, 3)) for g in AFFINE])
        torch.testing.assert_close(out["sum"], expected, rtol=1e-6, atol=1e-6)
