"""The contract of groups fails broken ones: the rotations by 90 degrees, each spoilt in one way."""

from dataclasses import dataclass

import pytest
import torch
from tests.contracts.failures import failures, names_of
from tests.contracts.group import GroupContract

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.planar import Cyclic, Reflection, Rotations
from symmeter.symmetry.groups.group import Group


class Quarters(Cyclic):
    """C4; subclasses spoil it."""

    def __init__(self):
        super().__init__(4)


class LacksOne(Quarters):
    def enumerate(self):
        return super().enumerate()[:-1]


class HasOneTwice(Quarters):
    def enumerate(self):
        return (*super().enumerate()[:3], super().enumerate()[1])


class IsOutOfOrder(Quarters):
    def enumerate(self):
        return super().enumerate()[::-1]


class IsNotClosed(Quarters):
    """Three of the four, which it takes for all."""

    order = 3

    def enumerate(self):
        return super().enumerate()[:3]

    def draw(self, random):
        return self.enumerate()[int(torch.randint(3, (), generator=random))]


class IgnoresTheSeed(Quarters):
    def draw(self, random):
        return Cyclic(4).draw(torch.Generator().manual_seed(torch.seed() % 2**31))


class DrawsOthers(Quarters):
    def draw(self, random):
        return Rotations().draw(random)


class DrawsTwoOnly(Quarters):
    def draw(self, random):
        return self.enumerate()[int(torch.randint(2, (), generator=random))]


class IsCalledOtherwise(Quarters):
    name = "C8"


class TakesAnything(Quarters):
    def bind(self, shape, padded=False):
        return self


class HasAForeignDesign(Quarters):
    """A third of a turn is none of its elements."""

    designs = (Cyclic(3),)


class Spoilt(AffineMap):
    """A quarter turn whose laws subclasses of it break."""

    def inverse(self):
        return type(self)(super().inverse().linear)

    def __matmul__(self, other):
        return type(self)(super().__matmul__(other).linear)


class IsItsOwnInverse(Spoilt):
    def inverse(self):
        return self


class ForgetsTheOrder(Spoilt):
    """(g h) = g^-1 h: not associative."""

    def __matmul__(self, other):
        return type(self)(AffineMap.__matmul__(AffineMap(self.linear).inverse(), other).linear)


class TakesForeigners(Spoilt):
    def __matmul__(self, other):
        return super().__matmul__(other) if isinstance(other, AffineMap) else self


class IsOneOfAKind(Spoilt):
    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


class HasNoUnit(Spoilt):
    @property
    def parameter_unit(self):
        return None


@dataclass(frozen=True)
class Made(Group):
    """The rotations by 90 degrees, of elements of another class."""

    kind: type
    order = 4
    name = "made"

    def bind(self, shape, padded=False):
        Reflection().bind(shape)
        return self

    def enumerate(self):
        return tuple(self.kind(g.linear) for g in Cyclic(4).enumerate())

    def draw(self, random):
        return self.enumerate()[int(torch.randint(4, (), generator=random))]


class OfQuarters(GroupContract):
    shape = (3, 4, 4)

    def __init__(self, group):
        self.group = group


def read(name):
    return Quarters() if name == "C4" else Cyclic(8)


class Named(OfQuarters):
    parse = read


BROKEN_GROUPS = [
    (LacksOne(), "test_all_elements_are_enumerated_once_the_identity_first"),
    (HasOneTwice(), "test_all_elements_are_enumerated_once_the_identity_first"),
    (IsOutOfOrder(), "test_all_elements_are_enumerated_once_the_identity_first"),
    (IsNotClosed(), "test_products_are_in_the_group"),
    (Made(IsItsOwnInverse), "test_inverses_are_in_the_group_and_undo"),
    (Made(ForgetsTheOrder), "test_products_are_associative"),
    (Made(TakesForeigners), "test_elements_of_something_else_are_refused"),
    (IgnoresTheSeed(), "test_draws_follow_their_seed_and_lie_in_the_group"),
    (DrawsOthers(), "test_draws_follow_their_seed_and_lie_in_the_group"),
    (DrawsTwoOnly(), "test_draws_follow_their_seed_and_lie_in_the_group"),
    (Made(IsOneOfAKind), "test_elements_can_be_compared_hashed_and_named"),
    (Made(HasNoUnit), "test_a_parameter_has_a_unit"),
    (HasAForeignDesign(), "test_designs_are_subgroups_the_finest_first"),
    (IsCalledOtherwise(), "test_its_name_is_read_back"),
    (TakesAnything(), "test_inputs_of_another_kind_are_refused_in_one_line"),
]


def test_a_group_that_keeps_the_contract_passes():
    assert failures(Named(Quarters())) == set()
    assert failures(OfQuarters(Made(Spoilt))) == set()


@pytest.mark.parametrize(("broken", "caught_by"), BROKEN_GROUPS, ids=lambda value: str(value)[:60])
def test_a_broken_group_is_caught(broken: Group, caught_by: str):
    assert caught_by in failures(Named(broken))


def test_every_test_of_the_contract_catches_something():
    assert set(names_of(GroupContract)) == {name for _, name in BROKEN_GROUPS}
