"""Volumes: exact where the network is, resolved where it is not, in millimetres, and in bounded memory."""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from tests.contracts.domain import DomainContract
from tests.domains.volumes.networks import UNet, blobs, convolution, symmetrised
from tests.helpers import check_refused
from tests.processes import printed
from torch import Tensor, nn

import symmeter
from symmeter.domains.volumes.domain import Volumes
from symmeter.errors import SymmeterWarning
from symmeter.measuring.measure import measure

VOLUMES = blobs(6, 8)
EXACT = 1e-20


def unet(**how) -> nn.Module:
    torch.manual_seed(0)
    return UNet(**how).double().eval()


class TestVolumes(DomainContract):
    domain = Volumes
    data = VOLUMES
    group = "octahedral"
    equivariant = (
        nn.Sequential(symmetrised(convolution()), nn.Tanh()).eval(),
        "octahedral,shift(2,z)",
        "logits:equivariant",
    )
    broken = (unet(), "octahedral,translation,rotation,shift(2,z)", "logits:equivariant")
    outputs: ClassVar = {
        "invariant": torch.rand(2, 5), "equivariant": torch.rand(2, 5, 4, 4, 4), "channels_first": torch.rand(2, 3, 4, 4, 4),
        "channels_last": torch.rand(2, 4, 4, 4, 5), "vectors": torch.rand(2, 3, 4, 4, 4),
    }  # fmt: skip
    misfits: ClassVar = {"equivariant": torch.rand(2, 5), "vectors": torch.rand(2, 2, 4, 4, 4)}
    good: ClassVar = {"definition": "periodic", "padding": "circular", "spacing": (1.0, 1.0, 2.0)}
    bad: ClassVar = {"definition": "splines", "padding": "mirror", "spacing": (1.0, 2.0)}


def rows(net: nn.Module, symmetry: str, output: str = "logits:equivariant", data=VOLUMES, **options):
    """Rows by the name of their symmetry."""
    result = measure(net, data, symmetry, output=output, domain="volumes", **options)
    return {row.symmetry: row for row in result.rows}


def test_circular_convolutions_commute_with_shifts_by_any_amount():
    net = nn.Sequential(convolution(), convolution(2)).eval()
    found = rows(net, "translation,shift(3)", definition="periodic")
    assert {row.verdict for row in found.values()} == {"not resolved"}
    assert all(abs(found[f"translation_{axis}"].value) < EXACT for axis in "xyz")
    through_relu = rows(nn.Sequential(net, nn.ReLU()).eval(), "translation,shift(3)", definition="periodic")
    assert (
        through_relu["translation_z"].verdict != "not resolved"
    )  # it makes frequencies that the grid cannot hold
    assert through_relu["shift(3)"].verdict == "not resolved"


@pytest.mark.slow
def test_a_symmetrised_convolution_has_the_octahedral_group_and_a_plain_one_has_not():
    both = (symmetrised(convolution()).eval(), convolution().eval())
    exact, plain = (rows(net, "octahedral,Oh", measure="relative_error", control=False) for net in both)
    assert exact["octahedral"].verdict == "not resolved" and plain["octahedral"].verdict != "not resolved"
    assert exact["octahedral"].value < 1e-12 < 0.1 < plain["octahedral"].value
    assert (
        exact["Oh"].verdict == "not resolved"
    )  # the mean over rotations of a 3 x 3 x 3 kernel has the inversion too


def test_the_value_over_the_octahedral_group_is_that_of_a_plain_loop():
    """Mean over elements of |f(g x) - g f(x)| / |f(x)|, with g by exchanged and flipped axes."""
    net = unet()
    found = rows(net, "C4(z)", measure="relative_error", control=False)["C4(z)"].value
    errors = []
    with torch.no_grad():
        y = net(VOLUMES)
        for k in (1, 2, 3):
            turned = lambda v, k=k: v.rot90(-k, (-2, -1))
            difference = (net(turned(VOLUMES)) - turned(y)).flatten(1).norm(dim=1)
            errors.append(difference / y.flatten(1).norm(dim=1))
    assert found == pytest.approx(torch.stack(errors).mean().item(), rel=1e-9)


