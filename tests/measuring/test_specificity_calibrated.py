"""Specificity is 1 where nothing was learned, and falls along what was trained: on real photographs and digits."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from symmeter.domains.points.domain import Points

STUDIES = Path(__file__).resolve().parents[2] / "studies"


@pytest.fixture
def study(monkeypatch):
    """The module of the study that trains and builds these networks."""
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("calibration")


@pytest.fixture
def digits(study, shared_data):
    return importlib.import_module("images").digits(shared_data).first(4000, 512)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [("CNN", 0), ("mixer", 0)])
def test_of_untrained_networks_it_is_one_within_its_interval(study, shared_data, kind, seed):
    rows = study.null_of_specificity(kind, seed, shared_data)
    inside = [row["specificity_low"] <= 1 <= row["specificity_high"] for row in rows]
    assert len(rows) == 9 and np.mean(inside) >= 8 / 9
    assert all(row["verdict"] != "specific" for row in rows)


@pytest.mark.slow
def test_of_untrained_networks_of_points_it_is_one_within_its_interval(study):
    clouds = importlib.import_module("clouds")
    rows = [
        row for kind in clouds.NETWORKS for seed in range(2) for row in clouds.null_of_points(kind, seed).rows
    ]
    inside = [row.specificity_low <= 1 <= row.specificity_high for row in rows]
    apart = np.std(np.log([row.specificity for row in rows]))
    assert len(rows) == 5 * 2 * 7 and np.mean(inside) >= 0.9
    assert sum(row.verdict == "specific" for row in rows) <= 3  # of 70 intervals of 95 %
    assert 0.5 * Points.between_networks < apart < 2 * Points.between_networks


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "count", "kind", "own", "other"),
    [
        ("CNN", 64, "turned", "rotation", "scale"),
        ("CNN", 64, "scaled", "scale", "rotation"),
        ("perceptron", 512, "turned", "rotation", "scale"),  # less stable, so it takes more to see that it is
    ],
)
def test_it_falls_along_what_a_network_was_trained_on(study, digits, subject, count, kind, own, other):
    result = study.trained_here(kind, digits, 0, study.Budget(epochs=5, count=count), subject)
    rows = {row.symmetry: row for row in result.rows}
    assert rows[own].verdict == "specific" and rows[own].specificity < 0.5
    assert rows[other].specificity > 0.5
    assert rows[own].specificity < 0.75 * min(rows[name].specificity for name in rows if name != own)
