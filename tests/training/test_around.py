"""A module around a model has its state, by the same names, however deep."""

import torch
from torch import nn

from symmeter.training.around import Around


def test_the_state_is_that_of_the_innermost_model():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    wrapped = Around(Around(net))
    assert list(wrapped.state_dict()) == list(net.state_dict())
    fresh = Around(Around(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))))
    fresh.load_state_dict(net.state_dict())
    assert torch.equal(fresh.model.model[0].weight, net[0].weight)
    inside = nn.ModuleDict({"cured": fresh, "head": nn.Linear(3, 1)})
    assert next(iter(inside.state_dict())) == "cured.0.weight"
    inside.load_state_dict(inside.state_dict())


def test_it_trains_as_the_model_does():
    for training in (True, False):
        assert Around(nn.Linear(2, 3).train(training)).training is training
