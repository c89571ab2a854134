"""Products of groups: direct ones of what commutes, semidirect ones of what does not."""

import pytest
from tests.contracts.group import GroupContract
from tests.helpers import check_refused

from symmeter.domains.grids.planar import Cyclic, Reflection, Rotations
from symmeter.domains.grids.shifts import Shifts
from symmeter.domains.images.colours import Colours
from symmeter.symmetry.groups.products import DirectProduct, SemidirectProduct, multiply

COLOURS = Colours()


class TestProducts(GroupContract):
    shape = (3, 4, 4)

    @pytest.fixture(
        autouse=True,
        params=[
            DirectProduct((Cyclic(4), COLOURS)),
            SemidirectProduct((Cyclic(3), Reflection())),
            multiply([Shifts(), Cyclic(4)]),
            multiply([Cyclic(2), COLOURS, Reflection()]),
        ],
        ids=lambda group: group.name,
    )
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.group = request.param


class TestProductWithoutEnd(GroupContract):
    group = DirectProduct((Rotations(), COLOURS))
    shape = (3, 4, 4)

    def contains(self, element):
        turn, colours = element.parts
        return turn.turn[1:] == (1.0, False) and colours.of == "channels"


def test_factors_on_the_same_thing_make_a_semidirect_product_and_others_a_direct_one():
    joined = multiply([Cyclic(2), COLOURS, Reflection()])
    assert isinstance(joined, DirectProduct) and joined.order == 24
    assert joined.acts_on == "plane+channels"
    assert [factor.name for factor in joined.factors] == ["C2*hflip", "colours"]
    assert multiply([Cyclic(4)]) == Cyclic(4)


def test_only_a_normal_factor_makes_a_semidirect_product():
    check_refused("hflip is not normal under C8", multiply([Reflection(), Cyclic(8)]).enumerate)
