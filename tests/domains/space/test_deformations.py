"""The control of specificity in space: as fast as the generator, no symmetry, and fair to networks with random weights."""

import pytest
import torch
from torch import nn

from symmeter.domains.points.domain import Points
from symmeter.domains.space.components import Cells, Positions, Sum, Vectors
from symmeter.domains.space.deformations import deformed
from symmeter.domains.space.field import NODE, Field
from symmeter.domains.space.generators import GENERATORS
from symmeter.measuring.measure import measure
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.trivial import Trivial

POINTS = torch.randn(4, 50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
RANDOM = torch.randn(4, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
ALL = tuple(GENERATORS.values())


def test_the_mean_of_the_points_moves_as_it_does_under_the_generator():
    centred = POINTS - POINTS.mean(1, keepdim=True)
    for generator, moved in zip(ALL, deformed(Field(Positions(), NODE), ALL, centred, RANDOM), strict=True):
        speed = torch.tensor(generator.shift, dtype=torch.float64).norm()
        torch.testing.assert_close(moved.norm(dim=-1).mean() > 0, torch.tensor(True))
        if speed == 0:
            assert moved.mean(1).abs().max() < 1e-12
        else:
            torch.testing.assert_close(moved.norm(dim=-1), speed.expand(4, 50))


@pytest.mark.parametrize("name", ["rotation_x", "rotation_z", "scale", "translation_y"])
def test_no_motion_of_space_does_the_same(name):
    """The best rigid motion with growth leaves a good part of it."""
    (moved,) = deformed(Field(Positions(), NODE), [GENERATORS[name]], POINTS, RANDOM)
    motions = torch.stack(Field(Positions(), NODE).differentiate_all(ALL, POINTS), -1)
    for one, basis in zip(moved, motions.flatten(1, 2), strict=True):
        found = torch.linalg.lstsq(basis, one.reshape(-1, 1)).solution
        left = one.flatten() - (basis @ found)[:, 0]
        assert left.norm() > 0.1 * one.norm()


def test_vectors_turn_with_the_place_where_they_are_and_cells_as_a_whole():
    normals = torch.nn.functional.normalize(POINTS.flip(0), dim=-1)
    both = torch.cat([POINTS, normals], -1)
    (moved,) = deformed(Field(Sum((Positions(), Vectors())), NODE), [GENERATORS["rotation_y"]], both, RANDOM)
    alone = deformed(Field(Positions(), NODE), [GENERATORS["rotation_y"]], POINTS, RANDOM)[0]
    torch.testing.assert_close(moved[..., :3], alone)
    assert (moved[..., 3:] * normals).sum(-1).abs().max() < 1e-12  # their length stays
    cells = torch.randn(4, 3, 3, dtype=torch.float64)
    (turned,) = deformed(Field(Cells()), [GENERATORS["rotation_y"]], cells, RANDOM)
    assert (turned @ cells.mT + cells @ turned.mT).abs().max() < 1e-12  # so do its angles


def test_what_it_does_not_know_has_none():
    assert deformed(Trivial(), ALL, POINTS, RANDOM) is None
    assert deformed(Field(Positions(), NODE), [Generator("hue", "radian")], POINTS, RANDOM) is None


class Pooled(nn.Module):
    """Each point by itself, then the largest over all."""

    def __init__(self, seed: int, invariant: bool = False):
        super().__init__()
        torch.manual_seed(seed)
        self.own = nn.Sequential(
            nn.Linear(1 if invariant else 3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()
        )
        self.head, self.invariant = nn.Linear(64, 5), invariant
        self.double().eval()

    def forward(self, x):
        return self.head(self.own(x.norm(dim=-1, keepdim=True) if self.invariant else x).amax(1))


def test_random_weights_are_not_called_specific_and_what_was_built_in_is():
    points = torch.randn(24, 64, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    ratios, specific = [], 0
    for seed in range(4):
        rows = measure(Pooled(seed), points, "rotation,translation", inputs="points", output="logits").rows
        specific += sum(row.verdict == "specific" for row in rows)
        ratios += [row.specificity_low < 1 < row.specificity_high for row in rows]
    assert sum(ratios) >= len(ratios) - 3 and specific <= 1  # of 24 intervals of 95 %
    nearly = Pooled(0, invariant=True)
    tilt = torch.tensor([0.02, 0.0, 0.01], dtype=torch.float64)
    rows = measure(
        lambda x: nearly(x * (1 + tilt)), points, "rotation,scale", inputs="points", output="logits"
    ).rows
    assert [row.verdict for row in rows[:3]] == ["specific"] * 3 and rows[3].verdict != "specific"
    assert Points.between_networks > 0.1
