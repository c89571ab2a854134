import pytest
import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import PERIODIC, Energies, before_energies, noise, smooth
from torch import nn
from torch.nn import functional

from symmeter.curing.remedies.blur import Blur, BlurBeforeStride

CIRCULAR = {"padding_mode": "circular", "bias": False}


class TestOfAConvolution(RemedyContract):
    remedy = BlurBeforeStride()
    case = Case(before_energies(lambda: nn.Conv2d(2, 4, 3, 2, 1, **CIRCULAR)), noise(), options=PERIODIC)
    factor = 5.0
    not_for = nn.Sequential(
        nn.Conv2d(2, 4, 3, 1, 1), nn.AvgPool2d(2), nn.MaxPool2d(3, 1), nn.Conv2d(4, 4, 8, 8)
    )

    arguments = ("0.5", "1", "0.123456789")
    misfits = ("0", "1.5", "-1", "nan", "x")


class TestOfHalfABlur(TestOfAConvolution):
    remedy = BlurBeforeStride(0.5)
    factor = 1.5


class TestOfAPool(RemedyContract):
    remedy = BlurBeforeStride()
    case = Case(before_energies(lambda: nn.MaxPool2d(2)), smooth(), options=PERIODIC)
    factor = 2.5
    # without a stride to pass on to, nothing is left to be cured by it: the error is made by a kink
    not_for = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), Energies())


def test_the_blur_of_a_stride_is_the_triangle_of_its_width():
    x = torch.zeros(1, 1, 9, 11, dtype=torch.float64)
    x[..., 4, 5] = 1
    for stride, row in ((2, [1, 2, 1]), (3, [1, 2, 3, 2, 1]), (4, [1, 2, 3, 4, 3, 2, 1])):
        row = torch.tensor(row, dtype=torch.float64) / stride**2
        reach = stride - 1
        made = Blur((stride, 2))(x)[0, 0, 4 - reach : 5 + reach, 4:7]
        torch.testing.assert_close(made, torch.outer(row, torch.tensor([0.25, 0.5, 0.25]).double()))


def test_constants_stay_as_they_are_up_to_the_edge():
    x = torch.full((1, 2, 7, 5), 3.0)
    torch.testing.assert_close(Blur((3, 2))(x), x)


def test_only_the_axis_that_is_strided_is_blurred():
    layer = nn.Conv2d(2, 4, (1, 1), (1, 2))
    made, x = BlurBeforeStride().exchange(layer, None), torch.rand(1, 2, 6, 8)
    torch.testing.assert_close(made(x)[..., 2, :], made(x[..., 2:3, :])[..., 0, :])
    assert not torch.allclose(made(x), layer(x))


def test_a_pool_takes_maxima_everywhere_then_the_blur_then_every_second():
    x = torch.rand(2, 3, 12, 12, dtype=torch.float64)
    dense = functional.max_pool2d(x, 3, 1, 1)
    row = torch.tensor([0.25, 0.5, 0.25], dtype=x.dtype)
    kernel = torch.outer(row, row).expand(3, 1, 3, 3)
    # the last row of maxima at all positions is not reached by windows of stride 2: what lies beyond is repeated
    reached = dense[..., :11, :11]
    blurred = functional.conv2d(functional.pad(reached, (1, 1, 1, 1), mode="replicate"), kernel, groups=3)
    made = BlurBeforeStride().exchange(nn.MaxPool2d(3, 2, 1), None)(x)
    torch.testing.assert_close(made, blurred[..., ::2, ::2])


def test_the_state_is_that_of_the_layer():
    layer = nn.Conv2d(2, 4, 3, 2)
    assert list(BlurBeforeStride().exchange(layer, None).state_dict()) == ["1.weight", "1.bias"]
    assert not BlurBeforeStride().exchange(nn.MaxPool2d(2), None).state_dict()


def test_a_layer_of_an_unknown_class_keeps_its_own_forward():
    class Doubled(nn.Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    layer = Doubled(2, 4, 3, 2, 1)
    made, x = BlurBeforeStride().exchange(layer, None), torch.rand(1, 2, 8, 8)
    torch.testing.assert_close(made(x), layer(Blur((2, 2))(x)))
    assert BlurBeforeStride().exchange(type("OwnPool", (nn.MaxPool2d,), {})(2), None) is None


@pytest.mark.parametrize("layer", [nn.Conv2d(2, 2, 3, 2, bias=False), nn.MaxPool2d(2)], ids=str)
def test_a_part_of_a_blur_lies_between_none_and_all(layer):
    x = torch.rand(1, 2, 8, 8)
    whole = BlurBeforeStride().exchange(layer, None)(x)
    part = BlurBeforeStride(0.25).exchange(layer, None)(x)
    torch.testing.assert_close(part, 0.75 * layer(x) + 0.25 * whole)
