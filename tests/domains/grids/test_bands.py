"""Bands add up to the error, and a fault that lives in one band is found there."""

import pytest
import torch
from torch import nn

import symmeter
from symmeter.domains.grids.bands import banded, bands, spectrum_along
from symmeter.errors import SymmeterError

IMAGES = torch.rand(3, 2, 8, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


class Carrier(nn.Module):
    """The mean of the channels plus a fixed wave of `periods` along x, which does not move along with it."""

    def __init__(self, periods):
        super().__init__()
        self.register_buffer("phase", 2 * torch.pi * periods * torch.arange(9) / 9)

    def forward(self, x):
        return x.mean(1, keepdim=True) + self.phase.cos()


@pytest.mark.parametrize("shape", [(4, 8), (5, 3, 7), (2, 4, 6, 5)])
def test_parseval(shape):
    values = torch.randn(2, 3, *shape, dtype=torch.float64)
    for axis in range(-len(shape) + 1, 0):
        total = spectrum_along(values, axis).sum(2)
        torch.testing.assert_close(total, values.square().flatten(2).mean(2))


def test_bands_add_up_to_the_error_along_every_axis():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.GELU()).double().eval()
    found = bands(net, IMAGES, "translation,rotation")
    result = symmeter.measure(
        net, IMAGES, "translation,rotation", output="logits:equivariant", control=False, progress=False
    )
    for row in result.rows:
        for axis, size in {"x": 9, "y": 8}.items():
            assert found.power[row.symmetry][axis].sum() == pytest.approx(row.value, rel=1e-9)
            assert len(found.frequencies(axis)) == size // 2 + 1


@pytest.mark.parametrize("periods", [1, 3])
def test_a_wave_that_stays_is_found_at_its_frequency(periods):
    found = bands(Carrier(periods).double().eval(), IMAGES, "translation_x", definition="periodic")
    along = found.power["translation_x"]["x"]
    assert along.argmax() == periods and along[periods] > 0.999999 * along.sum()
    assert found.power["translation_x"]["y"].argmax() == 0


def test_signals_and_outputs_without_a_grid():
    lines = torch.rand(3, 2, 16, dtype=torch.float64)
    net = nn.Conv1d(2, 4, 3, padding=1).double().eval()
    found = bands(net, lines, "translation_x", domain="signals")
    assert list(found.power["translation_x"]) == ["x"] and found.sizes == {"x": 16}
    flat = nn.Sequential(net, nn.AdaptiveAvgPool1d(1), nn.Flatten())
    with pytest.raises(SymmeterError, match="only a grid has frequencies"):
        bands(flat, lines, "translation_x", output="logits", domain="signals")


@pytest.mark.parametrize("size", [6, 7, 8, 16, 17])
def test_bands_are_those_of_their_frequencies(size):
    power = torch.rand(2, 3, size // 2 + 1, dtype=torch.float64)
    expected = torch.zeros(2, 4, 3, dtype=torch.float64)
    for k in range(size // 2 + 1):
        band = next(i for i, high in enumerate((1 / 8, 1 / 4, 3 / 8, 1 / 2)) if k / size <= high)
        expected[:, band] += power[:, :, k]
    torch.testing.assert_close(banded(power, size), expected)


def test_shares_are_those_of_the_power_and_add_up_to_one():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.GELU()).double().eval()
    images = torch.rand(24, 2, 8, 9, dtype=torch.float64)
    found = bands(net, images, "translation_x")
    for axis in ("x", "y"):
        rows = [row for row in found.rows if row.axis == axis]
        power = found.power["translation_x"][axis]
        high = found.frequencies(axis) > 0.375
        assert [(row.low, row.high) for row in rows] == [
            (0, 0.125),
            (0.125, 0.25),
            (0.25, 0.375),
            (0.375, 0.5),
        ]
        assert rows[-1].share == pytest.approx(power[high].sum() / power.sum(), rel=1e-9)
        assert sum(row.share for row in rows) == pytest.approx(1, rel=1e-9)
        for row in rows:
            assert row.interval_low is not None and row.interval_high is not None, row
            assert row.interval_low <= row.share <= row.interval_high
            assert row.n == 24
    assert len(found.to_dict()["power"]["translation_x"]["x"]) == 5
    assert "0.375 to 0.5" in str(found)


def test_samples_that_are_not_finite_are_left_out():
    net = nn.Conv2d(2, 4, 3, padding=1).double().eval()
    images = IMAGES.clone()
    images[1, 0, 0, 0] = torch.inf
    with pytest.warns(symmeter.SymmeterWarning, match="1 image left out"):
        found = bands(net, images, "translation_x")
    without = bands(net, IMAGES[[0, 2]], "translation_x")
    torch.testing.assert_close(*[torch.tensor(one.power["translation_x"]["x"]) for one in (found, without)])


def test_shares_of_an_error_below_its_floor_are_not_resolved():
    net = nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular").double().eval()
    found = bands(net, IMAGES, "translation_x", definition="periodic")
    assert all(row.share != row.share and row.interval_remark == "not resolved" for row in found.rows)
