"""Finite motions of images: exact where the grid allows, group laws elsewhere up to what re-sampling costs."""

import math

import pytest
import torch

from symmeter.domains.grids.affine_map import AffineMap, rotation_by
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import INTERPOLANTS
from symmeter.domains.grids.interpolants.local import Sinc
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.grids.pixels import Pixels
from symmeter.domains.grids.planar import Reflection
from symmeter.domains.grids.resampler import Resampler
from symmeter.domains.grids.shifts import Shifts
from symmeter.domains.grids.tokens import Tokens
from symmeter.symmetry.groups.group import ProductElement
from symmeter.symmetry.groups.permutations import Permutation


def bump(n, dtype=torch.float64):
    """A smooth image with nothing near its border: rotations stay inside the frame."""
    t = (torch.arange(n, dtype=dtype) - (n - 1) / 2) / n
    y, x = t[:, None], t
    envelope = torch.exp(-((x**2 + y**2) / 0.02))
    return (envelope * (1 + torch.cos(14 * x + 6 * y)))[None, None]


@pytest.mark.parametrize("definition", INTERPOLANTS.values(), ids=INTERPOLANTS)
def test_quarter_turns_flips_and_whole_shifts_are_exact_to_the_bit(definition):
    x = torch.randn(2, 3, 7, 7)
    rho = Grid(definition)
    for k in range(4):
        assert torch.equal(rho.act(rotation_by(90 * k), x)[0], torch.rot90(x, k, (-2, -1)))
    assert torch.equal(rho.act(Reflection(True).enumerate()[1], x)[0], x.flip(-1))
    assert torch.equal(rho.act(Reflection(False).enumerate()[1], x)[0], x.flip(-2))
    shift = AffineMap(shift=(2.0, -3.0), frame=(7, 7), wrap=True)
    assert torch.equal(rho.act(shift, x)[0], x.roll((-3, 2), (-2, -1)))


def test_a_whole_shift_without_wrapping_mirrors_and_masks():
    x = torch.arange(5.0).expand(1, 1, 2, 5)
    moved, mask = Grid(Bandlimited()).act(AffineMap(shift=(2.0, 0.0), frame=(2, 5)), x)
    assert moved[0, 0, 0].tolist() == [1, 0, 0, 1, 2]
    assert mask[0].tolist() == [0, 0, 1, 1, 1]
    empty, _ = Grid(Bandlimited(), padding="zeros").act(AffineMap(shift=(2.0, 0.0), frame=(2, 5)), x)
    assert empty[0, 0, 0].tolist() == [0, 0, 0, 1, 2]


@pytest.mark.parametrize("shape", [(12, 12), (11, 13), (10, 14)])
@pytest.mark.parametrize("definition", INTERPOLANTS.values(), ids=INTERPOLANTS)
@pytest.mark.parametrize(
    "linear",
    [
        ((0.8, -0.6), (0.6, 0.8)),
        ((1.7, 0.0), (0.0, 1.7)),
        ((0.0, 1.3), (-0.9, 0.0)),
        ((1.0, 0.4), (0.0, 0.7)),
    ],
)
def test_fast_sampling_is_the_dense_sum(shape, definition, linear):
    """Every value by its own row of interpolation weights, written out."""
    x = torch.randn(2, *shape, dtype=torch.float64)
    source = torch.cat([torch.tensor(linear, dtype=torch.float64), torch.tensor([[0.3], [-1.2]]).double()], 1)
    found, _ = Resampler(x, [definition] * 2)(source)
    height, width = shape
    steps = source[:, :2].norm(dim=1)
    across, down = (min(1.0, 1 / float(step)) for step in steps)
    for i in range(height):
        for j in range(width):
            p = torch.tensor([j - (width - 1) / 2, i - (height - 1) / 2, 1.0], dtype=torch.float64)
            u, v = source @ p
            row = definition.interpolation(height, (v + (height - 1) / 2)[None], down)[0]
            column = definition.interpolation(width, (u + (width - 1) / 2)[None], across)[0]
            torch.testing.assert_close(
                found[:, i, j], torch.einsum("h,bhw,w->b", row, x, column), atol=1e-10, rtol=0
            )


def disc(n):
    """The inscribed disc, a pixel smaller: what no rotation takes out of the frame."""
    t = torch.arange(n) - (n - 1) / 2
    return t[:, None] ** 2 + t**2 < (n / 2 - 1) ** 2


@pytest.mark.parametrize(("definition", "bound"), [(Bandlimited(), 1e-4), (Sinc(), 3e-3)])
def test_any_rotation_composes_on_smooth_images(definition, bound):
    x = bump(48)
    rho = Grid(definition)
    twice = rho.act(rotation_by(25), rho.act(rotation_by(20), x)[0])[0]
    once = rho.act(rotation_by(45), x)[0]
    assert float((twice - once)[..., disc(48)].abs().max()) < bound * float(x.max())
    back = rho.act(rotation_by(-45), once)[0]
    assert float((back - x)[..., disc(48)].abs().max()) < bound * float(x.max())


