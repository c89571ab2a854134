"""The symmetric groups, of points and of colours."""

import pytest
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.symmetry.groups.permutations import CHANNELS, Permutation, Symmetric


class TestPoints(GroupContract):
    @pytest.fixture(autouse=True, params=[1, 2, 3, 5])
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = Symmetric(request.param)
        self.shape = (request.param, 2)


class TestColours(GroupContract):
    group = Symmetric(3, CHANNELS)
    shape = (3, 4, 4)


def test_elements_are_named_by_their_cycles():
    assert Permutation((1, 0, 2)).name == "points (0 1)"
    assert Permutation((1, 0, 4, 2, 3), CHANNELS).name == "channels (0 1)(2 4 3)"


@pytest.mark.parametrize(("n", "shape", "words"), [
    (5, (6, 2), r"S5 permutes 5 points, but inputs \(B, 6, 2\) have 6; use S6"),
    (5, (3, 4, 4), r"S5 permutes points \(B, 5, features\)"),
])  # fmt: skip
def test_a_group_that_cannot_act_on_a_shape_says_so(n, shape, words):
    check_refused(words, Symmetric(n).bind, shape)


def test_there_is_something_to_permute():
    check_refused("there is nothing to permute", Symmetric, 0)
