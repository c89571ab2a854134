"""Networks whose symmetries are known by design: each verdict is argued beforehand.

Two thoughts serve all of them. A network that is linear in the image answers a direction whatever image it stands at,
so to the tangent of another image as to its own: its stability is 1, whatever it is blind to. And a network that has no
preference among the directions in which a place can move answers a turned velocity as it answers the generator's: its
specificity is 1, wherever it looks and however fast that place is.
"""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

import symmeter
from symmeter.errors import SymmeterWarning

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
GENERATORS = "translation_x,rotation,scale"
SIZE, COUNT = 24, 32


def textures(n=COUNT, size=SIZE, seed=0):
    """Random images (n, 3, size, size) with the spectrum of photographs."""
    random = torch.Generator().manual_seed(seed)
    frequency = torch.fft.fftfreq(2 * size)
    radius = (frequency[:, None] ** 2 + frequency**2).sqrt().clamp(min=1 / size)
    white = torch.randn(n, 3, 2 * size, 2 * size, generator=random)
    images = torch.fft.ifft2(torch.fft.fft2(white) / radius).real[..., :size, :size]
    return images / images.std(dim=(1, 2, 3), keepdim=True)


def blobs(n=COUNT, size=SIZE, seed=0):
    """Random images (n, 1, size, size) of five round blobs each, black towards the frame."""
    random = torch.Generator().manual_seed(seed)
    place = size * (0.5 + 0.12 * torch.randn(n, 5, 2, generator=random)).clamp(0.3, 0.7)
    height = 0.5 + torch.rand(n, 5, generator=random)
    grid = torch.arange(size) + 0.5
    down, across = (torch.exp(-0.5 * ((grid - place[..., i, None]) / 1.5) ** 2) for i in range(2))
    return torch.einsum("nk,nkh,nkw->nhw", height, down, across)[:, None]


def convolutions(channels=3, padding_mode="zeros", width=24):
    """Two layers with fresh weights."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, padding_mode=padding_mode), nn.Tanh(),
        nn.Conv2d(width, width, 3, padding=1, padding_mode=padding_mode), nn.Tanh(),
    )  # fmt: skip


def flat(channels=3, size=SIZE):
    """A CNN that knows every place by its own weights."""
    return nn.Sequential(convolutions(channels), nn.Flatten(), nn.Linear(24 * size**2, 10))


def pooled(features, width=24):
    """The mean of features over positions, then a small network."""
    return nn.Sequential(
        features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 32), nn.Tanh(), nn.Linear(32, 10)
    )


class Of(nn.Module):
    """A network of a function of the image."""

    def __init__(self, function, network=None):
        super().__init__()
        self.function, self.network = function, network or nn.Identity()

    def forward(self, x):
        return self.network(self.function(x))


def measured(network, x, symmetry=GENERATORS, measure=None, **options):
    """Rows by the name of their symmetry."""
    options = {"output": "logits", "progress": False} | options
    rows = symmeter.measure(network.eval(), x, symmetry, measure, **options).rows
    return {row.symmetry: row for row in rows}


def holds_one(row, ratio):
    return row[f"{ratio}_low"] < 1 < row[f"{ratio}_high"]


def test_a_constant_network_is_not_resolved():
    """Nothing moves its output: exactly 0, and no verdict of symmetry although no network is more symmetric."""
    network = Of(lambda x: 0 * x.mean((2, 3)) + 1.0)
    assert {row.verdict for row in measured(network, textures()).values()} == {"not resolved"}
    assert {row.verdict for row in measured(network, textures(), "C4,hflip").values()} == {"not resolved"}


def test_a_saturated_network_is_neither_stable_nor_specific():
    """Its softmax is 0 and 1: the response dies along each direction alike, so no ratio may be small."""
    linear = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE**2, 10))
    network = Of(lambda x: 100 * linear(x))
    for row in measured(network, textures(), output="softmax").values():
        assert row.verdict in ("not resolved", "unclear", "not stable", "no control"), row


def test_a_low_pass_network_is_not_stable():
    """It sees sixteen means, by a linear map: slow to every fine change, of this image or of another alike."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 10))
    for row in measured(network, textures()).values():
        assert holds_one(row, "stability") and row.verdict == "not stable", row


