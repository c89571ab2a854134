"""The picture of a result has what fits that which was measured, and touches nothing global."""

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
    figure.canvas.draw()
    assert matplotlib.rcParams == before


def test_every_symmetry_begins_a_row():
    figure = picture.picture(pulled("SO3,octahedral"))
    places = {ax.get_title(): ax.get_subplotspec() for ax in figure.axes if ax.get_title()}
    assert places["octahedral, logits"].is_first_col()
    assert not places["Pulled: octahedral"].is_first_col()


def test_rotations_about_one_axis_go_all_around():
    from symmeter.report.elements import plot_elements

    line = plot_elements(measured(Far, "C8(y)")).lines[0]
    assert line.get_xdata().tolist() == pytest.approx([0, 45, 90, 135, 180, 225, 270, 315])


def test_nothing_to_draw():
    refused = "no element of this result has an angle or a length"
    check_refused(refused, picture.picture, measured(Far, "permutation"))
