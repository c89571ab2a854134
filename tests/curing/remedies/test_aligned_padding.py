import pytest
import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import Energies, before_energies, noise
from torch import nn
from torch.nn import functional

from symmeter.curing.remedies.aligned_padding import AlignedPadding

timm = pytest.importorskip("timm.layers")
pools = pytest.importorskip("timm.layers.pool2d_same")


def even(layer):
    """A convolution whose kernel is its own mirror image."""
    with torch.no_grad():
        layer.weight.add_(layer.weight.flip(-1))
    return layer


class TestOfTensorFlow(RemedyContract):
    remedy = AlignedPadding()
    case = Case(before_energies(lambda: even(timm.Conv2dSame(2, 4, 3, 2))), noise(), symmetry="hflip")
    factor = 1e6
    not_for = nn.Sequential(
        nn.Conv2d(2, 4, 3, 1, 1), nn.Conv2d(4, 4, 4, 4), nn.MaxPool2d(2), nn.AvgPool2d(3, 2), Energies()
    )
    # of an odd number of samples the grid is centred already, and a kernel that is no mirror image of itself is not cured
    unhelped = Case(before_energies(lambda: timm.Conv2dSame(2, 4, 3, 2)), noise(17), symmetry="hflip")


class TestOfTorch(TestOfTensorFlow):
    case = Case(before_energies(lambda: even(nn.Conv2d(2, 4, 3, 2, 1))), noise(), symmetry="hflip")


class TestOfAPool(TestOfTensorFlow):
    case = Case(before_energies(lambda: pools.MaxPool2dSame(3, 2)), noise(), symmetry="hflip")
    factor = 1e5


def aligned(layer):
    return AlignedPadding().exchange(layer, None)


def test_it_is_the_layer_with_a_kernel_of_four_and_a_pad_of_one():
    layer, x = timm.Conv2dSame(2, 4, 3, 2), torch.rand(3, 2, 12, 16)
    pair = torch.tensor([0.5, 0.5])
    weight = functional.conv2d(
        layer.weight.flatten(0, 1)[:, None], torch.outer(pair, pair)[None, None], padding=1
    ).view(4, 2, 4, 4)
    torch.testing.assert_close(aligned(layer)(x), functional.conv2d(x, weight, layer.bias, 2, 1))


def test_both_conventions_become_the_same_layer():
    same, torchs = timm.Conv2dSame(2, 4, 3, 2), nn.Conv2d(2, 4, 3, 2, 1)
    torchs.load_state_dict(same.state_dict())
    x = torch.rand(3, 2, 12, 16)
    assert not torch.allclose(same(x), torchs(x), atol=1e-2)
    torch.testing.assert_close(aligned(same)(x), aligned(torchs)(x))


@pytest.mark.parametrize("size", [15, 16, 17, 18, 19])
@pytest.mark.parametrize(
    "layer",
    [nn.Conv2d(1, 1, k, s, p, dilation=d) for k, s, p, d in ((3, 2, 1, 1), (1, 2, 0, 1), (7, 2, 3, 1), (3, 3, 1, 1), (3, 2, 2, 2), (4, 2, 0, 1))]
    + [timm.Conv2dSame(1, 1, 3, 2), timm.Conv2dSame(1, 1, 5, 3), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, ceil_mode=True)],
    ids=str,
)  # fmt: skip
def test_what_is_flipped_comes_out_flipped(layer, size):
    x = torch.rand(2, 1, size, size, dtype=torch.float64)
    layer = layer.double()
    if isinstance(layer, nn.Conv2d):
        even(layer)
    made = aligned(layer)
    torch.testing.assert_close(made(x.flip(-1)), made(x).flip(-1))
    assert made(x).shape == layer(x).shape


def test_where_the_grid_is_centred_nothing_changes():
    layer, x = nn.Conv2d(2, 4, 3, 2, 1), torch.rand(3, 2, 13, 17)
    torch.testing.assert_close(aligned(layer)(x), layer(x))


def test_names_of_the_state_and_the_parameters_stay():
    layer = timm.Conv2dSame(2, 4, 3, 2)
    made = aligned(layer)
    assert list(made.state_dict()) == list(layer.state_dict()) and made.weight is layer.weight
    assert isinstance(made, nn.Conv2d) and made.stride == layer.stride
