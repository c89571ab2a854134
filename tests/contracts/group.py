"""What every group must pass."""

import copy
import itertools
from collections.abc import Callable, Sequence
from functools import cached_property

import pytest
import torch

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.groups.products import Composed

_EVERY = 12  # of a larger group so many elements are combined with one another
_DRAWN = 40


def same(g: Element, h: Element) -> bool:
    """Whether two elements are one, up to round-off."""
    return (g @ h.inverse()).is_identity


def takes_any_shape(group: Group) -> bool:
    """Whether it is bound to inputs of any shape, and all that it is made of."""
    if isinstance(group, Composed):
        return all(map(takes_any_shape, group.factors))
    return type(group).bind is Group.bind


class GroupContract:
    """Inherit this, give `group` and `shape`, and every test below runs on yours.

    `shape` is that of an input that the group can act on, without its batch axis. A group without end gives `contains`
    too. `parse` reads the name of a group, where groups have written forms; None for one that has no such form.
    """

    group: Group
    shape: tuple[int, ...]
    parse: Callable[[str], Group] | None = None

    def contains(self, element: Element) -> bool:
        """Whether an element is one of the group; a group without end says so by itself."""
        assert self.bound.order is not None, "give `contains` for a group without end"
        return any(same(element, known) for known in self.all_elements)

    @cached_property
    def bound(self) -> Group:
        """The group as it acts on inputs of `shape`."""
        return self.group.bind(self.shape)

    @cached_property
    def all_elements(self) -> tuple[Element, ...]:
        """Those of a finite group."""
        return self.bound.enumerate()

    def test_all_elements_are_enumerated_once_the_identity_first(self) -> None:
        if self.bound.order is None:
            with pytest.raises(SymmeterError):
                self.bound.enumerate()
            return
        elements = self.all_elements
        assert len(elements) == len(set(elements)) == self.bound.order
        assert elements[0].is_identity and not any(g.is_identity for g in elements[1:])
        for g, h in itertools.combinations(self._some(), 2):
            assert not same(g, h)

    def test_inverses_are_in_the_group_and_undo(self) -> None:
        for g in self._some():
            assert (g @ g.inverse()).is_identity and (g.inverse() @ g).is_identity
            assert same(g.inverse().inverse(), g)
            assert not self.bound.closed or self.contains(g.inverse())

    def test_products_are_in_the_group(self) -> None:
        """Unless it is a window of a group, which says so by `closed`."""
        for g, h in itertools.product(self._some(), repeat=2):
            assert not self.bound.closed or self.contains(g @ h)
            assert same((g @ h) @ h.inverse(), g)

    def test_products_are_associative(self) -> None:
        for g, h, k in itertools.product(self._some()[:5], repeat=3):
            assert same((g @ h) @ k, g @ (h @ k))

    def test_elements_of_something_else_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"."):
            self._some()[0] @ Foreign()

    def test_draws_follow_their_seed_and_lie_in_the_group(self) -> None:
        first = self._draw(0)
        assert first == self._draw(0)
        assert len(first) == _DRAWN
        if self.bound.order is None or self.bound.order > 3:
            assert first != self._draw(1)
        for g in first:
            assert self.contains(g)
        if self.bound.order is not None and self.bound.order <= 4:
            assert {self._number(g) for g in first} == set(range(self.bound.order))

    def test_designs_are_subgroups_the_finest_first(self) -> None:
        orders = [design.order for design in self.bound.designs]
        if not orders:
            pytest.skip("cosets of nothing can stand in for this group")
        assert None not in orders and orders == sorted(orders, reverse=True)
        assert self.bound.usual >= 2 * orders[-1]
        for design in self.bound.designs:
            elements = design.enumerate()
            assert all(self.contains(g) for g in elements)
            for g, h in itertools.product(elements[:: max(1, len(elements) // 6)], repeat=2):
                assert any(same(g @ h, known) for known in elements)

    def test_elements_can_be_compared_hashed_and_named(self) -> None:
        for g in self._some():
            twin = copy.deepcopy(g)
            assert twin == g and hash(twin) == hash(g) and len({g, twin}) == 1
            assert g != Foreign()
            assert g.name and "\n" not in g.name
            assert not g.is_identity or g.name == "identity"

    def test_a_parameter_has_a_unit(self) -> None:
        for g in self._some():
            assert g.parameter is None or isinstance(g.parameter, float)
            if not g.is_identity:
                assert (g.parameter is None) == (g.parameter_unit is None)

    def test_its_name_is_read_back(self) -> None:
        assert self.group.name == self.bound.name and "\n" not in self.group.name
        if self.parse is None:
            pytest.skip("this group has no written form")
        found = type(self).parse(self.group.name)
        assert found == self.group and hash(found) == hash(self.group)

    def test_inputs_of_another_kind_are_refused_in_one_line(self) -> None:
        if takes_any_shape(self.group):
            pytest.skip("the group acts on inputs of any shape")
        with pytest.raises(SymmeterError) as caught:
            self.group.bind((2, 2, 2, 2, 2))
        assert "\n" not in str(caught.value)

    # what the tests are made of

    def _some(self) -> Sequence[Element]:
        """A few elements of the group, the identity first where it is finite."""
        if self.bound.order is None:
            return self._draw(7)[:6]
        elements = self.all_elements
        return elements[:: max(1, len(elements) // _EVERY)]

    def _draw(self, seed: int) -> tuple[Element, ...]:
        return self.bound.sample(_DRAWN, torch.Generator().manual_seed(seed))

    def _number(self, element: Element) -> int:
        return next(i for i, known in enumerate(self.all_elements) if same(element, known))


class Foreign(Element):
    """An element that acts on nothing that anybody knows."""

    name = "foreign"
    is_identity = False

    def inverse(self) -> Element:
        return self

    def __matmul__(self, other: Element) -> Element:
        raise ValueError("a foreign element has no products")
