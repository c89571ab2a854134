"""Generators of affine maps and of colours: their flows as matrices."""

import pytest
import torch
from tests.contracts.generator import GeneratorContract

from symmeter.domains.grids.generators import FAMILIES, GENERATORS

AFFINE = [GENERATORS[name] for name in FAMILIES["affine"]]
COLOUR = [GENERATORS[name] for name in FAMILIES["colour"]]


class TestGenerators(GeneratorContract):
    @pytest.fixture(autouse=True, params=GENERATORS.values(), ids=GENERATORS)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.generator = request.param


@pytest.mark.parametrize("generator", AFFINE, ids=lambda g: g.name)
def test_affine_flow_is_a_one_parameter_group(generator):
    def flow(t):
        return generator.flow(t, (7.5, 4.0), (1.0, 1.0))

    torch.testing.assert_close(flow(0.0), torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(flow(0.3) @ flow(0.4), flow(0.7))
    torch.testing.assert_close(flow(0.3) @ flow(-0.3), torch.eye(3, dtype=torch.float64))


def test_rotation_keeps_distances_on_every_aspect_ratio():
    turn = GENERATORS["rotation"].flow(0.7, (40.0, 3.0), (1.0, 1.0))[:2, :2]
    torch.testing.assert_close(turn @ turn.T, torch.eye(2, dtype=torch.float64))


def test_translation_by_one_is_half_the_image():
    assert GENERATORS["translation_x"].flow(1.0, (8.0, 3.0), (1.0, 1.0))[0, 2] == 8
    assert GENERATORS["translation_y"].flow(1.0, (8.0, 3.0), (1.0, 1.0))[1, 2] == 3


@pytest.mark.parametrize("generator", COLOUR, ids=lambda g: g.name)
def test_colour_generators_leave_the_right_thing_alone(generator):
    s, m = generator.matrices(3)
    white = torch.ones(3, dtype=torch.float64)
    fixed = {"gain": None, "contrast": m, "saturation": s, "hue": s}[generator.name]
    if fixed is None:
        torch.testing.assert_close(s @ white, white)
    else:
        torch.testing.assert_close(fixed @ white, torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0)


def test_hue_returns_after_a_full_turn():
    s, _ = GENERATORS["hue"].matrices(3)
    turn = torch.linalg.matrix_exp(2 * torch.pi * s)
    torch.testing.assert_close(turn, torch.eye(3, dtype=torch.float64))


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_colour_without_three_channels_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} needs images with 3 channels, these have 1"):
        GENERATORS[name].matrices(1)
