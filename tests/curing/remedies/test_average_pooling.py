import pytest
import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import PERIODIC, Energies, before_energies, noise
from torch import nn

from symmeter.curing.remedies.average_pooling import AveragePooling


class TestAveragePooling(RemedyContract):
    remedy = AveragePooling()
    case = Case(before_energies(lambda: nn.MaxPool2d(2)), noise(), options=PERIODIC)
    factor = 3.0
    not_for = nn.Sequential(nn.AvgPool2d(2), nn.MaxPool2d(2, dilation=2), nn.Conv2d(2, 2, 3, 2), Energies())


def means(pool, x):
    """The definition as a loop: means of what lies inside of each window of a max pool."""
    wanted = pool(x)
    for row in range(wanted.shape[-2]):
        for column in range(wanted.shape[-1]):
            top, left = row * pool.stride - pool.padding, column * pool.stride - pool.padding
            inside = x[..., max(top, 0) : top + pool.kernel_size, max(left, 0) : left + pool.kernel_size]
            wanted[..., row, column] = inside.mean((-2, -1))
    return wanted


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 2, 0), (3, 3, 1), (2, 3, 1)]
)
def test_they_are_means_of_what_lies_inside_of_each_window(kernel, stride, padding, ceil):
    pool, x = (
        nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil),
        torch.rand(2, 3, 9, 12, dtype=torch.float64),
    )
    torch.testing.assert_close(AveragePooling().exchange(pool, None)(x), means(pool, x))


def test_zeros_that_tensorflow_pads_with_are_not_counted():
    same = pytest.importorskip("timm.layers.pool2d_same").MaxPool2dSame(3, 2)
    x = torch.full((1, 1, 8, 8), 5.0)
    torch.testing.assert_close(AveragePooling().exchange(same, None)(x), same(x))
