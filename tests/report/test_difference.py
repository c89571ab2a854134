"""The bars are the differences of the lines, with their intervals as they are."""

import numpy as np
import pytest
from tests.helpers import check_refused
from tests.layers.test_explain import explained, profile

import symmeter

plot_difference = pytest.importorskip("symmeter.report.difference", exc_type=ImportError).plot_difference
pytest.importorskip("matplotlib", exc_type=ImportError)


@pytest.fixture(scope="module")
def found():
    return explained(profile(), profile(2, 1, 1), by="module,kind")


@pytest.mark.parametrize(("by", "top"), [("module", 3), ("module", 99), ("kind", 12)])
def test_every_line_is_a_bar_with_its_interval(found, by, top):
    ax = plot_difference(found, symmetry="rotation", by=by, top=top)
    lines = [row for row in found.lines("rotation", by) if row.layer != "(round-off)"]
    rows = [*(lines[:top] if by == "module" else lines), found["rotation"]]
    assert [bar.get_width() for bar in ax.patches] == [row.difference for row in rows]
    drawn = [tuple(segment[:, 0]) for one in ax.collections for segment in one.get_segments() if len(segment)]
    ends = [(row.difference_low, row.difference_high) for row in rows if row.difference_low is not None]
    bounded = [pair for pair in ends if pair[1] is not None]
    assert len(bounded) > 2
    for pair in bounded:
        assert any(pair == pytest.approx(own) for own in drawn)
    for row, bar in zip(rows, ax.patches, strict=True):
        assert (bar.get_facecolor() == (1, 1, 1, 1)) != row.clear
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels[-1] == "whole" and len(labels) == len(rows)


def test_an_unbounded_interval_ends_with_the_data(found):
    from dataclasses import replace

    rows = [replace(row, difference_low=None) if row.layer == "0" else row for row in found.rows]
    ax = plot_difference(replace(found, rows=tuple(rows)), by="module")
    assert np.isfinite(ax.get_xlim()).all()


def test_it_is_the_figure_that_fits_and_refuses_what_is_not_there(found):
    from symmeter.report.kinds import fitting

    assert fitting({"": found}) == ["difference"]
    assert symmeter.plot(found, "difference", width=2).figure.get_figwidth() == 6.9
    check_refused(
        "symmetry 'scale' is not in this difference; choose from translation_x, rotation",
        found.plot,
        symmetry="scale",
    )
    check_refused(
        "view of layers 'stage' is not in this difference; choose from module, kind", found.plot, by="stage"
    )
    check_refused("kind 'forest' does not fit", found.plot, "forest")
    nothing = explained(profile(), profile())
    assert nothing.plot().get_xlim()


@pytest.mark.parametrize("width", [1, 2])
def test_no_text_is_cut_off(found, width):
    figure = found.plot(width=width, by="kind").figure
    figure.draw_without_rendering()
    inside, whole = figure.get_tightbbox(), figure.bbox_inches
    assert inside.x0 > -0.05 and inside.y0 > -0.05
    assert inside.x1 < whole.x1 + 0.05 and inside.y1 < whole.y1 + 0.05
