"""The map of rotations: marks are where axes are, as large as angles, in the colour of errors."""

import math

import numpy as np
import pytest
from tests.helpers import check_refused
from tests.report.clouds import Far, measured, pulled, tilt

sphere = pytest.importorskip("symmeter.report.sphere", exc_type=ImportError)
pytest.importorskip("matplotlib", exc_type=ImportError)


def drawn(result, parity=1):
    """The elements that have a mark, in the order in which they are drawn, with their turnings."""
    rows = [row for row in result.elements if row.measure == "relative_error" and row.parity == parity]
    turned = [(row, (row.turn_x, row.turn_y, row.turn_z)) for row in rows]
    return sorted([one for one in turned if math.hypot(*one[1]) > 0], key=lambda one: -math.hypot(*one[1]))


@pytest.mark.parametrize("symmetry", ["SO3", "octahedral"])
def test_marks_are_the_elements(symmetry):
    result = pulled(symmetry)
    marks = sphere.plot_sphere(result).collections[0]
    known = drawn(result)
    assert len(known) == (120 if symmetry == "SO3" else 23)
    longitude, latitude = np.asarray(marks.get_offsets()).T
    axis = np.array([np.array(turn) / math.hypot(*turn) for _, turn in known])
    np.testing.assert_allclose(np.cos(latitude) * np.cos(longitude), axis[:, 0], atol=1e-9)
    np.testing.assert_allclose(np.sin(latitude), axis[:, 2], atol=1e-9)
    np.testing.assert_allclose(marks.get_array(), [tilt(turn) for _, turn in known], atol=1e-6)
    sizes, angles = marks.get_sizes(), np.array([math.hypot(*turn) for _, turn in known])
    np.testing.assert_allclose((sizes - sizes[0]) / 98, (angles - angles[0]) / 180, atol=1e-6)
    assert marks.get_clim() == pytest.approx((0, max(row.value for row in result.elements)))


def test_elements_with_an_inversion_have_a_map_of_their_own():
    result = pulled("Oh")
    ax = sphere.plot_sphere(result, parity=-1)
    marks = ax.collections[0]
    expected = [math.sqrt(max(0.0, 4 - tilt(turn) ** 2)) for _, turn in drawn(result, -1)]  # |e_z + R e_z|
    np.testing.assert_allclose(marks.get_array(), expected, atol=1e-6)
    assert ax.get_title() == "Oh, logits: with inversion (it alone: 2)"
    assert sphere.plot_sphere(result).get_title() == "Oh, logits: rotations"
    check_refused(
        "octahedral has no elements of parity -1", sphere.plot_sphere, pulled("octahedral"), parity=-1
    )


def test_axes_of_ones_own():
    from symmeter.report.figures import new_figure

    ax = new_figure(4, 3).add_subplot(projection="mollweide")
    assert sphere.plot_sphere(pulled(), ax) is ax


def test_mistakes():
    check_refused("no rotations about several axes", sphere.plot_sphere, measured(Far, "C4(z)"))
    check_refused("output 'forces' is not in this result", sphere.plot_sphere, pulled(), output="forces")
    check_refused(
        "symmetry 'SO2' is not in this result; did you mean 'SO3'",
        sphere.plot_sphere,
        pulled(),
        symmetry="SO2",
    )
