"""Shifts of signals and of volumes, and windows that they move: the same as rolls and slices."""

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.contracts.representation import RepresentationContract
from tests.helpers import check_refused

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.shifts import CROP, OPEN, Shifts, margin_of, parse_shifts
from symmeter.domains.grids.window import Window

LINES = torch.randn(2, 3, 9, dtype=torch.float64)
VOLUMES = torch.randn(2, 1, 5, 6, 7, dtype=torch.float64)


class TestShiftsOfSignals(GroupContract):
    shape = (3, 9)

    @staticmethod
    def parse(name):
        return parse_shifts(*filter(None, name.removeprefix("shift").strip("()").split(",")))

    @pytest.fixture(autouse=True, params=[(), ("2",), ("x",), ("2", OPEN), ("2", CROP)], ids=str)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = parse_shifts(*request.param)


class TestShiftsOfVolumes(TestShiftsOfSignals):
    shape = (1, 5, 6, 7)

    @pytest.fixture(autouse=True, params=[(), ("1",), ("z",), ("1", "y", OPEN), ("1", CROP)], ids=str)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = parse_shifts(*request.param)


class TestWindowInSpace(RepresentationContract):
    representation = Window((1, 0, 2))
    elements = Shifts(1, CROP, "z").bind((1, 3, 6, 3)).enumerate()
    example = VOLUMES
    keeps_shape = False  # what is seen is smaller than the volume


class TestWindowOfALine(RepresentationContract):
    representation = Window((2,))
    elements = Shifts(2, CROP).bind((3, 5)).enumerate()
    example = LINES
    keeps_shape = False  # what is seen is shorter than the line


@pytest.mark.parametrize(
    ("words", "x"), [((), LINES), (("1",), VOLUMES), (("z",), VOLUMES), (("2", "y"), VOLUMES)]
)
def test_circular_shifts_are_rolls(words, x):
    group = parse_shifts(*words).bind(tuple(x.shape[1:]))
    act = Grid(Bandlimited(), axes=x.ndim - 2).acting(x)
    seen = set()
    for g in group.enumerate():
        steps = [int(b) for b in reversed(g.shift)]
        assert torch.equal(act(g)[0], x.roll(steps, tuple(range(2, x.ndim))))
        seen.add(tuple(steps))
    assert len(seen) == group.order


def test_windows_of_volumes_are_slices():
    group = parse_shifts("1", CROP).bind((1, 3, 4, 5))
    margin = margin_of(group, 3)
    assert margin == (1, 1, 1) and margin_of(parse_shifts("2", CROP, "y"), 3) == (0, 2, 0)
    act = Window(margin).acting(VOLUMES)
    for g in group.enumerate():
        x, y, z = map(int, g.shift)
        assert torch.equal(act(g)[0], VOLUMES[..., 1 - z : 4 - z, 1 - y : 5 - y, 1 - x : 6 - x])


def test_names_are_those_of_the_axis_and_elements_have_one_number_for_each():
    assert [g.name for g in parse_shifts("1").bind((3, 9)).enumerate()] == ["identity", "shift -1", "shift 1"]
    assert parse_shifts("1", "z").bind((1, 5, 6, 7)).enumerate()[1].name == "shift 0 0 -1"


def test_what_does_not_fit_is_refused_in_the_words_of_the_data():
    check_refused("a 9 signal has no axis z", parse_shifts("1", "z").bind, (3, 9))
    check_refused(
        r"more than half of a 5 x 6 x 7 volume; give at most shift\(2\), or shift",
        parse_shifts("3").bind,
        (1, 5, 6, 7),
    )
    check_refused("needs volumes of more than 4 voxels", parse_shifts("2", CROP).bind, (1, 0, 6, 7))
    check_refused(r"moves signals \(B, C, L\) or images \(B, C, H, W\) or volumes", parse_shifts().bind, (9,))
    check_refused(
        "volumes of 5 x 6 x 7 have no window inside a margin of 3 x 0 x 0 voxels",
        Window((3, 0, 0)).acting,
        VOLUMES,
    )
