"""Generators of grids of three axes: their flows, their commutators, and how they turn."""

import pytest
import torch
from tests.contracts.generator import GeneratorContract

from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.generators_in_space import FAMILIES_IN_SPACE, GENERATORS_IN_SPACE
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited

ROTATIONS = [GENERATORS_IN_SPACE[name] for name in FAMILIES_IN_SPACE["rotation"]]


class TestGeneratorsInSpace(GeneratorContract):
    @pytest.fixture(autouse=True, params=GENERATORS_IN_SPACE.values(), ids=GENERATORS_IN_SPACE)
    def _each(self, request: pytest.FixtureRequest) -> None:
        self.generator = request.param


@pytest.mark.parametrize("generator", GENERATORS_IN_SPACE.values(), ids=GENERATORS_IN_SPACE)
def test_flows_are_one_parameter_groups(generator):
    flow = lambda t: generator.flow(t, (7.5, 4.0, 3.0), (1.0, 0.5, 2.0))
    torch.testing.assert_close(flow(0.3) @ flow(0.4), flow(0.7))
    torch.testing.assert_close(flow(0.3) @ flow(-0.3), torch.eye(4, dtype=torch.float64))


def test_rotations_close_under_commutators():
    """Of operators v . grad on functions, [X, Y] = (v . grad) w - (w . grad) v: as rotations of space do, R_z."""
    matrices = [one.on(3)[0] for one in ROTATIONS]
    for i in range(3):
        x, y, z = (matrices[(i + k) % 3] for k in range(3))
        torch.testing.assert_close(y @ x - x @ y, z)


def test_a_rotation_about_an_axis_leaves_it_alone_and_keeps_lengths_where_steps_differ():
    steps = torch.tensor([1.0, 1.5, 3.0], dtype=torch.float64)
    for i, one in enumerate(ROTATIONS):
        flow = one.flow(0.7, (9.0, 9.0, 9.0), (1 / steps).tolist())[:3, :3]
        lengths = steps[:, None] * flow / steps
        torch.testing.assert_close(lengths @ lengths.mT, torch.eye(3, dtype=torch.float64))
        assert torch.equal(flow[i], torch.eye(3, dtype=torch.float64)[i])


def test_a_generator_of_the_plane_is_that_of_space_about_z():
    for name, spatial in (
        ("rotation", "rotation_z"),
        ("translation_y", "translation_y"),
        ("stretch_x", "stretch_x"),
    ):
        for own, other in zip(GENERATORS[name].on(3), GENERATORS_IN_SPACE[spatial].on(3), strict=True):
            assert torch.equal(own, other)
    assert GENERATORS["rotation"].on(1)[0].tolist() == [[0.0]]


def test_the_unit_of_a_translation_is_half_the_grid():
    velocity = Grid(Bandlimited(), axes=3).velocity(GENERATORS_IN_SPACE["translation_z"], 6, 8, 10)
    assert [float(v.max()) for v in velocity] == [0, 0, 3]
