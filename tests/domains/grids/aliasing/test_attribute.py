"""How much of the error of layers is aliasing: all of it on circular networks, the rest is the boundary."""

import pytest
import torch
from tests.layers.profiles import images, net
from torch import nn

import symmeter
from symmeter.errors import SymmeterError


def circular(stride=2):
    torch.manual_seed(0)
    conv = lambda i, o, s: nn.Conv2d(i, o, 3, stride=s, padding=1, padding_mode="circular")
    return nn.Sequential(
        conv(3, 4, 1), nn.GELU(), conv(4, 5, stride), nn.SiLU(), conv(5, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ).double().eval()  # fmt: skip


def test_a_circular_network_is_explained_to_the_last_digit():
    x = torch.rand(3, 3, 12, 16, dtype=torch.float64)
    found = symmeter.aliasing(circular(), x, output="logits")
    rows = {row.layer: row for row in found.rows if row.symmetry == "translation_x"}
    for layer in ("1", "2", "3"):  # what aliases: activations and the strided convolution
        assert rows[layer].measured > 1e-6
        assert rows[layer].predicted == pytest.approx(rows[layer].measured, rel=1e-6)
        assert rows[layer].explained == pytest.approx(1, abs=1e-8)
    assert rows["2"].aliasing == pytest.approx(rows["2"].contribution, rel=1e-8)
    assert rows["0"].measured < 1e-20 and rows["4"].measured < 1e-20
    assert found.header["spec"]["aliasing"]["translation_x"] == pytest.approx(1, abs=1e-6)
    assert found.header["definition"] == "periodic"


def test_a_circular_network_on_lines_is_explained_as_well():
    torch.manual_seed(0)
    conv = lambda i, o, s: nn.Conv1d(i, o, 3, stride=s, padding=1, padding_mode="circular")
    model = nn.Sequential(
        conv(2, 4, 1), nn.GELU(), conv(4, 5, 3), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(20, 3)
    )
    x = torch.rand(3, 2, 24, dtype=torch.float64)
    found = symmeter.aliasing(model.double().eval(), x, output="logits", domain="signals")
    rows = {row.layer: row for row in found.rows}
    assert {row.symmetry for row in found.rows} == {"translation_x"}
    for layer in ("1", "2", "3"):
        assert rows[layer].measured > 1e-6 and rows[layer].explained == pytest.approx(1, abs=1e-8)
    assert rows["0"].measured < 1e-20 and rows["5"].explained is None


def test_zero_padding_is_not_aliasing(tmp_path):
    found = symmeter.aliasing(net(), images(), "translation_x", output="logits")
    rows = {row.layer: row for row in found.rows}
    assert rows["3.0.conv"].predicted == 0 and rows["3.0.conv"].explained == pytest.approx(0, abs=1e-6)
    assert rows["3.0.act"].explained > 0.99
    found.save(tmp_path / "a")
    assert symmeter.load(tmp_path / "a").rows[1]["explained"] == found.rows[1].explained


def test_translations_only():
    with pytest.raises(SymmeterError, match="about translations, not rotation"):
        symmeter.aliasing(net(), images(), "rotation")
