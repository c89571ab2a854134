"""Layers of networks on volumes: they add up to the whole, in millimetres too, and aliasing explains what it should."""

import pytest
import torch
from torch import nn

import symmeter
from symmeter.errors import SymmeterError

SCANS = torch.rand(2, 1, 8, 4, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


class Flattened(nn.Module):
    """Patches of a volume (B, C, D, H, W) as tokens (B, N, C), behind one of its own where there is to be one."""

    def __init__(self, prefix=0):
        super().__init__()
        self.prefix = prefix

    def forward(self, x):
        return nn.functional.pad(x.flatten(2).mT, (0, 0, self.prefix, 0))


def circular(i, o, stride=1):
    return nn.Conv3d(i, o, 3, stride=stride, padding=1, padding_mode="circular")


def test_aliasing_is_all_of_the_error_of_circular_networks():
    torch.manual_seed(0)
    layers = (circular(1, 3), nn.GELU(), circular(3, 4, (2, 1, 2)), nn.AvgPool3d((2, 2, 3)), nn.Flatten())
    model = nn.Sequential(*layers, nn.Linear(32, 3)).double().eval()
    found = symmeter.aliasing(model, SCANS, "translation", output="logits", domain="volumes")
    for name in ("translation_x", "translation_y", "translation_z"):
        rows = {row.layer: row for row in found.rows if row.symmetry == name}
        assert rows["0"].measured < 1e-20 and rows["5"].explained is None
        for layer in ("1", "3"):
            assert rows[layer].measured > 1e-6 and rows[layer].explained == pytest.approx(1, abs=1e-8)
        if name == "translation_y":  # the axis without a stride
            assert rows["2"].measured < 1e-20
        else:
            assert rows["2"].explained == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("spacing", [None, (0.7, 0.7, 2.0)])
def test_layers_add_up_and_none_is_left_out(spacing):
    torch.manual_seed(0)
    layers = (nn.Conv3d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool3d((1, 2, 2)), nn.Conv3d(3, 4, 1))
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 3)).double().eval()
    options = {} if spacing is None else {"spacing": spacing}
    found = symmeter.attribute(
        model, SCANS, "translation_z,scale", output="logits", domain="volumes", control=False, **options
    )
    assert not found.header["spec"]["folded"]
    for name in found.symmetries:
        whole, *parts = [row for row in found.rows if row.symmetry == name]
        total = sum(row.contribution for row in parts if row.terminal)
        assert total == pytest.approx(whole.value, rel=1e-9)
        pointwise = next(row for row in parts if row.layer == "3")
        assert abs(pointwise.contribution) < 1e-12 * max(abs(row.contribution) for row in parts)


def test_tokens_move_as_the_grid_that_they_were_flattened_from():
    torch.manual_seed(0)
    patches = nn.Conv3d(1, 5, 2, 2)
    on_grid, tokens, behind = (
        nn.Sequential(patches, *more).double().eval() for more in ((), (Flattened(),), (Flattened(1),))
    )
    values = [
        symmeter.measure(model, SCANS, "translation", output=output, domain="volumes", control=False).rows
        for model, output in (
            (on_grid, "logits:equivariant"),
            (tokens, "logits:tokens(4x2x6)"),
            (behind, "logits:tokens(1+4x2x6)"),
        )
    ]
    for row, same, with_prefix in zip(*values, strict=True):
        assert same.value == pytest.approx(row.value, rel=1e-10)
        assert with_prefix.value == pytest.approx(row.value * 48 / 49, rel=1e-10)
    with pytest.raises(SymmeterError, match=r"which is not tokens\(4x12\) on a grid of 3 axes"):
        symmeter.measure(tokens, SCANS, "translation", output="logits:tokens(4x12)", domain="volumes")
