"""Figures of corrupted data: what the Axes hold are the values and the ends of intervals of the rows."""

import numpy as np
import pytest
from tests.helpers import check_refused
from tests.report.made import made as other
from tests.results.robustnesses import made, one

import symmeter
from symmeter.report.robustness import plot_strength, quantities_of

pytest.importorskip("matplotlib")


def test_a_line_for_each_corruption_from_clean_data_on():
    found = made()
    ax = found.plot()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["noise", "fog"]
    for container, name in zip(ax.containers, found.corruptions, strict=True):
        rows = found.along(name, "rotation", "lee", found[0].output)
        (line, _, _) = container.lines
        assert line.get_ydata().tolist() == [row.value for row in rows]
        assert np.round(line.get_xdata()).tolist() == [row.strength for row in rows]
    assert ax.get_yscale() == "log" and "LEE" in ax.get_ylabel()


def test_bars_are_the_intervals_of_accuracy():
    found = made()
    ax = found.plot("strength", quantity="accuracy")
    ends = ax.containers[1].lines[2][0].get_segments()[-1][:, 1]
    assert ends == pytest.approx([found["fog", 5].accuracy_low, found["fog", 5].accuracy_high])
    assert ax.get_ylabel() == "accuracy" and ax.get_ylim()[1] >= 1


def test_choices_and_mistakes():
    found = made(symmetries=("rotation", "scale"))
    assert quantities_of(found) == ["value", "accuracy", "confidence"]  # made by hand, without ratios
    assert "scale" in symmeter.plot(found, symmetry="scale").get_title()
    check_refused(
        "quantity 'sharpness' is not in this result; choose from value", found.plot, quantity="sharpness"
    )
    check_refused("symmetry 'hue' is not", found.plot, symmetry="hue")
    check_refused("measure 'geed' is not", found.plot, measure="geed")
    check_refused("does not fit", symmeter.plot, other(), "strength")
    assert not plot_strength.fits({"net": other()})


def test_the_overview_has_all_panels_with_one_legend():
    figure = made(symmetries=("rotation", "scale")).plot("overview", width=2)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["rotation of net", "scale of net", "", ""]
    assert len(figure.legends) == 1 and not any(ax.get_legend() for ax in figure.axes)


def test_one_run_is_drawn_too():
    ax = made({("fog", 2): one(0.5)}).plot()
    assert ax.get_xticks().tolist() == [0, 2]
