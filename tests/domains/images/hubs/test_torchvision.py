"""torchvision's networks, with the preset of their weights."""

import torch
from tests.helpers import check_refused

from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.models.load import load_model


def test_untrained_torchvision_and_its_preset():
    loaded = load_model("torchvision:shufflenet_v2_x0_5", untrained=True, model_kwargs={"num_classes": 4})
    assert not loaded.model.training
    assert loaded.model(torch.zeros(1, 3, 64, 64)).shape == (1, 4)
    assert loaded.preprocessing == Preprocessing.from_torchvision("shufflenet_v2_x0_5")
    assert (loaded.info["family"], loaded.info["num_classes"]) == ("torchvision", 4)


def test_torchvision_networks_that_ask_how_to_start_are_not_asked():
    loaded = load_model("torchvision:googlenet", untrained=True, model_kwargs={"aux_logits": False})
    assert loaded.info["weights"] == "untrained"


def test_torchvision_without_a_network_gives_one_line(monkeypatch, tmp_path, capsys):
    import urllib.error
    import urllib.request

    def unreachable(*_args, **_kwargs):
        raise urllib.error.URLError(OSError("no route"))

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    check_refused(
        r"could not be downloaded \(no network\?\); pass --weights FILE",
        load_model,
        "torchvision:squeezenet1_1",
    )
