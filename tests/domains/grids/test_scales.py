"""Changes of size about the centre."""

import pytest
from tests.contracts.group import GroupContract

from symmeter.domains.grids.scales import Scales


class TestScales(GroupContract):
    group = Scales(0.5, 2.0)

    @pytest.fixture(autouse=True, params=[(2, 9), (3, 6, 8), (1, 4, 6, 8)], ids=["line", "plane", "space"])
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.shape = request.param

    def contains(self, element):
        return element.parameter_unit == "factor" and 0.5 <= element.parameter <= 2

    def test_every_axis_is_scaled(self) -> None:
        for g in self.bound.quadrature(2):
            assert g.axes == len(self.shape) - 1
            assert [g.linear[i][i] for i in range(g.axes)] == pytest.approx([g.parameter] * g.axes)
