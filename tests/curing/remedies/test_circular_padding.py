import pytest
import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import PERIODIC, Energies, before_energies, noise, smooth
from torch import nn

from symmeter.curing.remedies.circular_padding import CircularPadding


class TestCircularPadding(RemedyContract):
    remedy = CircularPadding()
    case = Case(before_energies(lambda: nn.Conv2d(2, 4, 5, 1, 2)), smooth(), options=PERIODIC)
    factor = 1e6
    not_for = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 3, 1, 1, padding_mode="circular"), nn.MaxPool2d(2), Energies()
    )
    # a stride makes an error that no padding takes away
    unhelped = Case(before_energies(lambda: nn.Conv2d(2, 4, 3, 4, 1)), noise(), options=PERIODIC)


def shifted(layer, x, by):
    return layer(x.roll(by, -1)) - layer(x).roll(by // 2, -1)


@pytest.mark.parametrize("kind", ["torch", "timm", "pool"])
def test_at_stride_two_shifts_by_two_come_out_as_shifts_by_one(kind):
    timm = pytest.importorskip("timm.layers")
    layer = {
        "torch": nn.Conv2d(2, 4, 3, 2, 1),
        "timm": timm.Conv2dSame(2, 4, 3, 2),
        "pool": nn.MaxPool2d(3, 2, 1),
    }[kind]
    x = torch.rand(3, 2, 12, 16)
    assert shifted(layer, x, 6).abs().max() > 1e-2
    assert shifted(CircularPadding().exchange(layer, None), x, 6).abs().max() < 1e-6


def test_it_is_what_torch_calls_circular():
    layer = nn.Conv2d(2, 4, (3, 5), 1, (1, 2))
    made = nn.Conv2d(2, 4, (3, 5), 1, (1, 2), padding_mode="circular")
    made.load_state_dict(layer.state_dict())
    x = torch.rand(3, 2, 7, 9)
    torch.testing.assert_close(CircularPadding().exchange(layer, None)(x), made(x))


def test_windows_larger_than_the_map_go_around_more_than_once():
    layer, x = nn.Conv2d(1, 1, 7, 1, 3, bias=False), torch.rand(1, 1, 2, 1)
    made = CircularPadding().exchange(layer, None)(x)
    assert made.shape == (1, 1, 2, 1)
    rows = layer.weight.sum(-1)[0, 0]
    first = sum(rows[k] * x[0, 0, (k - 3) % 2, 0] for k in range(7))
    torch.testing.assert_close(made[0, 0, 0, 0], first)


def test_it_is_usual_for_what_has_no_edge_only():
    case = TestCircularPadding.case
    for options, count in ((PERIODIC, 1), ({}, 0), ({"padding": "circular"}, 1), ({"padding": "reflect"}, 0)):
        purpose = Case(case.network, case.data, options=options).purpose()
        assert len(CircularPadding.usual(purpose)) == count