def test_a_network_of_one_corner_is_not_stable_and_not_specific():
    """The corner is the fastest place of a rotation; turned velocities are as fast there, so nothing is special."""
    network = Of(lambda x: x[..., :6, :6], flat(size=6))
    for row in measured(network, textures()).values():
        assert holds_one(row, "stability") and holds_one(row, "specificity"), row
        assert row.verdict == "not stable"


def test_the_mean_colour_is_special_under_motions_that_keep_areas_and_not_stable():
    """Linear, so not stable: the tangent of any image has a mean of about 0.

    A shift or a turn moves the mean by what crosses the frame only, a deformation by what it compresses too; a scaling
    compresses everywhere, and is nothing special. Exact motions of the grid keep the mean: not resolved.
    """
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 10))
    found = measured(network, textures())
    assert {row.verdict for row in found.values()} == {"not stable"}
    assert found["translation_x"].specificity_high < 1 and found["rotation"].specificity_high < 1
    assert found["scale"].specificity_high > 1
    assert {row.verdict for row in measured(network, textures(), "C4,hflip").values()} == {"not resolved"}


class Energies(nn.Module):
    """Squares of differences within 3 x 3 pixels (weights of mean 0, so blind to colour), 24 of them."""

    def __init__(self, padding_mode="zeros"):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(24, 3, 3, 3) / 5)
        self.padding_mode = {"zeros": "constant"}.get(padding_mode, padding_mode)

    def forward(self, x):
        weights = self.weights - self.weights.mean((2, 3), keepdim=True)
        return functional.conv2d(functional.pad(x, (1, 1, 1, 1), self.padding_mode), weights).square()


def test_a_texture_with_global_pooling_is_specific_under_translation():
    """A shift leaves local patterns as they are, and their mean but for the frame.

    Deformations and the tangents of other images change the patterns. A scaling changes the size of all of them in one
    sense, and is less special than a shift.
    """
    found = measured(pooled(Energies("reflect")), textures())
    assert found["translation_x"].verdict == "specific"
    assert found["translation_x"].specificity_high < found["scale"].specificity


def test_an_average_over_quarter_turns_is_exact_for_them_and_not_between_them():
    """Under C4 it is symmetric to round-off; its derivative at the identity is that of four untrained networks."""
    single = flat()
    network = Of(lambda x: sum(single(x.rot90(k, (2, 3))) for k in range(4)))
    assert measured(network, textures(), "C4", "relative_error")["C4"].verdict == "not resolved"
    row = measured(network, textures(), "rotation")["rotation"]
    assert row.verdict == "not stable" and holds_one(row, "specificity")


def rings(x):
    """Means (n, 8 channels) over rings around the centre, sampled at 64 angles: blind to turns, by construction."""
    angle = torch.arange(64) * (2 * math.pi / 64)
    radius = (torch.arange(8) + 0.5) / 9
    grid = radius[:, None, None] * torch.stack([angle.cos(), angle.sin()], -1)
    sampled = functional.grid_sample(x, grid.expand(len(x), -1, -1, -1).to(x), "bicubic", align_corners=False)
    return sampled.mean(-1).flatten(1)


def test_a_network_of_rings_is_specific_under_rotation_alone():
    """What training on turned images strives for. The rings see a shift and a scaling as they see deformations."""
    network = Of(rings, nn.Sequential(nn.Linear(24, 64), nn.Tanh(), nn.Linear(64, 10)))
    found = measured(network, textures())
    assert found["rotation"].specificity_high < 0.3
    assert found["scale"].specificity_high > 1 and found["scale"].verdict in ("not stable", "unclear")
    assert found["translation_x"].specificity > 0.5


@pytest.mark.parametrize("seed", range(3))
def test_an_untrained_network_with_a_place_for_everything_is_not_stable(seed):
    torch.manual_seed(seed)
    for row in measured(flat(), textures(seed=seed), seed=seed).values():
        assert row.verdict == "not stable" and row.specificity_low < 1.1 and row.specificity_high > 0.9, row


def test_a_network_that_is_equivariant_but_for_the_boundary_says_so():
    """On a torus nothing is left of the error; through a mirror the frame is, and it is little beside a deformation.

    Squares of a bandlimited function have a mean that no shift between the pixels changes: the torus is exact.
    """
    network = pooled(Energies("circular")).double()
    x = textures().double()
    assert (
        measured(network, x, "translation_x", definition="periodic")["translation_x"].verdict
        == "not resolved"
    )
    mirrored = measured(network, x, "translation_x")["translation_x"]
    assert mirrored.verdict == "specific" and mirrored.specificity < 0.7
    assert measured(network, x, "shift(2)", "relative_error")["shift(2)"].verdict == "not resolved"