def test_a_gradient_is_a_field_of_vectors_and_its_channels_are_no_scalars():
    class Gradient(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            central = [v[:, 0].roll(-1, axis) - v[:, 0].roll(1, axis) for axis in (-1, -2, -3)]
            return torch.stack(central, 1) / 2

    ask = {"measure": "relative_error", "control": False}
    net = Gradient().eval()
    turned = rows(net, "Oh", "logits:vectors", **ask)["Oh"]
    said = pytest.warns(SymmeterWarning, match="write logits:vectors")
    found_out = pytest.warns(SymmeterWarning, match="turn with the grid, as 'vectors'")
    with said, found_out:
        left = rows(net, "Oh", "logits", **ask)["Oh"]
    assert turned.verdict == "not resolved" and left.value > 0.5


def radii(sizes: tuple[int, ...], spacing: tuple[float, float, float]) -> Tensor:
    """The distance of every voxel (D, H, W) from the centre, for spacing (x, y, z)."""
    axes = [
        (torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * step
        for n, step in zip(sizes, spacing[::-1], strict=True)
    ]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).square().sum(0).sqrt()


class Shells(nn.Module):
    """Means over shells of the distance from the centre, in millimetres."""

    def __init__(self, radius: Tensor) -> None:
        super().__init__()
        shells = torch.stack([torch.exp(-(((radius - r) / 3) ** 2)) for r in (0.0, 3.0, 5.0)])
        self.register_buffer("shells", shells / shells.sum((1, 2, 3), keepdim=True))

    def forward(self, v: Tensor) -> Tensor:
        return torch.einsum("bcdhw,rdhw->br", v, self.shells)


THICK = (1.0, 1.0, 2.0)


def lumps(radius: Tensor) -> Tensor:
    """Six smooth volumes that fade towards the border and are longer along a slanted axis."""
    depth, height, width = (torch.linspace(-1, 1, n, dtype=torch.float64) for n in radius.shape)
    tilt = (width + 0.5 * height[:, None]) * depth[:, None, None]
    return torch.stack([torch.exp(-((radius / 4) ** 2)) * (1 + k * tilt) for k in range(1, 7)])[:, None]


@pytest.mark.parametrize("symmetry", ["rotation_x", "rotation_y", "SO3"])
def test_what_sees_the_radius_is_invariant_with_the_right_spacing_only(symmetry: str):
    radius = radii((12, 24, 24), THICK)
    data, net = lumps(radius)[:2].float(), Shells(radius).float().eval()
    ask = {"output": "logits:invariant", "data": data, "control": False, "elements": 4, "sampling": "haar"}
    ask |= {"measure": "relative_error"} if symmetry == "SO3" else {}
    right, wrong = (rows(net, symmetry, spacing=spacing, **ask)[symmetry].value for spacing in (THICK, 1.0))
    assert abs(right) < 1e-2 * wrong


def test_the_spacing_of_the_files_is_that_of_the_option_and_the_option_comes_first(tmp_path: Path):
    radius = radii((12, 24, 24), THICK)
    data, net = lumps(radius), Shells(radius).double().eval()
    np.savez(tmp_path / "lumps.npz", volumes=data.numpy(), spacing=np.array(THICK))
    path = str(tmp_path / "lumps.npz")
    ask = {"symmetry": "rotation_x", "output": "logits", "control": False}
    said, option, cubes = (
        symmeter.measure(net, path, **ask), symmeter.measure(net, data, spacing=THICK, **ask),
        symmeter.measure(net, path, spacing=1, **ask),
    )  # fmt: skip
    assert said.rows[0].value == pytest.approx(option.rows[0].value, rel=1e-9)
    assert said.rows[0].value < 1e-2 * cubes.rows[0].value
    with pytest.warns(SymmeterWarning, match="24 x 24 x 12 are taken as cubes"):
        symmeter.measure(net, data, **ask)


def test_a_u_net_on_blobs_has_both_controls_and_floors():
    found = rows(unet(), "octahedral,translation,rotation")
    assert set(found) == {
        "octahedral",
        *(f"{move}_{axis}" for move in ("translation", "rotation") for axis in "xyz"),
    }
    for row in found.values():
        assert row.verdict != "not resolved" and row.floor is not None
    assert all(math.isfinite(found[f"translation_{axis}"].specificity or math.nan) for axis in "xyz")


def test_windows_and_shifts_along_one_axis():
    def reference(shift: int) -> Tensor:
        return net(VOLUMES[:, :, 1 + shift : 7 + shift])

    net = nn.Sequential(convolution(), nn.AdaptiveAvgPool3d(1), nn.Flatten()).eval()
    found = rows(net, "shift(1,crop,z)", "logits", measure="relative_error", control=False)[
        "shift(1,crop,z)"
    ].value
    errors = [(reference(k) - reference(0)).norm(dim=1) / reference(0).norm(dim=1) for k in (-1, 1)]
    assert found == pytest.approx(torch.stack(errors).mean().item(), rel=1e-9)


def test_masks_change_nothing_and_the_result_says_so():
    net, masks = unet(), torch.zeros(len(VOLUMES), *VOLUMES.shape[2:], dtype=torch.long)
    run = lambda data: measure(net, data, "shift(1)", "relative_error", "logits", elements=3, control=False)
    with pytest.warns(SymmeterWarning, match="masks .* are not used"):
        found = run((VOLUMES, masks))
    assert found.rows[0].value == run(VOLUMES).rows[0].value


def test_what_is_asked_of_volumes_must_fit_them():
    net = unet()
    slab = VOLUMES[:, :, :4]
    check_refused("octahedral exchanges axes", measure, net, slab, "octahedral", output="logits")
    check_refused("volumes have no option 'img_size'", measure, net, VOLUMES, "octahedral", img_size=8)
    check_refused(
        r"vectors are \(B, 3, D, H, W\)", measure, net, VOLUMES, "octahedral", output="logits:vectors"
    )
    check_refused("give x", measure, net, VOLUMES[0], "octahedral", output="logits", domain="volumes")
    padded = measure(
        net, slab, "octahedral", "relative_error", "logits", padding="zeros", spacing=1, control=False
    )
    assert padded.rows[0].value > 0


def test_tensors_of_five_axes_are_seen_to_be_volumes():
    assert symmeter.measure(unet(), VOLUMES, "octahedral", output="logits", control=False).header["spec"]


@pytest.mark.slow
def test_a_large_volume_takes_bounded_memory():
    code = (
        "import torch, symmeter\n"
        "from torch import nn\n"
        "net = nn.Sequential(nn.Conv3d(1, 2, 3, stride=2), nn.GELU(), nn.AdaptiveAvgPool3d(1), nn.Flatten()).eval()\n"
        "x = torch.rand(1, 1, 128, 128, 128)\n"
        "net(x)\n"
        "before = peak()\n"
        "symmeter.measure(net, x, 'translation,rotation,octahedral,SO2(z)', output='logits', control=False, elements=4)\n"
        "print(peak() - before)\n"
    )
    assert float(printed(code)[-1]) < 1500  # MiB; the volume has 8
