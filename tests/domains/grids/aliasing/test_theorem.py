"""The part of a layer's error that the aliasing theorem predicts, against the Lie derivative that is measured."""

import itertools
import math

import pytest
import torch
from torch import nn

from symmeter.autodiff.forward_rules import load_tables
from symmeter.domains.grids.aliasing.sampled_layers import Sampling, sampling
from symmeter.domains.grids.aliasing.theorem import alias_derivative, predicted_norm
from symmeter.domains.grids.generators import GENERATORS, AffineGenerator
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.errors import SymmeterError

TRANSLATIONS = [GENERATORS["translation_x"], GENERATORS["translation_y"]]
GRIDS = [(8, 8), (7, 7), (6, 9), (9, 12), (14,), (11,), (4, 6, 5)]
CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def noise(*shape, seed=0):
    """The hardest input: every frequency alike."""
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def moved(h):
    """The derivatives of h (B, C, ...) along its last axis, the one before it, ...; by half its extent each."""
    axes = range(1, h.ndim - 1)
    return [h.shape[-axis] / 2 * Periodic().differentiate(h, -axis) for axis in axes]


def measured(module, h):
    """The Lie derivatives (T, B, C', ...) of a layer along every axis of the grid of h (B, C, ...), as defined."""
    load_tables()  # else torch warns of itself
    pushed = [torch.func.jvp(module, (h,), (tangent,)) for tangent in moved(h)]
    own = [moved(y)[t] for t, (y, _) in enumerate(pushed)]
    return torch.stack([dy - still for (_, dy), still in zip(pushed, own, strict=True)]).detach()


def translations(count):
    """Along the axes of a grid of so many, the last one first."""
    return [translation(f"axis {i}", *speeds) for i, speeds in enumerate(torch.eye(count).tolist())]


def translation(name, *shift):
    return AffineGenerator(name, "half extent", linear=((0.0,) * len(shift),) * len(shift), shift=shift)


def circular(*args, axes=2, **kwargs):
    torch.manual_seed(0)
    return CONVOLUTIONS[axes](*args, padding_mode="circular", **kwargs).double()


def misfit(module, h, **kwargs):
    """Relative distance of the prediction from what is measured, all translations together."""
    lie = measured(module, h)
    prediction = alias_derivative(module, h, translations(h.ndim - 2), **kwargs)
    assert prediction is not None and prediction.derivative.shape == lie.shape
    return (prediction.derivative - lie).norm() / lie.norm()


