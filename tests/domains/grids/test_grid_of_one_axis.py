"""Grids of one axis: signals, which move as images of one row do."""

from typing import ClassVar

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import linear_map, rotation_by, scaled_by, shifted_by
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import INTERPOLANTS
from symmeter.domains.grids.interpolants.series import Bandlimited

SIGNALS = torch.randn(3, 2, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SHIFT, SCALE = GENERATORS["translation_x"], GENERATORS["scale"]


class TestGridOfOneAxis(RepresentationContract):
    """By every definition."""

    elements = (linear_map([[1]]), linear_map([[-1]]), *(shifted_by([b], (9,), wrap=True) for b in (1, -2)))
    example = SIGNALS
    # Stretched by less than a sample, local kernels begin to filter, or meet a kink at the samples.
    differentiable: ClassVar = {"bandlimited": (SHIFT, SCALE), "periodic": (SHIFT, SCALE), "gruver2023": ()}

    @pytest.fixture(autouse=True, params=INTERPOLANTS)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation = Grid(INTERPOLANTS[request.param], axes=1)
        self.generators = self.differentiable.get(request.param, (SHIFT,))
        if request.param in ("bicubic", "bilinear"):
            self.step = 1e-8  # a kink at the samples makes the error of the quotient one of the first order


class TestChannelsLast(RepresentationContract):
    representation = Grid(Bandlimited(), "channels_last", padding="circular", axes=1)
    elements = (linear_map([[1]]), linear_map([[-1]]))
    generators = (SHIFT, SCALE)
    example = SIGNALS.mT.clone()


def test_it_is_a_row_of_an_image():
    line, image = Grid(Bandlimited(), axes=1), Grid(Bandlimited())
    for generator in (SHIFT, SCALE, GENERATORS["translation_y"], GENERATORS["hue"]):
        moved = line.differentiate(generator, SIGNALS)
        row = image.differentiate(generator, SIGNALS[:, :, None])
        torch.testing.assert_close(moved, row[:, :, 0], rtol=1e-12, atol=1e-12)
    for g in (SHIFT.exp(0.3), SCALE.exp(-0.2)):
        for a, b in zip(line.act(g, SIGNALS), image.act(g, SIGNALS[:, :, None]), strict=True):
            torch.testing.assert_close(a, b.squeeze(-2), rtol=1e-12, atol=1e-12)


def test_whole_shifts_and_reversal_are_exact_to_the_bit_and_a_scale_is_a_function_of_position():
    act = Grid(Bandlimited(), axes=1).acting(SIGNALS)
    assert torch.equal(act(shifted_by([4], (9,), wrap=True))[0], SIGNALS.roll(4, 2))
    assert torch.equal(act(linear_map([[-1]]))[0], SIGNALS.flip(2))
    position = (torch.arange(64, dtype=torch.float64) - 31.5) / 64
    wave = lambda u: torch.exp(-(u**2) / 0.01) * (1 + u)
    moved, mask = Grid(Bandlimited(), axes=1).act(scaled_by(1.25, 1), wave(position)[None, None])
    torch.testing.assert_close(moved[0, 0], wave(position / 1.25), atol=1e-9, rtol=0)
    assert bool(mask.all())


def test_a_shift_of_the_input_moves_features_by_their_own_positions():
    features = torch.randn(1, 2, 8, dtype=torch.float64)
    moved, _ = Grid(Bandlimited(), axes=1).act(shifted_by([8], (32,), wrap=True), features)
    assert torch.equal(moved, features.roll(2, 2))


def test_a_rotation_of_the_plane_takes_a_line_out_of_itself():
    check_refused(
        "rotate 90 turns more axes than the 1 of this grid",
        Grid(Bandlimited(), axes=1).act,
        rotation_by(90),
        SIGNALS,
    )


def test_its_border_are_its_ends():
    border = Grid(Bandlimited(), axes=1).border(torch.zeros(1, 1, 40))
    assert border.nonzero().flatten().tolist() == [0, 1, 38, 39]
