import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional

from symmeter.curing.windows import Pool, Windows, low_passed, margins_of, rebuilt, sharing, windows_of

timm = pytest.importorskip("timm.layers")
pools = pytest.importorskip("timm.layers.pool2d_same")


@pytest.mark.parametrize("size", [9, 10, 11, 12])
@pytest.mark.parametrize("ceil", [False, True])
def test_pools_over_margins_are_those_of_torch(size, ceil):
    for kernel, stride, padding, dilation in itertools.product((1, 2, 3, 5), (1, 2, 3, 4), (0, 1), (1, 2)):
        if 2 * padding > kernel:
            continue
        pool = nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil)
        x = torch.randn(1, 1, size, size + 3)
        margins = margins_of(windows_of(pool), x)
        covered = functional.pad(x, margins, value=-float("inf"))
        assert torch.equal(functional.max_pool2d(covered, kernel, stride, 0, dilation), pool(x)), pool


@pytest.mark.parametrize("size", [9, 10, 11, 12])
def test_margins_are_those_of_tensorflow(size):
    for kernel, stride, dilation in itertools.product((1, 2, 3, 5), (1, 2, 3), (1, 2)):
        layer, x = timm.Conv2dSame(1, 1, kernel, stride, dilation=dilation), torch.randn(1, 1, size, size)
        covered = functional.pad(x, margins_of(windows_of(layer), x))
        made = functional.conv2d(covered, layer.weight, layer.bias, stride, 0, dilation)
        torch.testing.assert_close(made, layer(x))


def test_paddings_in_words_are_read():
    for padding, margins in (("same", (2, 2)), ("valid", (0, 0)), (1, (1, 1))):
        (_, columns) = windows_of(nn.Conv2d(1, 1, (3, 5), padding=padding))
        assert columns.margins(10) == (margins if padding != 1 else (1, 1))
    assert windows_of(nn.Conv2d(1, 1, (1, 4), padding="same"))[1].edges == (1, 2)


def test_only_what_is_just_what_its_class_says_has_windows():
    class Scaled(nn.Conv2d):
        pass

    hooked, parametrised = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)
    hooked.register_forward_hook(lambda module, given, made: made)
    nn.utils.parametrizations.weight_norm(parametrised)
    others = (Scaled(1, 1, 3), hooked, parametrised, nn.Conv1d(1, 1, 3), nn.Linear(2, 2))
    assert [windows_of(layer) for layer in (*others, nn.MaxPool2d(2, return_indices=True))] == [None] * 6
    assert windows_of(pools.MaxPool2dSame(3, 2)) == (Windows(3, 2, 1, None),) * 2
    with pytest.raises(TypeError):
        Pool(others[0])


def test_what_is_rebuilt_has_the_parameters_themselves_and_takes_no_random_numbers():
    layer = nn.Conv2d(4, 6, 3, 2, 1, groups=2).eval()
    random = torch.get_rng_state()
    made = rebuilt(nn.Conv2d, layer, margins=(1, 0), mode="replicate")
    assert torch.equal(torch.get_rng_state(), random)
    assert made.weight is layer.weight and made.bias is layer.bias and not made.training
    assert (made.groups, made.stride, made.padding, made.padding_mode) == (2, (2, 2), (1, 0), "replicate")
    assert rebuilt(nn.Conv2d, nn.Conv2d(1, 1, 3, bias=False)).bias is None


def test_a_copy_shares_tensors_and_nothing_else():
    layer = nn.BatchNorm2d(3)
    copy = sharing(layer)
    assert copy.weight is layer.weight and copy.running_mean is layer.running_mean
    copy.momentum = 0.5
    assert layer.momentum != 0.5


@pytest.mark.parametrize("width", [2, 3, 4])
def test_frequencies_that_a_stride_takes_for_a_constant_are_gone(width):
    t = torch.arange(24, dtype=torch.float64)
    for order in range(1, width):
        wave = torch.cos(2 * torch.pi * order * t / width).expand(1, 1, 24, 24)
        made = low_passed(wave, (1, width), mode="circular")
        assert made.abs().max() < 1e-12 and wave.abs().max() == 1