class BlurPool2d(nn.Module):
    """Every second sample of what a filter leaves, the product of one along each axis."""

    stride = 2

    def __init__(self, *filters):
        super().__init__()
        filt = torch.ones(1, 1, dtype=torch.float64)
        for values in filters:
            own = torch.tensor(values, dtype=torch.float64)
            filt = filt[..., None] * own / own.sum()
        self.register_buffer("filt", filt)
        self.padding = [n // 2 for values in reversed(filters) for n in (len(values) - 1, len(values))]

    def forward(self, h):
        axes = h.ndim - 2
        circular = torch.nn.functional.pad(h, self.padding, mode="circular")
        filt = self.filt.expand(h.shape[1], *self.filt.shape[1:])
        kernel = getattr(torch.nn.functional, f"conv{axes}d")
        return kernel(circular, filt, stride=2, groups=h.shape[1])


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("activation", [nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.Mish])
def test_smooth_activation_is_predicted(activation, grid):
    assert misfit(activation(), noise(2, 3, *grid), cap=64) < 1e-8


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("activation", [nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(0.1), nn.Hardtanh()])
def test_activation_with_kinks_is_predicted(activation, grid):

    assert misfit(activation, 2 * noise(2, 3, *grid), oversampling=16) < 1e-8


@pytest.mark.parametrize(
    ("activation", "tolerance"), [(nn.Hardswish(), 1e-6), (nn.ELU(), 1e-4), (nn.ELU(0.5), 1e-4)]
)
def test_kinks_in_higher_derivatives(activation, tolerance):
    assert misfit(activation, noise(1, 2, 12, 9), oversampling=16) < tolerance


class UnknownReLU(nn.Module):
    """A ReLU whose kink the library is not told of."""

    def forward(self, h):
        return h.clamp(min=0)


class Cube(nn.Module):
    def forward(self, h):
        return h**3 - h**2


@sampling.register(UnknownReLU)
@sampling.register(Cube)
def _pointwise(module):
    return Sampling(lambda h, _: module(h))


def test_convergence_in_the_oversampling():
    h = noise(4, 4, 9, 12)
    smooth, kinked = (
        [misfit(m, h, oversampling=k) for k in (2, 4, 8, 16)] for m in (nn.GELU(), UnknownReLU())
    )
    for coarse, fine in itertools.pairwise(smooth):
        assert fine < coarse**1.7 + 1e-12  # exponential: doubling K squares the error
    order = math.log2(kinked[0] / kinked[-1]) / 3
    assert 0.35 < order < 0.75  # a half in norm
    known = misfit(nn.ReLU(), h, oversampling=16)
    assert known < 1e-6 * kinked[-1]


def test_change_bounds_the_error_of_a_smooth_layer():
    h = noise(2, 3, 8, 9)
    for k in (4, 8):
        prediction = alias_derivative(nn.Tanh(), h, TRANSLATIONS, oversampling=k)
        error = (prediction.derivative - measured(nn.Tanh(), h)).flatten(2).norm(dim=2)
        assert prediction.oversampling == k and bool((error < prediction.change).all())


@pytest.mark.parametrize("grid", GRIDS)
def test_polynomial_needs_no_more_than_its_degree(grid):
    assert misfit(Cube(), noise(2, 2, *grid), oversampling=3) < 1e-12
    assert misfit(Cube(), noise(2, 2, *grid), oversampling=2) > 1e-3


@pytest.mark.parametrize(
    ("layer", "grid"),
    [
        (circular(3, 4, 3, stride=2, padding=1), (8, 12)),
        (circular(3, 4, 4, stride=2, padding=1), (14, 6)),
        (circular(3, 3, 3, stride=3, padding=1, groups=3), (9, 15)),
        (circular(3, 4, 3, stride=(2, 1), padding=2, dilation=2), (8, 7)),
        (nn.Conv2d(3, 4, 4, 4).double(), (16, 12)),  # a patch embedding
        (nn.AvgPool2d(2), (6, 10)),
        (nn.AvgPool2d(1, 3), (9, 12)),  # strided slicing
        (circular(3, 4, 3, stride=2, padding=1, axes=1), (20,)),
        (circular(3, 4, 4, stride=3, padding=2, dilation=2, axes=1), (21,)),
        (nn.AvgPool1d(4), (12,)),
        (BlurPool2d([1, 4, 6, 4, 1]), (12,)),
        (BlurPool2d([1, 2, 1], [1, 3, 3, 1]), (8, 12)),
        (BlurPool2d([1, 2, 1], [1, 1], [1, 3, 3, 1]), (4, 6, 8)),
        (circular(3, 4, 3, stride=2, padding=1, axes=3), (4, 6, 8)),
        (circular(3, 4, 3, stride=(1, 2, 3), padding=1, axes=3), (5, 4, 6)),
        (nn.Conv3d(3, 4, (1, 2, 2), (1, 2, 2)).double(), (3, 4, 6)),  # a patch embedding
        (nn.AvgPool3d((2, 2, 1)), (4, 6, 5)),
    ],
)
def test_downsampling_is_predicted_exactly(layer, grid):
    assert misfit(layer, noise(2, 3, *grid)) < 1e-12
    assert alias_derivative(layer, noise(2, 3, *grid), translations(len(grid))).oversampling == 1


@pytest.mark.parametrize(
    ("layer", "grid"), [(nn.MaxPool2d(2), (8, 12)), (nn.MaxPool1d(2), (24,)), (nn.MaxPool3d(2), (4, 4, 6))]
)
def test_max_pooling_converges(layer, grid):
    errors = [misfit(layer, noise(4, 4, *grid), oversampling=k) for k in (4, 16, 64)]
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2] and errors[2] < 0.15


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "layer",
    [
        lambda axes: circular(3, 4, 3, padding=1, axes=axes),
        lambda axes: CONVOLUTIONS[axes](3, 4, 1).double(),
        lambda axes: NORMS[axes](3).double().eval(),
        lambda axes: nn.Identity(),
    ],
)
def test_zero_without_aliasing(layer, axes):
    h, layer = noise(2, 3, 7, 8, 6)[..., *[0] * (3 - axes)], layer(axes)
    prediction = alias_derivative(layer, h, translations(axes))
    assert not prediction.derivative.any() and not prediction.change.any()
    assert measured(layer, h).abs().max() < 1e-12


def test_zero_padding_leaves_the_boundary():
    layer, wrapped = nn.Conv2d(3, 4, 3, 2, 1).double(), circular(3, 4, 3, stride=2, padding=1)
    wrapped.load_state_dict(layer.state_dict())
    h = noise(2, 3, 64, 64)
    prediction = alias_derivative(layer, h, TRANSLATIONS)
    assert 0.5 < prediction.explained(measured(layer, h)).min() < 0.999
    assert prediction.explained(measured(wrapped, h)).min() > 1 - 1e-12


class Vignette(nn.ReLU):
    """Says it is an activation, and depends on the position."""

    def forward(self, h):
        return super().forward(h) * torch.linspace(0, 1, h.shape[-1], dtype=h.dtype)


def test_a_layer_that_depends_on_the_position_is_not_explained():
    h = noise(2, 3, 8, 8)
    prediction = alias_derivative(nn.ReLU(), h, TRANSLATIONS)
    assert prediction.explained(measured(nn.ReLU(), h)).min() > 1 - 1e-8
    assert prediction.explained(measured(Vignette(), h))[0] < 0.5
    assert alias_derivative(Vignette(), h, TRANSLATIONS).explained(measured(Vignette(), h))[0] < 0.5


