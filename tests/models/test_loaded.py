"""What is told of a network, and of the weights that it was given."""

import hashlib

import pytest
import torch
from torch import nn

from symmeter.domains.images.inputs import preprocessing_of
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError
from symmeter.models.load import describe, load_model
from symmeter.models.loaded import LoadedModel


def test_describe():
    import timm

    plain = describe(nn.Linear(2, 3))
    assert (plain.name, plain.info["parameters"], plain.info["family"]) == ("Linear", 9, "callable")
    assert preprocessing_of(plain) == Preprocessing.unknown(None)  # a linear layer does not tell
    assert describe(plain) is plain
    assert describe(torch.relu).name == "relu"
    assert describe(torch.relu).info["parameters"] is None
    known = describe(timm.create_model("test_resnet"))
    assert preprocessing_of(known).size == (160, 160)
    assert known.info["family"] == "resnet"
    assert known.model.training
    assert isinstance(known, LoadedModel)
    with pytest.raises(SymmeterError, match="not int"):
        describe(3)


def test_weights_from_a_file_are_loaded_and_named(tmp_path):
    source = load_model("timm:test_resnet", untrained=True, seed=9).model
    path = tmp_path / "own.pth"
    torch.save({"state_dict": source.state_dict()}, path)
    loaded = load_model("timm:test_resnet", weights=str(path))
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(loaded.model(x), source(x))
    assert loaded.info["weights"] == "own.pth"
    assert loaded.info["weights_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "seed" not in loaded.info


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 13, 64])
def test_a_network_is_given_as_many_channels_as_it_takes(channels):
    network = nn.Sequential(nn.Conv2d(channels, 2, 3), nn.Flatten())
    assert preprocessing_of(describe(network)).channels == channels


def test_a_network_of_timm_is_believed_before_its_pretrained_config():
    import timm

    network = timm.create_model("test_resnet", in_chans=5)
    found = preprocessing_of(describe(network))
    assert network.pretrained_cfg["input_size"][0] == 3
    assert (found.channels, found.size, found.mean) == (5, (160, 160), (0.5,) * 5)
