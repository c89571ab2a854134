"""Sizes are counted as a person would count them, without weights and in no time."""

import pytest
import timm
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from symmeter.sweeps.forecast.size import _Counted, size_of
from symmeter.sweeps.list_columns import Entry


def test_products_and_numbers_of_a_network_made_by_hand():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 5))
    x = torch.zeros(1, 3, 8, 8)
    with torch.no_grad(), _Counted() as counted:
        network(x)
    assert counted.operations == 2 * (4 * 64 * 27 + 256 * 5)
    assert counted.written == 4 * 64 + 4 * 64 + 5  # convolution and ReLU; a flat view writes nothing


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_a_network_of_timm_has_the_size_of_the_real_one(name):
    network = timm.create_model(name).eval()
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        network.requires_grad_(False)(torch.zeros(1, *network.pretrained_cfg["input_size"]))
    size = size_of(Entry(f"timm:{name}"))
    assert size.parameters == sum(p.numel() for p in network.parameters())
    assert size.macs == flops.get_total_flops() // 2 and size.moved > 0


def test_options_and_arguments_change_the_size():
    usual = size_of(Entry("timm:test_resnet"))
    larger = size_of(Entry("timm:test_resnet", options={"img_size": 320}))
    assert larger.parameters == usual.parameters and 3.9 < larger.macs / usual.macs < 4.1
    assert size_of(Entry("timm:test_resnet", model_kwargs={"num_classes": 3})).parameters < usual.parameters


@pytest.mark.parametrize(
    "model", ["nets.py:net", "timm:nosuch", "hf:some/model", "net.onnx", "timm:test_vit.nosuch"]
)
def test_what_cannot_be_told_is_none(model):
    assert size_of(Entry(model)) is None


def test_nothing_is_left_behind():
    state = torch.random.get_rng_state()
    size_of(Entry("timm:test_vit"))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.zeros(1).device.type == "cpu"
