"""The symmetric groups."""

import pytest
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.symmetry.groups.permutations import CHANNELS, Permutation, Symmetric


class TestSymmetric(GroupContract):
    @pytest.fixture(autouse=True, params=[1, 2, 3, 5])
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = Symmetric(request.param)
        self.shape = (request.param, 2)


def test_elements_are_named_by_their_cycles():
    assert Permutation((1, 0, 2)).name == "points (0 1)"
    assert Permutation((1, 0, 4, 2, 3), CHANNELS).name == "channels (0 1)(2 4 3)"


def test_there_is_something_to_permute():
    check_refused("there is nothing to permute", Symmetric, 0)