def test_layers_add_up_to_a_network():
    layers = [circular(2, 4, 3, stride=2, padding=1), nn.GELU(), circular(4, 3, 3, stride=3, padding=1)]
    h = noise(2, 2, 12, 18)
    total = measured(nn.Sequential(*layers), h)
    for index, layer in enumerate(layers):
        before, after = nn.Sequential(*layers[:index]), nn.Sequential(*layers[index + 1 :])
        x = before(h).detach()
        parts = alias_derivative(layer, x, TRANSLATIONS).derivative
        for t, part in enumerate(parts):  # L(f_2 f_1) = L(f_2) f_1 + df_2 L(f_1)
            total[t] -= torch.func.jvp(after, (layer(x).detach(),), (part,))[1].detach()
    assert total.abs().max() < 1e-7


@pytest.mark.parametrize(("fine", "grid"), [((12,), (4,)), ((4, 6, 4), (2, 3, 2))])
def test_theorem_on_one_and_three_axes(fine, grid):
    diagonal = translation("diagonal", *(0.7, -1.3, 0.4)[: len(grid)])
    h = noise(*fine)
    norm = predicted_norm(torch.fft.fftn(h, norm="forward"), grid, diagonal)
    slicing = [slice(None, None, n // m) for n, m in zip(fine, grid, strict=True)]
    whole = h[None, None]
    steps = zip(diagonal.shift, moved(whole), moved(whole[..., *slicing]), strict=True)
    lie = sum(speed * (fast[..., *slicing] - slow) for speed, fast, slow in steps)
    assert float(norm) == pytest.approx(float(lie.square().mean()), rel=1e-12)


@pytest.mark.parametrize(("fine", "grid"), [((6, 8), (3, 4)), ((9, 6), (3, 3)), ((4, 12), (4, 3))])
def test_theorem_against_brute_force_and_pooling(fine, grid):
    diagonal = AffineGenerator("diagonal", "half image", shift=(0.7, -1.3))
    h = noise(*fine)
    spectrum = torch.fft.fft2(h, norm="forward")
    signed = lambda k, n: 0 if 2 * (k % n) == n else (k % n if 2 * (k % n) < n else k % n - n)
    total = 0.0
    for my in range(grid[0]):
        for mx in range(grid[1]):
            inner = 0j
            for ny in range(my, fine[0], grid[0]):
                for nx in range(mx, fine[1], grid[1]):
                    away = 0.35 * (signed(mx, grid[1]) - signed(nx, fine[1]))
                    away -= 0.65 * (signed(my, grid[0]) - signed(ny, fine[0]))
                    inner += complex(spectrum[ny, nx]) * away
            total += (2 * math.pi) ** 2 * abs(inner) ** 2
    norm = predicted_norm(spectrum, grid, diagonal)
    assert float(norm) == pytest.approx(total, rel=1e-12)
    slicing = nn.AvgPool2d(1, (fine[0] // grid[0], fine[1] // grid[1]))
    lie = alias_derivative(slicing, h[None, None], [diagonal]).derivative
    assert float(lie.square().mean()) == pytest.approx(total, rel=1e-12)


def test_silence_and_refusals():
    h = noise(1, 3, 7, 7)
    assert alias_derivative(nn.Softmax2d(), h, TRANSLATIONS) is None
    assert alias_derivative(nn.BatchNorm2d(3).double().train(), h, TRANSLATIONS) is None
    assert (
        alias_derivative(circular(3, 4, 3, stride=2, padding=1), h, TRANSLATIONS) is None
    )  # 7 is no multiple of 2
    with pytest.raises(SymmeterError, match="translations, not rotation"):
        alias_derivative(nn.ReLU(), h, [GENERATORS["rotation"]])
    with pytest.raises(SymmeterError, match="does not divide"):
        predicted_norm(h, (2, 2), TRANSLATIONS[0])


def test_input_is_left_alone_and_keeps_its_dtype():
    h = noise(1, 3, 8, 8).float()
    kept = h.clone()
    prediction = alias_derivative(nn.ReLU(inplace=True), h, TRANSLATIONS)
    assert torch.equal(h, kept) and prediction.derivative.dtype == prediction.change.dtype == torch.float32
    assert misfit(nn.ReLU(), h) < 1e-3


def test_layers_of_timm():
    layers = pytest.importorskip("timm.layers")
    h = noise(1, 4, 24, 24)
    for module in (layers.BatchNormAct2d(4, act_layer=nn.SiLU), layers.BatchNormAct2d(4), layers.Swish()):
        module.double().eval()
        assert misfit(module, h) < 1e-6
    for module in (
        layers.StdConv2d(4, 4, 2, 2, 0),
        layers.Conv2dSame(4, 4, 2, 2),
        layers.AvgPool2dSame(2, 2),
    ):
        assert misfit(module.double(), h) < 1e-12
    for module in (layers.BlurPool2d(4), layers.StdConv2dSame(4, 4, 3, 2), layers.Conv2dSame(4, 4, 3, 2)):
        explained = alias_derivative(module.double(), h, TRANSLATIONS).explained(measured(module, h))
        assert 0.7 < explained.min() < 1  # the rest is the boundary
