import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import PERIODIC, Energies, before_energies, noise
from torch import nn

from symmeter.curing.remedies.overlapping_patches import OverlappingPatches
from symmeter.curing.windows import low_passed


class TestOverlappingPatches(RemedyContract):
    remedy = OverlappingPatches()
    case = Case(before_energies(lambda: nn.Conv2d(3, 4, 4, 4)), noise(16, 3), options=PERIODIC)
    factor = 2.0
    not_for = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 8, 2, 2), nn.Conv2d(8, 8, 4, 4), Energies())
    arguments = ("0.25", "1", "2")
    misfits = ("0", "-1", "3", "nan", "x")


class TestOfAWholeStride(TestOverlappingPatches):
    remedy = OverlappingPatches(1.0)
    factor = 10.0


def test_it_is_the_embedding_of_a_blurred_image():
    layer, x = nn.Conv2d(3, 4, (4, 8), (4, 8)), torch.rand(2, 3, 16, 24)
    made = OverlappingPatches().exchange(layer, None)
    torch.testing.assert_close(made(x), layer(low_passed(x, (2, 4))))
    assert type(made) is nn.Conv2d and made.kernel_size == (6, 14) and made.stride == (4, 8)


def test_of_a_constant_image_nothing_changes():
    layer, x = nn.Conv2d(3, 4, 16, 16), torch.full((1, 3, 48, 32), 0.7)
    torch.testing.assert_close(OverlappingPatches(1.0).exchange(layer, None)(x), layer(x))


def test_the_bias_is_that_of_the_layer_and_the_flag_of_the_weight_is_kept():
    layer = nn.Conv2d(3, 4, 4, 4).requires_grad_(False)
    made = OverlappingPatches().exchange(layer, None)
    assert made.bias is layer.bias and not made.weight.requires_grad
    assert layer.weight.shape == (4, 3, 4, 4)
