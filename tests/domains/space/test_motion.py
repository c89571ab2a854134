"""Motions of space, the generators of them, and how they are called."""

import math

import pytest
import torch
from tests.contracts.generator import GeneratorContract

from symmeter.domains.space.generators import FAMILIES, GENERATORS
from symmeter.domains.space.motion import INVERSION, Motion, mirror, moved_by, rotation_about, rotation_of

SOME = (rotation_about((1, 2, 3), 77), INVERSION @ rotation_about("x", 30), mirror("y"), moved_by((1, -2, 0.5)),
        Motion(rotation_about("z", 10).linear, (0.3, 0.0, 1.0), 1.5))  # fmt: skip


def applied(g: Motion, p: torch.Tensor) -> torch.Tensor:
    return g.scale * g.rotation @ p + torch.tensor(g.shift, dtype=torch.float64)


def test_products_and_inverses_are_those_of_maps():
    p = torch.randn(3, dtype=torch.float64)
    for g in SOME:
        for h in SOME:
            torch.testing.assert_close(applied(g @ h, p), applied(g, applied(h, p)))
        torch.testing.assert_close(applied(g.inverse(), applied(g, p)), p)
        assert (g @ g.inverse()).is_identity and not g.is_identity


@pytest.mark.parametrize(("g", "name", "parameter", "unit"), [
    (Motion(), "identity", 0.0, None),
    (rotation_about("y", 90), "rotate 90 about y", 90.0, "degree"),
    (rotation_about("y", -90), "rotate 90 about -y", 90.0, "degree"),
    (rotation_about("x", 180), "rotate 180 about x", 180.0, "degree"),
    (rotation_about((1, 1, 0), 180), "rotate 180 about (0.71, 0.71, 0.00)", 180.0, "degree"),
    (mirror("z"), "mirror z", None, None),
    (INVERSION, "invert", None, None),
    (INVERSION @ rotation_about("z", 60), "invert, rotate 60 about z", None, None),
    (moved_by((3, 0, 4)), "move 3 0 4", 5.0, "length"),
    (Motion(scale=2.0), "scale 2", 2.0, "factor"),
])  # fmt: skip
def test_they_have_names_and_places_on_curves(g, name, parameter, unit):
    assert g.name == name and g.parameter_unit == unit
    assert g.parameter == (None if parameter is None else pytest.approx(parameter))


def test_angles_near_none_and_near_half_a_turn_are_right():
    for degrees in (1e-7, 1e-3, 179.999, 179.9999999):
        assert rotation_about((1, -2, 0.5), degrees).turn[1] == pytest.approx(degrees, rel=1e-6)


def test_random_quaternions_give_rotations():
    matrix = torch.tensor(rotation_of(torch.randn(4)), dtype=torch.float64)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(3, dtype=torch.float64))
    assert torch.linalg.det(matrix) == pytest.approx(1)
    half = math.radians(40) / 2
    about_y = torch.tensor([math.cos(half), 0, math.sin(half), 0], dtype=torch.float64)
    assert (Motion(rotation_of(about_y)) @ rotation_about("y", -40)).is_identity


class TestGenerators(GeneratorContract):
    @pytest.fixture(autouse=True, params=GENERATORS.values(), ids=GENERATORS)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.generator = request.param


def test_rotations_follow_the_right_hand():
    """About z from x to y, about x from y to z, about y from z to x."""
    axes = dict(zip("xyz", torch.eye(3, dtype=torch.float64), strict=True))
    for about, a, b in (("z", "x", "y"), ("x", "y", "z"), ("y", "z", "x")):
        g = GENERATORS[f"rotation_{about}"].motion(math.pi / 2)
        torch.testing.assert_close(applied(g, axes[a]), axes[b])
    assert FAMILIES["rotation"] == ("rotation_x", "rotation_y", "rotation_z")
