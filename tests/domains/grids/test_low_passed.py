"""`bandlimited(B)`: directions without the highest frequencies."""

import math

import pytest
import torch

import symmeter
from symmeter.domains.grids.deformations import deformed
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.domains.grids.interpolants.low_passed import LowPassed
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.images.domain import Images
from symmeter.domains.images.options import ImageOptions
from symmeter.errors import SymmeterError
from symmeter.measuring.plan import Given, Settings, make_plan, plan_along
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial

N = 16
AFFINE = [GENERATORS[name] for name in ("translation_x", "translation_y", "rotation", "scale", "shear_x")]


def wave(k_rows: int, k_columns: int, n: int = N) -> torch.Tensor:
    """cos(pi k (j + 1/2) / n) along both axes, (1, 1, n, n) float64."""
    position = torch.arange(n, dtype=torch.float64) + 0.5
    rows, columns = (torch.cos(math.pi * position * k / n) for k in (k_rows, k_columns))
    return (rows[:, None] * columns)[None, None]


@pytest.mark.parametrize("generator", AFFINE, ids=lambda g: g.name)
@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_waves_below_half_of_nyquist_move_as_they_do_and_those_above_stand_still(generator, layout):
    low, full = Grid(LowPassed(0.5), layout), Grid(Bandlimited(), layout)
    for k_rows, k_columns, kept in ((3, 7, 1), (0, 7, 1), (3, 8, 0), (11, 2, 0), (15, 15, 0)):
        x = wave(k_rows, k_columns)
        x = x.movedim(1, -1) if layout == "channels_last" else x
        expected = kept * full.differentiate(generator, x)
        torch.testing.assert_close(low.differentiate(generator, x), expected, atol=1e-12, rtol=0)


def test_deformations_are_of_the_low_part_too():
    random = torch.randn(1, 64)
    low, full = Grid(LowPassed(0.5)), Grid(Bandlimited())
    kept, left_out = wave(3, 7), wave(3, 8)
    moved = deformed(low, AFFINE, kept + left_out, random)
    for found, expected in zip(moved, deformed(full, AFFINE, kept, random), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_covectors_pair_with_the_same_direction():
    x, w = torch.randn(2, 3, 8, 10, dtype=torch.float64), torch.randn(2, 3, 8, 10, dtype=torch.float64)
    rho = Grid(LowPassed(0.3))
    slow = torch.stack([(w * v).flatten(1).sum(1) for v in rho.differentiate_all(AFFINE, x)])
    torch.testing.assert_close(rho.pairing(x)(AFFINE, w), slow)


def test_a_line_is_a_row_of_an_image():
    x = torch.randn(2, 3, 13, dtype=torch.float64)
    shift = GENERATORS["translation_x"]
    line = Grid(LowPassed(0.4), axes=1).differentiate(shift, x)
    row = Grid(LowPassed(0.4)).differentiate(shift, x[:, :, None])[:, :, 0]
    torch.testing.assert_close(line, row)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_constant_has_no_derivative_at_all(dtype):
    x = torch.full((2, 3, 31, 28), 1234.567, dtype=dtype)
    shift = GENERATORS["translation_x"]
    assert not Grid(LowPassed(0.5)).differentiate(shift, x).any()


def test_a_smoothed_image_is_smooth_already():
    x = torch.randn(2, 9, 12, dtype=torch.float64)
    once = LowPassed(0.5).smoothed(x, (1, 2))
    torch.testing.assert_close(LowPassed(0.5).smoothed(once, (1, 2)), once)
    spectrum = torch.einsum("kj,bij->bik", Bandlimited._analysis(12), once)
    assert float(spectrum[..., 6:].abs().max()) < 1e-12


def test_colours_and_whole_motions_keep_all_frequencies():
    x = torch.rand(1, 3, N, N)
    low, full = Grid(LowPassed(0.2)), Grid(Bandlimited())
    turned = GENERATORS["rotation"].exp(0.3)
    assert torch.equal(low.act(turned, x)[0], full.act(turned, x)[0])
    gain = GENERATORS["gain"]
    assert torch.equal(low.differentiate(gain, x), full.differentiate(gain, x))


def test_an_invariant_output_reacts_to_the_low_part_alone():
    """f = <w, .>: L f = <w, X P x>, here of a wave below and a wave above half of Nyquist."""
    low, high = wave(0, 3), wave(0, 9)
    w = torch.randn(N, N, dtype=torch.float64)
    f = lambda x: (x * w).flatten(1).sum(1, keepdim=True)
    shift = GENERATORS["translation_x"]
    for definition, seen in ((LowPassed(0.5), low), (Bandlimited(), low + high)):
        _, found = lie_derivative(f, low + high, [shift], Grid(definition), Trivial())
        torch.testing.assert_close(found[0], f(Grid(Bandlimited()).differentiate(shift, seen)))


@pytest.mark.parametrize(("written", "name"), [
    ("bandlimited(0.5)", "bandlimited(0.5)"), (" bandlimited(.250)", "bandlimited(0.25)"),
    ("bandlimited(1)", "bandlimited"), ("bandlimited(1.0)", "bandlimited"),
])  # fmt: skip
def test_the_name_is_the_shortest_one(written, name):
    assert parse_interpolant(written).name == name
    assert Images(ImageOptions(definition=written)).definition == name


@pytest.mark.parametrize("written", ["bandlimited(0)", "bandlimited(1.5)", "bandlimited(half)", "bandlimited()",
                                     "bandlimited(nan)", "bandlimited(-0.5)"])  # fmt: skip
def test_a_share_outside_of_0_to_1_is_refused_by_name(written):
    with pytest.raises(SymmeterError, match="above 0 and at most 1") as error:
        parse_interpolant(written)
    assert written in str(error.value)


def given() -> Given:
    return Given(torch.rand(4, 3, 8, 8), options={"definition": "bandlimited(0.5)"})


def test_groups_and_layers_are_refused_before_anything_is_measured():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3)).eval()
    with pytest.raises(SymmeterError, match="one of derivatives, and C4 moves whole images"):
        make_plan(network, given(), "translation,C4", None, "logits", Settings())
    with pytest.raises(SymmeterError, match="and attribution needs all of them"):
        plan_along(network, given(), "translation", "logits", Settings(), "attribution")


def test_outputs_that_move_are_refused():
    rho = Images(ImageOptions(definition="bandlimited(0.5)")).act_by("invariant", torch.rand(2, 3, 4, 4))
    assert isinstance(rho, Trivial)
    with pytest.raises(SymmeterError, match="cannot be expected to move along"):
        symmeter.measure(
            torch.nn.Conv2d(3, 4, 3), torch.rand(4, 3, 8, 8), output="logits", definition="bandlimited(0.5)"
        )
