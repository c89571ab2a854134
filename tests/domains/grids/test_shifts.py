"""Shifts along both axes or one: the same as torch.roll, in every way of writing them."""

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.helpers import check_refused
from torch import nn
from torch.nn import functional as F

import symmeter
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.planar import Cyclic, Reflection
from symmeter.domains.grids.shifts import Shifts, margin_of
from symmeter.domains.grids.window import Window
from symmeter.kinds_of_data import parse_group
from symmeter.symmetry.groups.group import choose_elements
from symmeter.symmetry.groups.products import DirectProduct

X = torch.rand(2, 3, 5, 8, dtype=torch.float64)


def moved(group, x=X):
    """What every element of a group makes of x, by its shift (x, y)."""
    act = Grid(Bandlimited()).acting(x)
    return {g.shift: act(g)[0] for g in parse_group(group).bind(tuple(x.shape[1:])).enumerate()}


@pytest.mark.parametrize(("group", "steps"), [
    ("shift", [(i, j) for i in range(8) for j in range(5)]),
    ("shift(x)", [(i, 0) for i in range(8)]),
    ("shift_y", [(0, j) for j in range(5)]),
    ("shift(3,x)", [(i, 0) for i in range(-3, 4)]),
    ("shift(y,2)", [(0, j) for j in range(-2, 3)]),
    ("shift(2)", [(i, j) for i in range(-2, 3) for j in range(-2, 3)]),
])  # fmt: skip
def test_circular_shifts_are_rolls(group, steps):
    found = moved(group)
    assert set(found) == {(float(i), float(j)) for i, j in steps}
    for (i, j), image in found.items():
        torch.testing.assert_close(image, X.roll((int(j), int(i)), (2, 3)), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("text", "name"), [
    ("shift(8,crop,x)", "shift(8,crop,x)"), ("shift(x,8,crop)", "shift(8,crop,x)"), ("shift_x(crop,8)", "shift(8,crop,x)"),
    ("shift(crop,8)", "shift(8,crop)"), ("shift_y", "shift(y)"), ("shift(8,circular,y)", "shift(8,y)"),
    ("shift(open,4,y)", "shift(4,open,y)"), ("T1(x)", "T1(0.125,x)"), ("T1(circular,0.2,y)", "T1(0.2,circular,y)"),
    ("T2(circular)", "T2(0.125,circular)"),
])  # fmt: skip
def test_words_stand_in_any_order(text, name):
    assert parse_group(text).name == name
    assert parse_group(name) == parse_group(text)


class TestShifts(GroupContract):
    shape = (3, 5, 8)
    parse = parse_group

    @pytest.fixture(
        autouse=True,
        params=["shift", "shift(x)", "shift(y)", "shift(1)", "shift(2,x)", "shift(2,open)", "shift(1,crop)"],
    )
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = parse_group(request.param)


def test_a_row_of_pixels_is_shifted_along_it():
    row = torch.rand(2, 1, 1, 16, dtype=torch.float64)
    both, one = moved("shift(4)", row), moved("shift(4,x)", row)
    assert both.keys() == one.keys() and len(both) == 9
    for (i, _), image in both.items():
        torch.testing.assert_close(image, row.roll(int(i), 3), atol=1e-12, rtol=0)
    assert parse_group("shift").bind((1, 1, 16)).order == 16
    check_refused("one pixel along that axis", parse_group("shift(4,y)").bind, (1, 1, 16))


def test_limits_are_those_of_the_axes_that_are_moved_along():
    check_refused(r"give at most shift\(2\), or shift for all", parse_group("shift(4)").bind, (3, 5, 8))
    check_refused(
        r"give at most shift\(3,x\), or shift\(x\) for all", parse_group("shift(4,x)").bind, (3, 9, 8)
    )
    assert parse_group("shift(3,x)").bind((3, 5, 8)).order == 7


def test_a_window_moves_along_one_axis_of_an_image_that_is_larger_there_only():
    group = parse_group("shift(2,crop,x)")
    assert margin_of(group) == (0, 2)
    act = Window(margin_of(group)).acting(X)
    for g in group.bind((3, 5, 4)).enumerate():
        left = 2 - int(g.shift[0])
        assert torch.equal(act(g)[0], X[..., left : left + 4])
    check_refused(
        r"more than half of a 8 x 8 image; give at most shift\(3\)", parse_group("shift(8)").bind, (3, 8, 8)
    )
    check_refused(r"shift\(4,crop\) needs images of more than 8 pixels.*shift\(4,crop,x\)",
                  parse_group("shift(4,crop)").bind, (3, -3, 0))  # fmt: skip


def test_windows_along_one_axis_are_measured():
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 5 * 4, 4)).double().eval()
    row = symmeter.measure(net, X, "shift(2,crop,x)", "relative_error", "logits", control=False).rows[0]
    seen = [net(X[..., 2 - i : 6 - i]).detach() for i in (-2, -1, 0, 1, 2)]
    errors = [(y - seen[2]).norm(dim=1) / seen[2].norm(dim=1) for y in seen if y is not seen[2]]
    assert row.value == pytest.approx(float(torch.stack(errors).mean()), rel=1e-9)


def test_translations_along_one_axis_leave_the_other_alone():
    group = parse_group("T1(0.25,x)").bind((3, 5, 8))
    shifts = torch.tensor([g.shift for g in choose_elements(group, 200, 1).elements])
    assert bool((shifts[:, 1] == 0).all()) and 1.8 < float(shifts[:, 0].max()) <= 2
    turned = choose_elements(parse_group("T1(0.25,y)").bind((3, 5, 8)), 200, 1).elements
    assert all(g.shift[0] == 0 and abs(g.shift[1]) <= 1.25 for g in turned)


class Panorama(nn.Module):
    """Equivariant to shifts along x, with zeros above and below."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 4, 3)

    def forward(self, x):
        wrap = lambda z: F.pad(F.pad(z, (1, 1, 0, 0), mode="circular"), (0, 0, 1, 1))
        return self.second(wrap(F.gelu(self.first(wrap(x)))))


@pytest.mark.parametrize(
    ("symmetry", "exact"), [("shift(3,x)", True), ("shift(x)", True), ("shift(3,y)", False)]
)
def test_a_panorama_is_equivariant_along_one_axis_only(symmetry, exact):
    x = torch.rand(3, 3, 8, 12)
    row = symmeter.measure(
        Panorama().eval(), x, symmetry, "relative_error", "logits", padding="circular"
    ).rows[0]
    assert (row.value < 1e-6) == exact
    assert (row.verdict == "not resolved") == exact


def test_a_product_needs_the_largest_margin_of_its_factors():
    both = DirectProduct((Shifts(2, "crop", "x"), Shifts(3, "crop", "y"), Cyclic(2)))
    assert margin_of(both) == (3, 2)
    assert margin_of(DirectProduct((Cyclic(2), Reflection()))) is None and margin_of(None) is None
