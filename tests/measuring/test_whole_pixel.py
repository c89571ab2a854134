"""What one whole pixel does, beside LEE along translations."""

import math

import pytest
import torch
from tests.measuring.test_prediction import Functional, waves
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")


def rows(net, x, symmetry="translation_x", **options):
    result = symmeter.measure(net, x, symmetry, output="logits", progress=False, **options)
    return {row.symmetry: row for row in result.rows}, result


def test_a_linear_functional_of_a_wave():
    """f(g_t x) = -c sin(omega t): at one pixel the ratio is sinc(omega)^2."""
    w, x = waves()
    found, result = rows(Functional(w).double(), x, "translation_x,rotation", definition="periodic")
    omega = 2 * math.pi * 3 / 16
    assert found["translation_x"].whole_pixel == pytest.approx((math.sin(omega) / omega) ** 2)
    assert found["rotation"].whole_pixel is None
    assert "one whole pixel: .61 (x) of what LEE predicts" in str(result)


def test_it_is_the_first_row_of_the_range():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 3)).double().eval()
    x = torch.rand(70, 1, 8, 8, dtype=torch.float64)
    found, result = rows(net, x, "translation", control="none")
    assert result.header["spec"]["whole_pixel_samples"] == 8
    ranged = symmeter.prediction_range(net, x[:8], "translation", "logits", t=(1.0,), progress=False)
    for row in ranged.rows:
        assert found[row.symmetry].whole_pixel == pytest.approx(row.ratio)


def test_every_output_has_its_own():
    torch.manual_seed(0)

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.other = nn.Linear(64, 3), nn.Linear(64, 5)

        def forward(self, x):
            return {"a": torch.tanh(self.one(x.flatten(1))), "b": self.other(x.flatten(1)).square()}

    net, x = Two().double().eval(), torch.rand(8, 1, 8, 8, dtype=torch.float64)
    both = symmeter.measure(net, x, "translation_x", output="a,b", progress=False).rows
    for row in both:
        alone = symmeter.measure(net, x, "translation_x", output=row.output, progress=False).rows[0]
        assert row.whole_pixel == pytest.approx(alone.whole_pixel)
    assert both[0].whole_pixel != pytest.approx(both[1].whole_pixel)


def test_a_signal_is_shifted_by_one_sample():
    phase = 2 * math.pi * 2 * torch.arange(16, dtype=torch.float64) / 16
    net = Functional(torch.sin(phase)).double()
    x = (torch.rand(8, 1, 1, dtype=torch.float64) + 0.5) * torch.cos(phase)
    found, result = rows(net, x, domain="signals", definition="periodic")
    omega = math.pi / 4
    assert found["translation_x"].whole_pixel == pytest.approx((math.sin(omega) / omega) ** 2)
    assert "one whole sample" in str(result)


def test_none_where_there_is_nothing_to_predict():
    w, x = waves()
    assert (
        rows(Functional(w).double(), x + w, definition="bandlimited(0.5)")[0]["translation_x"].whole_pixel
        is None
    )
    still = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()).double().eval()
    assert rows(still, x, definition="periodic")[0]["translation_x"].whole_pixel is None


def test_what_fails_costs_only_itself(monkeypatch):
    def fails(*arguments):
        raise RuntimeError("it broke")

    monkeypatch.setattr("symmeter.measuring.whole_pixel.difference_quotients", fails)
    w, x = waves()
    found, result = rows(Functional(w).double(), x)
    assert found["translation_x"].whole_pixel is None and found["translation_x"].value > 0
    assert sum("one whole pixel left out" in note for note in result.warnings) == 1
    assert "one whole" not in str(result).partition("warning")[0]
