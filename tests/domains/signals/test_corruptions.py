"""Corruptions of signals against their definitions."""

import math

import pytest
import torch

from symmeter.domains.signals.domain import Signals

KNOWN = Signals.corruptions()
X = 3.0 + 2.0 * torch.sin(torch.linspace(0, 40 * math.pi, 4000)).expand(2, -1)


def made(name, strength, x=X):
    return KNOWN[name](x, strength, torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("strength", "decibels"), [(1, 20), (5, 0)])
def test_noise_has_the_ratio_that_it_says(strength, decibels):
    noise = made("noise", strength) - X
    ratio = 10 * math.log10(float((X - 3).square().mean() / noise.square().mean()))
    assert ratio == pytest.approx(decibels, abs=0.3)


def test_noise_does_not_know_the_unit_of_a_signal():
    assert torch.allclose(made("noise", 3, 100 * X), 100 * made("noise", 3), rtol=1e-4)


def test_gain_and_clipping():
    assert torch.allclose(made("gain", 2), X * 10 ** (-12 / 20))
    found = made("clipping", 3)  # at one root mean square, 2 / sqrt(2)
    limit = 2 / math.sqrt(2)
    assert torch.allclose(found, 3 + (X - 3).clamp(-limit, limit), atol=2e-3)


def test_lost_parts_are_lost_in_all_channels():
    found = made("dropouts", 5)
    lost = found[0] != X[0]
    assert torch.equal(lost, found[1] != X[1])
    assert 0.2 < float(lost.float().mean()) <= 0.4
    assert torch.allclose(found[0][lost], X[0].mean(), atol=1e-5)
