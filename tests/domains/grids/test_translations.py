"""Shifts by any amount, along the first axes of a grid or along one."""

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.grids.translations import Translations
from symmeter.symmetry.groups.group import choose_elements


class TranslationsContract(GroupContract):
    sizes: tuple[int, ...]

    def contains(self, element):
        far = [self.group.extent * size for size in reversed(self.shape[1:])]
        moved = self.group.axis or "xyz"[: self.group.axes]
        along = zip("xyz", element.shift, far, strict=False)
        return element.translates and all(abs(b) <= (axis in moved) * most for axis, b, most in along)


class TestAlongALine(TranslationsContract):
    shape = (2, 16)
    group = Translations(0.25, axis="x", wrap=True)


class TestInSpace(TranslationsContract):
    shape = (2, 4, 8, 16)

    @pytest.fixture(
        autouse=True,
        params=[Translations(axes=3), Translations(0.25, axis="z"), Translations(0.2, wrap=True)],
        ids=lambda group: group.name,
    )
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = request.param


def test_they_reach_as_far_as_their_extent_along_every_axis():
    elements = choose_elements(Translations(0.25, axes=3).bind((1, 8, 16, 40)), 300, 1).elements
    most = torch.tensor([g.shift for g in elements]).abs().amax(0)
    assert bool((most <= torch.tensor([10.0, 4.0, 2.0])).all()) and bool(
        (most > torch.tensor([9.0, 3.6, 1.8])).all()
    )
    flat = choose_elements(Translations(0.25).bind((1, 8, 16, 40)), 50, 1).elements
    assert all(g.shift[2] == 0 and g.shift[1] != 0 for g in flat)


def test_a_grid_without_the_axis_is_refused():
    check_refused(r"T1\(0.125,z\) moves volumes \(B, C, D, H, W\)", Translations(axis="z").bind, (3, 8, 8))
    check_refused(r"T3\(0.125\) moves volumes", Translations(axes=3).bind, (3, 16))
    check_refused("depends on the size of the grid", Translations().sample, 1, None)
