"""Outputs that lie a known distance beside where they should: it is found, and nothing else is taken for that."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import symmeter
import symmeter.measuring.offsets
from symmeter.domains.grids.affine_map import FLIP_X, AffineMap, rotation_by
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.offsets import Turned, find_offset, turns_in_place
from symmeter.measuring.passes import moved

pytestmark = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
SIZE = 24


def waves(dx=0.0, dy=0.0, count=6, flip=False):
    """Sums of waves (count, 1, SIZE, SIZE), of a field that is sampled (dx, dy) pixels beside the middle."""
    random = torch.Generator().manual_seed(0)
    p = torch.arange(SIZE, dtype=torch.float64) - (SIZE - 1) / 2
    x, y = (p + dx)[None, :], (p + dy)[:, None]
    x = -x if flip else x
    kx, ky, phase = torch.rand(3, count, 5, 1, 1, dtype=torch.float64, generator=random)
    return torch.cos(0.4 * kx * x + 0.4 * ky * y + 6.3 * phase).sum(1, keepdim=True)


def of_flip(dx, dy=0.0):
    """An equivariant function of waves under a flip, sampled beside the middle."""
    rho = Grid(Bandlimited())
    return Turned(rho, waves(dx, dy), {AffineMap(FLIP_X): waves(dx, dy, flip=True)})


@pytest.mark.parametrize("dx", [0.5, -0.25, 0.137, 1.0, -1.5])
def test_an_offset_is_found_whatever_its_size(dx):
    """The output samples its field dx to the right of the middle: what it shows lies dx too far to the left."""
    found = find_offset(of_flip(dx))
    (along,) = found.along  # a flip says nothing of the other axis
    assert along.axis == "x"
    assert along.value == pytest.approx(-dx, abs=0.01)
    assert along.low <= along.value <= along.high
    assert along.high - along.low < 0.05
    assert found.named
    assert found.explained > 0.9


def test_without_an_offset_there_is_none():
    assert not find_offset(of_flip(0.0)).named


def test_noise_has_no_offset():
    random = torch.Generator().manual_seed(1)
    y, z = (torch.randn(6, 2, SIZE, SIZE, generator=random, dtype=torch.float64) for _ in range(2))
    found = find_offset(Turned(Grid(Bandlimited()), y, {AffineMap(FLIP_X): z}))
    assert not found.named
    assert found.explained < 0.3


def test_one_sample_has_no_interval_and_so_no_offset():
    turned = of_flip(0.5)
    assert find_offset(Turned(turned.rho, turned.y[:1], {g: z[:1] for g, z in turned.moved.items()})) is None


def test_elements_that_move_places_to_places_about_the_centre():
    flip, quarter = AffineMap(FLIP_X), rotation_by(90)
    others = [AffineMap(), rotation_by(30), AffineMap(shift=(1.0, 0.0)), AffineMap(((2.0, 0.0), (0.0, 2.0)))]
    assert list(filter(turns_in_place, [*others, flip, quarter])) == [flip, quarter]


class Blurred(nn.Module):
    """A blurred image as heat maps, `shifted` or `built` half a pixel off, or with an error of another kind."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        x = functional.avg_pool2d(functional.avg_pool2d(x, 5, 1, 2), 5, 1, 2)
        made = {
            "right": lambda: x,
            "half": lambda: functional.avg_pool2d(functional.pad(x, (0, 1, 0, 1)), 2, 1),
            "stride": lambda: x[..., ::2, ::2],
            "ramp": lambda: x * torch.linspace(0, 1, x.shape[-1]).to(x),
        }
        return made[self.kind]()


def measured(kind, symmetry="D4", output="heatmaps"):
    random = torch.Generator().manual_seed(0)
    images = functional.pad(torch.rand(8, 1, 20, 20, generator=random), (6, 6, 6, 6))
    return symmeter.measure(
        Blurred(kind).eval(),
        images,
        symmetry=symmetry,
        output=output,
        measure="relative_error",
        progress=False,
    )


def named(result):
    return [warning for warning in result.warnings if "lies beside where it should" in warning]


@pytest.mark.parametrize(("kind", "offset"), [("half", -0.5), ("stride", 0.25)])
def test_heat_maps_that_are_off_are_named(kind, offset):
    """Every second pixel from the first on: in pixels of its own the output lies a quarter too far to the right."""
    result = measured(kind)
    (remark,) = named(result)
    assert "output 'logits' lies beside where it should, by x" in remark
    found = result.header["spec"]["offsets"]["logits"]
    assert [one["axis"] for one in found["along"]] == ["x", "y"]
    for one in found["along"]:
        assert one["value"] == pytest.approx(offset, abs=0.01)
        assert one["low"] <= one["value"] <= one["high"]


