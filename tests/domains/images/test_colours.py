"""Permutations of colours."""

from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.images.colours import Colours


class TestColours(GroupContract):
    group = Colours()
    shape = (3, 4, 4)


def test_there_are_as_many_colours_as_channels_and_only_images_have_them():
    assert Colours().bind((5, 8, 8)).order == 120
    check_refused("colours permutes the channels of images", Colours().bind, (5, 8))
