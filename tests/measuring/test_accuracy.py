"""The interval of an accuracy against scipy's."""

import pytest
from scipy.stats import binomtest

from symmeter.measuring.accuracy import wilson


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (12, 12), (0, 50), (209, 256), (1, 1000)])
def test_wilsons_interval_is_that_of_scipy(hits, count):
    expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    assert wilson(hits, count) == pytest.approx((expected.low, expected.high), rel=1e-12, abs=1e-15)
