"""Grids of three axes: exact where the grid allows, and the same as functions of space elsewhere."""

import itertools
from typing import ClassVar

import pytest
import torch
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.affine_map import (
    AffineMap,
    as_map,
    linear_map,
    rotation_by,
    scaled_by,
    shifted_by,
)
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.generators_in_space import FAMILIES_IN_SPACE, GENERATORS_IN_SPACE
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import INTERPOLANTS
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.grids.resampler import Resampler
from symmeter.domains.space.motion import rotation_about
from symmeter.domains.space.point_groups import OCTAHEDRAL, WITH_INVERSION

CUBE = torch.randn(2, 2, 5, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
BOX = torch.randn(2, 2, 4, 5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
ALL = tuple(GENERATORS_IN_SPACE.values())
MOTIONS = tuple(
    GENERATORS_IN_SPACE[name] for family in ("translation", "rotation") for name in FAMILIES_IN_SPACE[family]
)


class TestGridInSpace(RepresentationContract):
    """Boxes of three sizes, by every definition."""

    elements = (linear_map([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), linear_map([[-1, 0, 0], [0, -1, 0], [0, 0, 1]]),
                shifted_by([2, -1, 1], (4, 5, 6), wrap=True))  # fmt: skip
    example = BOX
    # Stretched by less than a position, local kernels begin to filter, or meet a kink at the positions.
    differentiable: ClassVar = {"bandlimited": ALL, "periodic": ALL, "gruver2023": ()}

    @pytest.fixture(autouse=True, params=INTERPOLANTS)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.representation = Grid(INTERPOLANTS[request.param], axes=3)
        self.generators = self.differentiable.get(request.param, MOTIONS)
        if request.param in ("bicubic", "bilinear"):
            self.step = 1e-8  # a kink at the positions makes the error of the quotient one of the first order


class TestCubes(RepresentationContract):
    representation = Grid(Bandlimited(), axes=3)
    elements = OCTAHEDRAL.enumerate()[::3]
    example = CUBE[:, :1, 1:, 1:, 1:].clone()


class TestUnequalSteps(RepresentationContract):
    """With channels last, lengths of steps that differ, and one axis that is circular."""

    representation = Grid(
        Bandlimited(), "channels_last", padding="z=circular", axes=3, spacing=(1.0, 1.5, 3.0)
    )
    elements = (
        linear_map([[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        linear_map([[-1, 0, 0], [0, 1, 0], [0, 0, -1]]),
    )
    generators = ALL
    example = BOX.movedim(1, -1).clone()


@pytest.mark.parametrize("definition", INTERPOLANTS.values(), ids=INTERPOLANTS)
def test_quarter_turns_mirror_images_and_whole_shifts_are_exact_to_the_bit(definition):
    """Against the permutations of axes and flips that they are, for all 48 symmetries of the cube."""
    act = Grid(definition, axes=3).acting(CUBE)
    found = []
    for axes in itertools.permutations((2, 3, 4)):
        for flips in itertools.product((False, True), repeat=3):
            found.append(CUBE.permute(0, 1, *axes).flip([2 + i for i, flip in enumerate(flips) if flip]))
    seen = set()
    for g in WITH_INVERSION[1].enumerate():
        moved, mask = act(g)
        assert bool(mask.all())
        (which,) = [i for i, one in enumerate(found) if torch.equal(one, moved)]
        seen.add(which)
    assert len(seen) == 48
    shift = shifted_by([2, -1, 1], (5, 5, 5), wrap=True)
    assert torch.equal(act(shift)[0], CUBE.roll((1, -1, 2), (2, 3, 4)))


def test_a_quarter_turn_takes_x_to_y_by_the_right_hand_rule():
    x = torch.zeros(1, 1, 3, 3, 3)
    x[0, 0, 1, 1, 2] = 1  # at x = 1
    for axis, place in (("z", (1, 2, 1)), ("y", (0, 1, 1)), ("x", (1, 1, 2))):  # y = 1, z = -1, unmoved
        moved, _ = Grid(Bandlimited(), axes=3).act(rotation_about(axis, 90), x)
        assert moved[(0, 0, *place)] == 1 and moved.sum() == 1
    for axis in "xyz":
        flow = GENERATORS_IN_SPACE[f"rotation_{axis}"].exp(torch.pi / 2)
        rho = Grid(Bandlimited(), axes=3)
        torch.testing.assert_close(rho.act(flow, CUBE)[0], rho.act(rotation_about(axis, 90), CUBE)[0])


def test_planar_maps_and_generators_move_every_slice():
    """As on the frames of a video."""
    volume, plane = Grid(Bandlimited(), axes=3), Grid(Bandlimited())
    slices = BOX.movedim(2, 1).flatten(0, 1)
    back = lambda moved: moved.unflatten(0, (2, 4)).movedim(1, 2)
    for g in (
        rotation_by(90),
        rotation_by(33),
        AffineMap(((0.8, 0.1), (0.0, 1.2)), (0.5, -1.0)),
        GENERATORS["scale"].exp(0.2),
    ):
        torch.testing.assert_close(volume.act(g, BOX)[0], back(plane.act(g, slices)[0]), atol=1e-12, rtol=0)
    for name in ("rotation", "translation_y", "shear_x"):
        found = volume.differentiate(GENERATORS[name], BOX)
        torch.testing.assert_close(
            found, back(plane.differentiate(GENERATORS[name], slices)), atol=1e-12, rtol=0
        )
    same = GENERATORS["rotation"], GENERATORS_IN_SPACE["rotation_z"]
    assert torch.equal(*(volume.differentiate(one, BOX) for one in same))


@pytest.mark.parametrize(
    "definition", [*map(INTERPOLANTS.get, ("bandlimited", "periodic", "sinc", "bilinear"))]
)
@pytest.mark.parametrize("linear", [
    rotation_about((1, 2, 3), 40).linear,
    ((0.0, 1.3, 0.0), (0.0, 0.0, 1.0), (-0.8, 0.0, 0.0)),
    ((1.0, 0.0, 0.3), (0.0, -1.0, 0.0), (0.2, 0.0, 0.9)),
])  # fmt: skip
def test_fast_sampling_is_the_dense_sum(definition, linear):
    """Every value by its own rows of interpolation weights, written out."""
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    source = torch.cat(
        [torch.tensor(linear, dtype=torch.float64), torch.tensor([[0.3], [-1.2], [0.4]]).double()], 1
    )
    found, _ = Resampler(x, [definition] * 3)(source)
    cutoffs = [min(1.0, 1 / float(row.norm())) for row in source[:, :3]]
    for k, j, i in itertools.product(range(3), range(4), range(5)):
        p = torch.tensor([i - 2.0, j - 1.5, k - 1.0, 1.0], dtype=torch.float64)
        rows = [
            definition.interpolation(n, (at + (n - 1) / 2)[None], cutoff)[0]
            for n, at, cutoff in zip((5, 4, 3), source @ p, cutoffs, strict=True)
        ]
        expected = torch.einsum("bdhw,w,h,d->b", x, *rows)
        torch.testing.assert_close(found[:, k, j, i], expected, atol=1e-10, rtol=0)


def ball(sizes, spacing, centre):
    """A smooth ball in space, on a grid of steps of these lengths along x, y, z: (1, 1, D, H, W)."""
    axes = [
        (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * step
        for n, step in zip(reversed(sizes), spacing, strict=True)
    ]
    z, y, x = torch.meshgrid(*reversed(axes), indexing="ij")
    away = sum((a - c) ** 2 for a, c in zip((x, y, z), centre, strict=True))
    return torch.exp(-away / 18)[None, None]


def test_a_ball_stays_a_ball_where_steps_differ_and_moves_where_it_should():
    sizes, spacing, centre = (12, 24, 36), (1.0, 1.5, 3.0), (4.0, -3.0, 5.0)
    x = ball(sizes, spacing, centre)
    rho, blind = Grid(Bandlimited(), axes=3, spacing=spacing), Grid(Bandlimited(), axes=3)
    turn = rotation_about((1, 1, 0.5), 50)
    moved, mask = rho.act(turn, x)
    goes_to = (turn.rotation @ torch.tensor(centre, dtype=torch.float64)).tolist()
    expected = ball(sizes, spacing, goes_to)
    assert float(((moved - expected) * mask).abs().max()) < 1e-2  # steps of 3 carry the ball up to 0.7 %
    assert float(((blind.act(turn, x)[0] - expected) * mask).abs().max()) > 0.2
    about_centre = ball(sizes, spacing, (0.0, 0.0, 0.0))
    for axis in "xyz":
        turning = GENERATORS_IN_SPACE[f"rotation_{axis}"]
        assert float(rho.differentiate(turning, about_centre).abs().max()) < 1e-2
        assert float(blind.differentiate(turning, about_centre).abs().max()) > (0.05 if axis != "z" else 0.02)


def test_axes_that_are_circular_wrap_and_others_do_not():
    """A sphere of longitudes along x: every shift along x is exact, also by fractions, and nothing is masked."""
    rho = Grid(Bandlimited(), padding="x=circular,y=zeros")
    x = torch.randn(1, 1, 6, 8, dtype=torch.float64)
    along, mask = rho.act(AffineMap(shift=(3.0, 0.0), frame=(6, 8)), x)
    assert torch.equal(along, x.roll(3, 3)) and bool(mask.all())
    across, mask = rho.act(AffineMap(shift=(0.0, 2.0), frame=(6, 8)), x)
    assert torch.equal(across[:, :, 2:], x[:, :, :-2]) and not across[:, :, :2].any()
    assert mask.sum(1).tolist() == [0, 0, 8, 8, 8, 8]
    half, _ = rho.act(AffineMap(shift=(0.5, 0.0), frame=(6, 8)), x)
    torch.testing.assert_close(half, Grid(Periodic()).act(AffineMap(shift=(0.5, 0.0), frame=(6, 8)), x)[0])
    slopes = [
        Grid(one).differentiate(GENERATORS[f"translation_{axis}"], x)
        for axis, one in (("x", Periodic()), ("y", Bandlimited()))
    ]
    for axis, slope in zip("xy", slopes, strict=True):
        assert torch.equal(rho.differentiate(GENERATORS[f"translation_{axis}"], x), slope)
    check_refused("no axis z", Grid(Bandlimited(), padding="z=circular").act, rotation_by(90), x)


def test_maps_of_more_axes_than_a_grid_has_are_refused_where_they_leave_it():
    plane = Grid(Bandlimited())
    x = torch.randn(1, 1, 4, 4, dtype=torch.float64)
    assert torch.equal(plane.act(rotation_about("z", 90), x)[0], torch.rot90(x, -1, (2, 3)))
    check_refused("rotate 90 about x turns more axes than the 2", plane.act, rotation_about("x", 90), x)


def test_maps_of_space_are_named_for_people():
    names = [as_map(g).name for g in (rotation_about("z", 90), WITH_INVERSION[1].enumerate()[-1])]
    assert names[0] == "rotate 90 about z"
    assert linear_map([[-1, 0, 0], [0, 1, 0], [0, 0, 1]]).name == "mirror x"
    assert shifted_by([1, 0, 0]).name == "shift 1 0 0" and scaled_by(1.25, 3).name == "scale 1.25"
    assert linear_map([[1, 0, 0.5], [0, 1, 0], [0, 0, 1]]).name.startswith("affine 1.00 0.00 0.50")
    assert (scaled_by(2, 3).parameter, scaled_by(2, 3).parameter_unit) == (2.0, "factor")


def test_a_turned_volume_is_read_in_portions(monkeypatch):
    """As many blocks at once as the module allows, and the same values with all of them at once."""
    from symmeter.domains.grids import blocks

    read, most = blocks._read, []
    monkeypatch.setattr(blocks, "_read", lambda *given: most.append(given[-1].shape[:2]) or read(*given))
    x = torch.randn(1, 1, 18, 19, 20, dtype=torch.float64)
    turn = rotation_about((1, 2, 3), 40)
    moved, _ = Grid(Bandlimited(), axes=3).act(turn, x)
    at_once, of_each = zip(*most, strict=True)
    assert sum(at_once) == 5**3 and set(of_each) == {4**3}
    assert len(most) > 1 and max(at_once) * 4**3 * 14**2 <= blocks._ENTRIES
    monkeypatch.setattr(blocks, "_ENTRIES", 2**40)
    whole, _ = Grid(Bandlimited(), axes=3).act(turn, x)
    assert len(most) == len(at_once) + 1
    torch.testing.assert_close(whole, moved, atol=1e-12, rtol=0)
