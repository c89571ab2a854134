"""One line an axis, at the frequencies that the grid has."""

import numpy as np

from symmeter.report.bands import plot_bands
from symmeter.results.bands import Bands


def test_lines_hold_the_power_along_each_axis():
    power = {"x": np.array([1.0, 4.0, 0.0]), "y": np.array([2.0, 1.0, 1.0, 1.0])}
    ax = plot_bands(Bands({"translation_x": power}, {"x": 4, "y": 6}, "logit^2"))
    first, second = ax.get_lines()
    assert first.get_xdata().tolist() == [0, 0.25, 0.5]
    np.testing.assert_allclose(first.get_ydata(), [1, 4, 4e-12])
    np.testing.assert_allclose(second.get_ydata(), power["y"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["along x", "along y"]
    assert ax.get_yscale() == "log"
