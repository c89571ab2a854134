"""The contract of representations fails broken ones: images moved by quarter turns, each spoilt in one way."""

from collections.abc import Callable

import pytest
import torch
from tests.contracts.failures import failures, names_of
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.domains.grids.planar_products import dihedral
from symmeter.symmetry.groups.group import ProductElement


class Sound(Grid):
    """Images (B, C, H, W) that are acted on as they should be; subclasses spoil the result."""

    def __init__(self):
        super().__init__(Periodic())

    def acting(self, x):
        act = super().acting(x)
        return lambda g: self.spoil(g, x, *act(g))

    def spoil(self, g, x, moved, mask):
        return moved, mask


class MovesAlways(Sound):
    def spoil(self, g, x, moved, mask):
        return moved.roll(1, -1), mask


class ActsFromTheRight(Sound):
    def acting(self, x):
        act = Grid.acting(self, x)
        return lambda g: act(g.inverse())


class KeepsHalfTurns(Sound):
    def spoil(self, g, x, moved, mask):
        return (x if isinstance(g, AffineMap) and g.parameter == 180 else moved), mask


class Squares(Sound):
    def spoil(self, g, x, moved, mask):
        return moved.abs(), mask


class HasAnOffset(Sound):
    def spoil(self, g, x, moved, mask):
        return (moved if g.is_identity else moved + 1), mask


class RemembersTheLast(Sound):
    def acting(self, x):
        act, calls = super().acting(x), []

        def counted(g):
            calls.append(g)
            moved, mask = act(g)
            return moved + 1e-12 * len(calls), mask

        return counted


class MixesImages(Sound):
    def spoil(self, g, x, moved, mask):
        return moved - moved.mean(0, keepdim=True), mask


class ChangesItsInput(Sound):
    def spoil(self, g, x, moved, mask):
        x[..., 0, 0] += 1
        return moved, mask


class MasksTooMuch(Sound):
    def spoil(self, g, x, moved, mask):
        return moved, 2 * mask


class MasksByImage(Sound):
    def spoil(self, g, x, moved, mask):
        return moved, (x[0, 0] > 0).to(x)


class AlwaysDouble(Sound):
    def spoil(self, g, x, moved, mask):
        return moved.double(), mask


class AlwaysOnTheProcessor(Sound):
    def spoil(self, g, x, moved, mask):
        return torch.zeros(moved.shape, dtype=moved.dtype), mask


class ForgetsParts(Sound):
    def act(self, element, x):
        if isinstance(element, ProductElement):
            return x, torch.ones(())
        return super().act(element, x)


class TwiceAsSteep(Sound):
    def differentiate_all(self, generators, x):
        return [2 * tangent for tangent in super().differentiate_all(generators, x)]


class SteepForAll(Sound):
    def differentiate_all(self, generators, x):
        return [len(generators) * tangent for tangent in super().differentiate_all(generators, x)]


class PairsWrongly(Sound):
    def pairing(self, x):
        return lambda generators, covector: super(PairsWrongly, self).pairing(covector)(generators, x)


class ChangesAllAlike(Sound):
    def changes(self, generators, x):
        return [torch.ones_like(x) for _ in generators]


class HasNoSuchAxis(Sound):
    @property
    def channel_axis(self):
        return 7


class HasABorderOfItsOwn(Sound):
    def border(self, x):
        return torch.full((2, 2), 0.5)


class SaysNothing(Sound):
    def describe(self):
        return ""


class OnGrids(RepresentationContract):
    elements = dihedral(4).enumerate()
    generators = (GENERATORS["translation_x"], GENERATORS["rotation"])

    def __init__(self, representation):
        self.representation = representation
        self.example = torch.randn(
            2, 3, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
        )


BROKEN_REPRESENTATIONS = {
    MovesAlways: "test_the_identity_leaves_values_alone",
    ActsFromTheRight: "test_products_act_one_after_the_other",
    KeepsHalfTurns: "test_products_act_one_after_the_other",
    Squares: "test_the_action_is_linear",
    HasAnOffset: "test_inverses_undo",
    RemembersTheLast: "test_one_element_gives_the_same_alone_and_among_others",
    MixesImages: "test_items_of_a_batch_do_not_mix",
    ChangesItsInput: "test_inputs_are_not_changed",
    MasksTooMuch: "test_masks_are_between_0_and_1_and_broadcast_and_know_nothing_of_the_values",
    MasksByImage: "test_masks_are_between_0_and_1_and_broadcast_and_know_nothing_of_the_values",
    AlwaysDouble: "test_the_dtype_is_that_of_the_value",
    AlwaysOnTheProcessor: "test_the_device_is_that_of_the_value",
    ForgetsParts: "test_parts_of_an_element_of_a_product_act_one_after_the_other",
    TwiceAsSteep: "test_the_derivative_is_the_slope_of_the_action",
    SteepForAll: "test_derivatives_are_linear_and_the_same_alone_and_among_others",
    PairsWrongly: "test_pairings_are_inner_products_with_the_derivative",
    HasNoSuchAxis: "test_channels_are_on_an_axis_of_the_value",
    ChangesAllAlike: "test_what_stands_in_for_another_sample_is_its_own",
    HasABorderOfItsOwn: "test_a_border_broadcasts_and_marks_what_it_leaves",
    SaysNothing: "test_it_is_described_in_a_few_words",
}


def test_a_representation_that_keeps_the_contract_passes():
    assert failures(OnGrids(Sound())) == set()
    assert failures(OnGrids(Grid(Bandlimited()))) == set()


@pytest.mark.parametrize(
    ("broken", "caught_by"), BROKEN_REPRESENTATIONS.items(), ids=lambda value: str(value)
)
def test_a_broken_representation_is_caught(broken: Callable, caught_by: str):
    assert caught_by in failures(OnGrids(broken()))


def test_every_test_of_the_contract_catches_something():
    assert set(names_of(RepresentationContract)) == set(BROKEN_REPRESENTATIONS.values())
