"""The first look: batches, neighbours, chance and precision are what they are said to be."""

import pytest
import torch
from torch import nn

from symmeter.errors import SymmeterError
from symmeter.measuring.function import Batching, Function
from symmeter.measuring.look import look
from symmeter.measuring.suspects import differing_modules
from symmeter.models.outputs import parse_outputs

CPU = torch.device("cpu")


class Written(nn.Module):
    """A forward pass around a small network."""

    def __init__(self, forward, net=None):
        super().__init__()
        self.net = net or nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self._forward = forward

    def forward(self, x):
        return self._forward(self.net, x)


def seen(model, n=3, dtype=torch.float32, batch_size=None):
    torch.manual_seed(0)
    with torch.no_grad():
        function = Function.of(model, parse_outputs("logits", model), CPU, dtype)
        return look(function, torch.rand(n, 3, 8, 8, dtype=dtype), model, batch_size)


def test_an_ordinary_network_is_called_three_times_and_has_nothing_to_tell():
    calls = []
    found = seen(Written(lambda net, x: (calls.append(len(x)), net(x))[1]))
    assert found.notes == () and found.chance is None and found.function.batching == Batching()
    assert calls == [1, 1, 2]  # to find what is written, once more, two
    assert found.function.shapes == ((4,),)


@pytest.mark.parametrize("size", [1, 2, 5, 7])
@pytest.mark.parametrize("n", [1, 3, 11])
def test_a_fixed_batch_is_found_and_served(size, n):
    def forward(net, x):
        if len(x) != size:
            raise RuntimeError(f"expected {size}")
        return net(x)

    model = Written(forward)
    found = seen(model)
    assert found.function.batching.size == size and f"takes {size} sample" in found.notes[0]
    x = torch.rand(n, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(found.function(x)[0], model.net(x))


def test_an_asked_batch_size_is_tried_early():
    def forward(net, x):
        if len(x) != 37:
            raise RuntimeError("37 only")
        return net(x)

    assert seen(Written(forward), batch_size=37).function.batching.size == 37
    with pytest.raises(RuntimeError, match="37 only"):  # not among the sizes that are tried
        seen(Written(forward))


@pytest.mark.parametrize(("share", "found"), [(0.0, False), (1e-3, True), (1.0, True)])
def test_neighbours_are_found_from_small_shares_on(share, found):
    model = Written(lambda net, x: net(x) + share * net(x).mean(0))
    for n in (1, 3):  # a single image is given a mirror image for a neighbour
        assert seen(model, n).function.batching.alone == found


def test_a_single_image_is_measured_as_if_it_were_alone():
    model = Written(lambda net, x: net(x) - net(x).mean(0) / 2)
    function = seen(model).function
    x = torch.rand(4, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(function(x)[0], torch.cat([model(image[None]) for image in x]))


@pytest.mark.parametrize(("size", "found"), [(1e-7, False), (1e-3, True)])
def test_chance_is_told_from_round_off(size, found):
    chance = seen(Written(lambda net, x: net(x) * (1 + size * torch.rand(len(x), 1)))).chance
    assert (chance is not None) == found
    assert chance is None or chance == pytest.approx(size, rel=1.0)


def test_precision_is_that_of_what_is_computed():
    def cast(net, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return net(x).float()

    assert seen(Written(cast)).precision.name == "bfloat16"
    assert seen(Written(lambda net, x: net(x))).precision.name == "float32"
    assert seen(Written(lambda net, x: net(x)), dtype=torch.float64).precision.name == "float64"
    assert (
        seen(Written(lambda net, x: net(x)).half()).precision.name == "float32"
    )  # converted before it is called


def test_modules_are_named_by_what_they_do_and_not_by_their_class():
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Sequential(nn.Tanh(), nn.BatchNorm2d(4, track_running_stats=False))
    )
    x = torch.rand(3, 3, 8, 8)
    assert differing_modules(net, net, x[:1], x) == ["1.1 (BatchNorm2d)"]
    noisy = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(0.5)).train()
    assert differing_modules(noisy, noisy, x[:1], x[:1]) == ["1 (Dropout)"]
    assert differing_modules(net.eval()[0], net[0], x[:1], x) == []


def test_a_squeezed_batch_of_one_gets_its_axis_back():
    function = seen(Written(lambda net, x: net(x).squeeze())).function
    with torch.no_grad():
        assert [function(torch.rand(n, 3, 8, 8))[0].shape for n in (1, 2)] == [(1, 4), (2, 4)]
    with pytest.raises(SymmeterError, match="batch axis first"):
        seen(Written(lambda net, x: net(x).flatten()))