@pytest.mark.parametrize("definition", INTERPOLANTS.values(), ids=INTERPOLANTS)
def test_float32_images_move_as_float64_ones_do(definition):
    x = torch.randn(2, 3, 17, 20, dtype=torch.float64)
    exact = Grid(definition).act(rotation_by(33), x)[0]
    torch.testing.assert_close(
        Grid(definition).act(rotation_by(33), x.float())[0].double(), exact, atol=3e-5, rtol=0
    )


def test_rotation_agrees_with_the_function_that_was_sampled():
    n, angle = 64, math.radians(30)
    t = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) / n
    f = lambda px, py: torch.exp(-((px - 0.1) ** 2 + (py + 0.05) ** 2) / 0.01)
    x = f(t.expand(n, n), t[:, None].expand(n, n))[None, None]
    moved, _ = Grid(Bandlimited()).act(rotation_by(30), x)
    c, s = math.cos(angle), math.sin(angle)  # g^-1 p, y down, counterclockwise as one looks
    px, py = t.expand(n, n), t[:, None].expand(n, n)
    exact = f(c * px - s * py, s * px + c * py)
    torch.testing.assert_close(moved[0, 0][disc(n)], exact[disc(n)], atol=1e-6, rtol=0)


def test_a_fractional_circular_shift_is_the_fourier_one():
    x = torch.randn(1, 1, 9, 9, dtype=torch.float64)
    moved, mask = Grid(Bandlimited()).act(AffineMap(shift=(0.3, 0.0), frame=(9, 9), wrap=True), x)
    phase = torch.exp(-2j * math.pi * torch.fft.fftfreq(9, dtype=torch.float64) * 0.3)
    torch.testing.assert_close(moved, torch.fft.ifft(torch.fft.fft(x) * phase).real, atol=1e-12, rtol=0)
    assert mask.all()


def test_scaling_down_filters_before_it_samples():
    n = 64
    j = torch.arange(n, dtype=torch.float64) + 0.5
    high = torch.cos(math.pi * 50 * j / n).expand(1, 1, n, n)
    low = torch.cos(math.pi * 6 * j / n).expand(1, 1, n, n)
    half = AffineMap(((0.5, 0.0), (0.0, 0.5)))
    rho = Grid(Bandlimited())
    inside = rho.act(half, high)[1].bool()
    assert float(rho.act(half, high)[0][..., inside].abs().max()) < 1e-10
    assert float(rho.act(half, low)[0][..., inside].abs().max()) > 0.9
    assert float(Grid(INTERPOLANTS["bilinear"]).act(half, high)[0][..., inside].abs().max()) > 0.3


def test_a_shift_moves_a_feature_map_by_its_own_pixels():
    frame = (32, 64)
    features = torch.randn(1, 2, 8, 16)
    moved, _ = Grid(Periodic()).act(AffineMap(shift=(8.0, 4.0), frame=frame, wrap=True), features)
    torch.testing.assert_close(moved, features.roll((1, 2), (-2, -1)))


def test_colours_are_permuted_in_pixel_values_and_pairs_act_part_by_part():
    pixels = Pixels((0.1, 0.2, 0.3), (0.5, 0.25, 0.2))
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    rho = Grid(Bandlimited(), pixels=pixels)
    cycle = Permutation((1, 2, 0), "channels")
    moved, _ = rho.act(cycle, x)
    torch.testing.assert_close(pixels.to_unit(moved), pixels.to_unit(x)[:, [2, 0, 1]])
    both, _ = rho.act(ProductElement((rotation_by(90), cycle)), x)
    torch.testing.assert_close(both, torch.rot90(moved, 1, (-2, -1)))
    assert torch.equal(Grid(Bandlimited()).act(cycle, x)[0], x)


def test_tokens_turn_on_their_grid_and_leave_the_prefix():
    tokens = torch.randn(2, 1 + 9, 4)
    moved, mask = Tokens(Bandlimited(), (3, 3), 1).act(rotation_by(90), tokens)
    grid = tokens[:, 1:].unflatten(1, (3, 3))
    assert torch.equal(moved[:, :1], tokens[:, :1])
    assert torch.equal(moved[:, 1:].unflatten(1, (3, 3)), torch.rot90(grid, 1, (1, 2)))
    assert mask.shape == (10, 1) and mask.all()


def test_all_circular_shifts_are_a_group_of_the_size_of_the_image():
    group = Shifts().bind((1, 3, 4))
    elements = group.enumerate()
    assert group.order == len(elements) == 12 and elements[0].is_identity
    x = torch.arange(12.0).reshape(1, 1, 3, 4)
    moved = {tuple(Grid(Bandlimited()).act(g, x)[0].flatten().tolist()) for g in elements}
    assert len(moved) == 12
