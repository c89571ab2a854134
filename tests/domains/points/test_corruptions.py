"""Corruptions of sets of points against their definitions."""

import pytest
import torch

from symmeter.domains.points.domain import Points

KNOWN = Points.corruptions()
X = torch.randn(2000, 5, generator=torch.Generator().manual_seed(0)) * 7 + 100
RADIUS = float((X[:, :3] - X[:, :3].mean(0)).square().sum(1).mean().sqrt())


def made(name, strength):
    return KNOWN[name](X, strength, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["jitter", "outliers"])
def test_features_stay(name):
    assert torch.equal(made(name, 5)[:, 3:], X[:, 3:])


def test_jitter_is_a_share_of_the_radius():
    assert float((made("jitter", 4) - X)[:, :3].std()) == pytest.approx(0.1 * RADIUS, rel=0.05)


def test_outliers_are_few_and_within_twice_the_radius():
    found = made("outliers", 4)
    moved = (found != X).any(1)
    assert float(moved.float().mean()) == pytest.approx(0.1, abs=0.03)
    distances = (found[moved, :3] - X[:, :3].mean(0)).norm(dim=1)
    assert float(distances.max()) <= 2 * RADIUS * 1.001
    assert float((distances < RADIUS).float().mean()) == pytest.approx(1 / 8, abs=0.08)


def test_points_that_are_gone_stand_at_those_that_stay():
    found = made("dropped_points", 3)
    there = {tuple(row) for row in X.tolist()}
    kept = {tuple(row) for row in found.tolist()}
    assert len(found) == len(X) and kept < there and len(kept) == 1000
