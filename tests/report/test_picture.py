"""The picture of a result has what fits that which was measured, and touches nothing global."""

from dataclasses import replace

import pytest
from tests.helpers import check_refused
from tests.report.clouds import Far, measured, pulled

picture = pytest.importorskip("symmeter.report.picture", exc_type=ImportError)
matplotlib = pytest.importorskip("matplotlib", exc_type=ImportError)


def titles(figure):
    return [ax.get_title() for ax in figure.axes if ax.get_title()]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: pulled("SO3"), ["SO3, logits", "SO3, logits:node vectors", "Pulled: SO3"]),
        (
            lambda: pulled("Oh"),
            ["Oh, logits: rotations", "Oh, logits: with inversion (it alone: 2)", "Pulled: Oh"],
        ),
        (lambda: measured(Far, "translation(1,40,1000)"), ["Far: translation(1,40,1000)"]),
        (
            lambda: measured(Far, "octahedral,translation(1,40)"),
            ["octahedral, logits", "Far: translation(1,40)"],
        ),
        (lambda: measured(Far, "C4(z)"), ["Far: C4(z), logits"]),
    ],
)
def test_what_fits(result, expected):
    before = dict(matplotlib.rcParams)
    figure = picture.picture(result())
    assert titles(figure) == expected
    figure.draw_without_rendering()
    assert matplotlib.rcParams == before


def test_every_symmetry_begins_a_row():
    figure = picture.picture(pulled("SO3,octahedral"))
    places = {ax.get_title(): ax.get_subplotspec() for ax in figure.axes if ax.get_title()}
    assert places["octahedral, logits"].is_first_col()
    assert not places["Pulled: octahedral"].is_first_col()


def test_rotations_about_one_axis_go_all_around():
    from symmeter.report.elements import plot_elements

    line = plot_elements(measured(Far, "C8(y)")).lines[0]
    assert line.get_xdata().tolist() == pytest.approx([0, 45, 90, 135, 180, 225, 270, 315, 360])


def test_what_has_no_curve_has_errors_and_ratios():
    figure = picture.picture(measured(Far, "permutation"))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["permutation"]
    nothing = replace(measured(Far, "permutation"), rows=())
    check_refused("nothing of this result can be drawn", picture.picture, nothing)


@pytest.mark.parametrize("width", [1, 2])
def test_panels_are_named_by_letters_in_columns_of_a_paper(width):
    figure = picture.picture(pulled("SO3,octahedral"), width)
    assert figure.get_figwidth() == {1: 3.35, 2: 6.9}[width]
    letters = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert letters == list("abcdef")[: len(letters)] and len(letters) >= 4
    assert figure.axes[0].get_subplotspec().get_gridspec().ncols == width
