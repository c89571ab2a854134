"""timm's networks: in eval mode, seeded, with the preprocessing of their size."""

import json

import torch

from symmeter.models.load import load_model


def test_untrained_timm_is_seeded_in_eval_mode_and_leaves_the_generator_alone():
    before = torch.get_rng_state()
    first = load_model("timm:test_resnet", untrained=True, seed=3, model_kwargs={"num_classes": 7})
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(5)
    again = load_model("timm:test_resnet", untrained=True, seed=3, model_kwargs={"num_classes": 7})
    other = load_model("timm:test_resnet", untrained=True, seed=4, model_kwargs={"num_classes": 7})
    assert not first.model.training
    assert first.name == "timm:test_resnet"
    assert torch.equal(first.model.conv1[0].weight, again.model.conv1[0].weight)
    assert not torch.equal(first.model.conv1[0].weight, other.model.conv1[0].weight)
    assert first.info["family"] == "resnet"
    assert first.info["weights"] == "untrained"
    assert "weights_sha256" not in first.info
    assert first.info["spec"] == "timm:test_resnet"
    assert first.info["seed"] == 3
    assert first.info["num_classes"] == 7
    assert first.info["parameters"] == sum(p.numel() for p in first.model.parameters())
    assert json.loads(json.dumps(first.info)) == first.info
    assert first.preprocessing.size == (160, 160)


def test_timm_with_another_size_and_channel_count():
    kwargs = {"img_size": 64, "in_chans": 1}
    loaded = load_model("timm:test_vit.r160_in1k", untrained=True, model_kwargs=kwargs)
    assert loaded.preprocessing.size == (64, 64)
    assert loaded.preprocessing.channels == 1
    assert loaded.model(torch.zeros(1, 1, 64, 64)).shape == (1, 1000)
