"""Intervals of single elements: those of the mean of what an element does to each sample."""

import numpy as np
import pytest
import torch

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.measuring.orbit import OrbitRun
from symmeter.results.intervals import of_mean

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
X = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0)) + 0.1


def corner(x):
    """The first row of pixels as an output that should not change; (B, 1, H, W) to (B, W)."""
    return x[:, 0, 0]


def measured(data=X, symmetry="shift(2,x)", measure="relative_error", **options):
    return symmeter.measure(corner, data, symmetry, measure, "logits:invariant", progress=False, **options)


def by_parameter(result, measure="relative_error"):
    return {row.parameter: row for row in result.elements if row.measure == measure}


def plain(x, k):
    """What a shift by k pixels changes, as a share of the norm, (B,)."""
    y = corner(x)
    return ((y.roll(k, 1) - y).norm(dim=1) / y.norm(dim=1)).double().numpy()


@pytest.mark.parametrize("batch_size", [20, 7])
def test_the_interval_is_that_of_the_mean_over_samples(batch_size):
    rows = by_parameter(measured(batch_size=batch_size))
    assert set(rows) == {-2, -1, 0, 1, 2}
    for k in (-2, -1, 1, 2):
        wanted = of_mean(plain(X, k))
        assert rows[k].value == pytest.approx(plain(X, k).mean(), rel=1e-5)
        assert not wanted.remark
        assert (rows[k].interval_low, rows[k].interval_high) == pytest.approx(
            (wanted.low, wanted.high), rel=1e-4
        )
    assert rows[0].value == 0 and not rows[0].has_interval  # all are equal


def test_intervals_of_other_seeds_have_other_resamples():
    first, second = by_parameter(measured(seed=1))[1], by_parameter(measured(seed=2))[1]
    assert first.value == pytest.approx(second.value) and first.interval_low != second.interval_low


@pytest.mark.parametrize(("n", "told"), [(2, False), (12, True)])
def test_fewer_samples_than_an_interval_needs(n, told):
    rows = by_parameter(measured(X[:n]))
    assert rows[1].has_interval is told and rows[1].standard_error > 0


def test_samples_that_are_not_finite_are_left_out():
    broken = torch.cat([X, torch.full_like(X[:1], torch.nan)])
    row = by_parameter(measured(broken, control=False))[1]
    wanted = of_mean(plain(X, 1))
    assert row.n == len(X) and row.interval_high == pytest.approx(wanted.high, rel=1e-4)


def test_ends_go_through_the_scale_and_the_value_of_the_measure():
    """Relative invariance divides by the mean distance to other samples."""
    result = measured(measure="relative_invariance")
    row = by_parameter(result, "relative_invariance")[1]
    y = corner(X)
    errors = ((y.roll(1, 1) - y).norm(dim=1) / y.shape[1] ** 0.5).double().numpy()
    scale, wanted = errors.mean() / row.value, of_mean(errors)
    assert (row.interval_low * scale, row.interval_high * scale) == pytest.approx(
        (wanted.low, wanted.high), rel=1e-4
    )


@pytest.fixture
def runs(monkeypatch):
    """The runs over groups of a test."""
    found, execute = [], OrbitRun.execute

    def noted(run):
        found.append(run)
        execute(run)

    monkeypatch.setattr(OrbitRun, "execute", noted)
    return found


@pytest.mark.parametrize(("symmetry", "known"), [("shift(1)", 5), ("hflip", 1)])
def test_values_of_samples_are_kept_of_elements_on_a_curve_only(runs, symmetry, known):
    """Shifts along one axis are on a curve, those along both are not; of a flip it is the identity alone."""
    result = measured(symmetry=symmetry)
    (run,) = runs
    on_curves = {i for i, g in enumerate(run.elements.elements) if g.parameter is not None}
    assert len(on_curves) == known < run.elements.count
    for sums in run.sums.values():
        assert set(sums.errors) <= on_curves
        assert {np.concatenate(chunks).shape for chunks in sums.errors.values()} <= {(len(X),)}
    told = [row for row in result.elements if row.has_interval]
    assert len(told) == known - 1 and all(row.parameter is not None for row in told)


def test_intervals_of_shares_stay_between_0_and_1():
    result = measured(measure="same_prediction", symmetry="shift(1)")
    rows = [row for row in result.elements if row.measure == "same_prediction" and row.has_interval]
    assert rows and all(0 <= row.interval_low <= row.value <= row.interval_high <= 1 for row in rows)