@pytest.mark.parametrize("kind", ["right", "ramp"])
def test_heat_maps_that_are_not_off_are_not_named(kind):
    result = measured(kind)
    assert named(result) == []
    assert (result.rows[0].value > 0.1) == (kind == "ramp")


def test_shifts_say_nothing_of_where_the_centre_is():
    result = measured("half", "shift(2)")
    assert result.header["spec"]["offsets"] == {}


@pytest.mark.parametrize("off", [0.0, 0.5, 0.125])
def test_keypoints_that_are_off_are_named(off):
    class Brightest(nn.Module):
        def forward(self, images):
            weights = images[:, 0] / images[:, 0].sum((1, 2), keepdim=True)
            rows, columns = (torch.arange(n).to(images) for n in images.shape[-2:])
            return (
                torch.stack([(weights.sum(1) * columns).sum(1), (weights.sum(2) * rows).sum(1)], -1)[:, None]
                + off
            )

    images = torch.rand(8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    result = symmeter.measure(Brightest().eval(), images, symmetry="D4", output="keypoints", progress=False)
    assert len(named(result)) == (off != 0)
    for one in result.header["spec"]["offsets"].get("keypoints", {"along": []})["along"]:
        assert np.isclose(one["value"], off, atol=0.01)


def test_a_volume_that_is_off_along_one_axis_is_named():
    def blurred(volumes):
        return functional.avg_pool3d(
            functional.pad(functional.avg_pool3d(volumes, 3, 1, 1), (0, 1)), (1, 1, 2), 1
        )

    volumes = functional.pad(torch.rand(4, 1, 6, 6, 6, generator=torch.Generator().manual_seed(0)), (3,) * 6)
    result = symmeter.measure(
        blurred, volumes, symmetry="octahedral", domain="volumes", output="logits", elements=6, control=False,
        measure="relative_error", progress=False,
    )  # fmt: skip
    (remark,) = named(result)
    assert "voxels" in remark
    found = {one["axis"]: one["value"] for one in result.header["spec"]["offsets"]["logits"]["along"]}
    assert found["x"] == pytest.approx(-0.5, abs=0.01)
    assert all(abs(found[axis]) < 0.01 for axis in set(found) - {"x"})


@pytest.mark.parametrize(("pad", "offset"), [((0, 1), -0.5), ((1, 0), 0.5)])
def test_a_filter_of_even_length_puts_a_signal_half_a_sample_off(pad, offset):
    def filtered(signals):
        return functional.avg_pool1d(functional.pad(functional.avg_pool1d(signals, 5, 1, 2), pad), 2, 1)

    signals = functional.pad(torch.rand(6, 1, 40, generator=torch.Generator().manual_seed(0)), (8, 8))
    result = symmeter.measure(
        filtered, signals, symmetry="reversal", domain="signals", output="logits", measure="relative_error",
        control=False, progress=False,
    )  # fmt: skip
    (remark,) = named(result)
    assert "samples" in remark
    (along,) = result.header["spec"]["offsets"]["logits"]["along"]
    assert along["value"] == pytest.approx(offset, abs=0.01)


@pytest.mark.parametrize("seed", [1, 3, 8])
def test_networks_with_random_weights_have_large_errors_of_another_kind(seed):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1, stride=2)
    ).eval()
    images = torch.rand(6, 1, 24, 24)
    result = symmeter.measure(
        net, images, symmetry="D4", output="logits", measure="relative_error", control=False, progress=False
    )
    assert result.rows[0].value > 0.1
    assert named(result) == []


def test_only_outputs_that_move_are_asked_for_more_passes(monkeypatch):
    asked = []
    monkeypatch.setattr(
        symmeter.measuring.offsets, "moved", lambda *given: asked.append(given) or moved(*given)
    )
    torch.manual_seed(0)
    convolution, x = nn.Conv2d(1, 2, 3, padding=1), torch.rand(4, 1, 8, 8)
    symmeter.measure(
        nn.Sequential(convolution, nn.Flatten()).eval(), x, "C4", output="logits", progress=False
    )
    assert not asked
    symmeter.measure(convolution.eval(), x, "C4", output="logits", progress=False)
    assert len(asked) == 1