def moved(x, matrix):
    """Images (n, c, s, s) seen through affine maps (n, 2, 3)."""
    return functional.grid_sample(
        x, functional.affine_grid(matrix, list(x.shape), align_corners=False), "bicubic", align_corners=False
    )


def moments(x):
    """Centre (n, 2) and main axis (n,) of the brightness, in the units of affine maps."""
    size = x.shape[-1]
    at = ((torch.arange(size) + 0.5) * 2 / size - 1).to(x)
    mass = x.sum((1, 2, 3))
    across, down = ((x * p).sum((1, 2, 3)) / mass for p in (at, at[:, None]))
    second = lambda p, q: (x * p * q).sum((1, 2, 3)) / mass
    u, v = at - across[:, None, None, None], at[:, None] - down[:, None, None, None]
    angle = 0.5 * torch.atan2(2 * second(u, v), second(u, u) - second(v, v))
    return torch.stack([across, down], 1), angle


def centred(x):
    """Moved so that the centre of mass is in the middle."""
    centre, _ = moments(x)
    one = torch.eye(2).to(x).expand(len(x), -1, -1)
    return moved(x, torch.cat([one, centre[:, :, None]], 2))


def upright(x):
    """Moved and turned so that the main axis is level."""
    centre, angle = moments(x)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).reshape(-1, 2, 2)
    return moved(x, torch.cat([turn, centre[:, :, None]], 2))


def test_a_network_that_centres_its_images_is_specific_under_translation_alone():
    """Whatever the untrained network behind it does, a shift does not reach it; a scaling does."""
    found = measured(Of(centred, flat(1)), blobs())
    assert found["translation_x"].verdict == "specific" and found["translation_x"].specificity_high < 0.3
    assert found["scale"].specificity_high > 0.9


def test_a_network_that_turns_its_images_upright_is_specific_under_rotation_too():
    """A scaling keeps the main axis, which a deformation turns: so it is special too, and far less than a turn."""
    found = measured(Of(upright, flat(1)), blobs())
    assert found["rotation"].verdict == "specific" and found["rotation"].specificity_high < 0.3
    assert found["translation_x"].verdict == "specific" and found["translation_x"].specificity_high < 0.3
    assert found["scale"].specificity_low > 3 * found["rotation"].specificity_high


def bars(n=COUNT, size=SIZE, seed=0):
    """Images (n, 1, size, size) of a bar each, at any angle, near the middle."""
    random = torch.Generator().manual_seed(seed)
    angle = math.pi * torch.rand(n, generator=random)[:, None, None]
    at = torch.arange(size) + 0.5 - size / 2
    offset = torch.randn(n, 2, 1, 1, generator=random)
    u, v = at - offset[:, 0], at[:, None] - offset[:, 1]
    along, beside = angle.cos() * u + angle.sin() * v, angle.cos() * v - angle.sin() * u
    return torch.exp(-0.5 * (along / 4) ** 2 - 0.5 * (beside / 1.3) ** 2)[:, None]


def main_axis(x):
    _, angle = moments(x)
    return torch.stack([(2 * angle).cos(), (2 * angle).sin()], 1)


def test_an_upright_network_is_not_stable_under_rotation_and_specific_under_what_keeps_angles():
    """It reads the angle of a bar. Nothing as fast turns a bar further than a turn does, so that is no symmetry.

    Shifts and scalings keep the angle, which deformations turn.
    """
    found = measured(Of(main_axis), bars())
    assert found["rotation"].verdict == "not stable" and found["rotation"].specificity_low > 1
    assert found["translation_x"].verdict in ("specific", "not resolved")
    assert found["scale"].verdict in ("specific", "not resolved")


def test_rings_trained_or_not_are_never_called_learned_without_a_copy():
    network = Of(rings, nn.Sequential(nn.Linear(24, 64), nn.Tanh(), nn.Linear(64, 10)))
    assert all(row.verdict != "learned" for row in measured(network, textures()).values())
