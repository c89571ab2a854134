"""Functions around networks."""

import torch
from torch import nn

import symmeter


def test_a_function_around_a_network_takes_several_inputs_by_name():
    net = nn.Linear(3, 2).eval()
    tree = {"pos": torch.randn(4, 5, 3), "weight": torch.rand(4, 5)}
    function = lambda pos, weight: (net(pos) * weight[..., None]).sum(1)
    inputs = {"pos": "points", "weight": "node scalars"}
    options = {"output": "logits", "inputs": inputs, "progress": False}
    (row,) = symmeter.measure(function, tree, "permutation", **options).rows
    assert row.verdict == "not resolved" and row.floor is not None
