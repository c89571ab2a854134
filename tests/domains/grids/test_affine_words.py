"""Linear maps in words."""

import pytest

from symmeter.domains.grids.affine_words import Turn, read_linear, turn_of
from symmeter.domains.space.motion import rotation_about


@pytest.mark.parametrize(("linear", "words", "curve"), [
    (((1.0,),), [], (1.0, "factor")),
    (((-2.0,),), ["mirror x", "scale 2"], (None, None)),
    (((1.0, 0.0), (0.0, 1.0)), [], (0.0, "degree")),
    (((0.0, 2.0), (-2.0, 0.0)), ["rotate 90", "scale 2"], (None, None)),
    (((1.0, 0.0), (0.0, -1.0)), ["vflip"], (None, None)),
    (((0.0, 1.0), (1.0, 0.0)), ["hflip", "rotate 90"], (None, None)),
    (rotation_about("x", 90).linear, ["rotate 90 about x"], (90.0, "degree")),
    (((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)), ["mirror y"], (None, None)),
    (((2.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 2.0)), ["scale 2"], (2.0, "factor")),
    (((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 2.0)), ["affine 1.00 0.00 0.00 0.00 1.00 0.00 0.00 0.00 2.00"], (None, None)),
])  # fmt: skip
def test_maps_are_named_and_placed_on_curves(linear, words, curve):
    found = read_linear(linear)
    assert found.words == words
    assert found.curve[1] == curve[1] and (curve[0] is None or found.curve[0] == pytest.approx(curve[0]))


def test_similarities_of_the_plane_have_an_angle_and_others_have_none():
    assert turn_of(((0.0, 1.0), (-1.0, 0.0))) == Turn(90.0, 1.0, False)
    assert turn_of(((1.0, 0.5), (0.0, 1.0))) is None and turn_of(((1.0,),)) is None
