"""Masks: the share of pixels that keep their class, against a loop over shifts and torchvision's own motions."""

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter

quiet = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")


def segmenter(padding_mode, stride=1):
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=stride, padding=1, padding_mode=padding_mode), nn.ReLU(), nn.Conv2d(8, 4, 1),
        nn.Upsample(scale_factor=stride, mode="nearest"),
    ).eval()  # fmt: skip


@quiet
def test_it_is_the_mean_agreement_of_masks_over_all_shifts():
    images, net = torch.rand(3, 3, 8, 8), segmenter("zeros", stride=2)
    shares = []
    for down in range(-2, 3):
        for across in range(-2, 3):
            if (down, across) != (0, 0):
                moved = net(images.roll((down, across), (2, 3))).argmax(1)
                shares.append((moved == net(images).argmax(1).roll((down, across), (1, 2))).double().mean())
    (row,) = symmeter.measure(
        net, images, "shift(2)", "mask_consistency", "logits:masks", progress=False
    ).rows
    assert row.value == pytest.approx(float(torch.stack(shares).mean()), abs=1e-12)
    assert row.value < 0.9 and row.unit == "share of pixels"


@quiet
def test_what_is_the_same_everywhere_keeps_all_masks():
    images = torch.rand(3, 3, 8, 8)
    (row,) = symmeter.measure(segmenter("circular"), images, "shift(3)", "mask_consistency", "logits:masks",
                              progress=False).rows  # fmt: skip
    assert row.value == 1 and row.verdict == "not resolved"


@quiet
def test_windows_of_shifts_compare_what_they_share():
    images = torch.rand(3, 3, 12, 12)
    (row,) = symmeter.measure(segmenter("circular"), images, "T2(0.25)", "mask_consistency", "logits:masks",
                              elements=6, progress=False).rows  # fmt: skip
    assert 0 < row.value <= 1


def test_other_outputs_are_refused():
    net = nn.Sequential(segmenter("zeros"), nn.Flatten())
    check_refused("needs scores of classes", symmeter.measure, net, torch.rand(2, 3, 6, 6), "C4", "mask_consistency",
                  "logits", progress=False)  # fmt: skip


@pytest.mark.parametrize(("symmetry", "name"), [("hflip", "horizontal_flip"), ("vflip", "vertical_flip")])
def test_masks_and_flow_are_flipped_as_torchvision_flips_them(symmetry, name):
    """Of flow torchvision moves the grid alone (as for images); the sign of a component is ours, by hand."""
    functional = pytest.importorskip("torchvision.transforms.v2.functional", exc_type=ImportError)
    from torchvision import tv_tensors

    from symmeter.domains.grids.grid import Grid
    from symmeter.domains.grids.interpolants.series import Bandlimited
    from symmeter.domains.grids.scalars import Masks
    from symmeter.domains.grids.vectors import Vectors

    _, flip = symmeter.parse_group(symmetry).enumerate()
    grid, flipped = Grid(Bandlimited()), getattr(functional, name)
    scores, flow = torch.rand(2, 4, 6, 8), torch.rand(2, 2, 6, 8)
    own = Masks(grid).act(flip, scores)[0].argmax(1)
    assert torch.equal(own, torch.as_tensor(flipped(tv_tensors.Mask(scores.argmax(1)))))
    signs = {"hflip": [-1.0, 1.0], "vflip": [1.0, -1.0]}[symmetry]
    expected = flipped(flow) * torch.tensor(signs)[:, None, None]
    torch.testing.assert_close(Vectors(grid).act(flip, flow)[0], expected)


@quiet
def test_eq_t_of_a_small_generator():
    """Circular layers have EQ-T without bound; one that samples down loses it, by what the formula says."""
    torch.manual_seed(0)
    images = torch.rand(3, 3, 16, 16, dtype=torch.float64) * 2 - 1
    same = {"padding": 1, "padding_mode": "circular"}
    smooth = (
        nn.Sequential(nn.Conv2d(3, 8, 3, **same), nn.Tanh(), nn.Conv2d(8, 3, 3, **same), nn.Tanh())
        .double()
        .eval()
    )
    coarse = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, **same), nn.Tanh(), nn.Upsample(scale_factor=2),
                           nn.Conv2d(8, 3, 3, **same), nn.Tanh()).double().eval()  # fmt: skip
    found = {}
    for name, net in (("smooth", smooth), ("coarse", coarse)):
        (found[name],) = symmeter.measure(net, images, "shift(1,x)", "eq_t", "logits", progress=False).rows
    own = [coarse(images.roll(s, 3)) - coarse(images).roll(s, 3) for s in (-1, 1)]
    error = float(torch.stack(own).detach().square().mean())
    assert found["coarse"].value == pytest.approx(
        10 * torch.log10(torch.tensor(4 / error, dtype=torch.float64)).item()
    )
    assert found["smooth"].value > 200 > 60 > found["coarse"].value
