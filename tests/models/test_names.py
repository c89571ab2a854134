"""Names: the list of them, and what is said of wrong ones."""

import pytest
from tests.helpers import check_refused
from torch import nn

from symmeter.domains.images.domain import Images
from symmeter.models.hub import Hub
from symmeter.models.load import load_model
from symmeter.models.loaded import finish
from symmeter.models.names import list_models


def test_list_models():
    everything = list_models()
    assert len(everything) > 1000
    assert {"timm:resnet50", "torchvision:resnet50"} <= set(everything)
    assert list_models("resnet1?") == ["timm:resnet18", "torchvision:resnet18"]
    assert list_models("torchvision:vgg1?") == [f"torchvision:vgg1{n}" for n in (1, 3, 6, 9)]
    assert all("mixer_b16" in name for name in list_models("mixer_b16"))
    assert "timm:resnet50.a1_in1k" in list_models("resnet50.*")
    assert list_models("no_such_thing") == []


class Zoo(Hub):
    """Two networks."""

    def load(self, spec):
        return finish(spec, nn.Linear(2, 3).eval(), "random")

    def names(self, tagged=False, trained=False):
        return ["small"] if trained else ["small", "large"]


def test_a_kind_of_data_brings_its_hub(monkeypatch):
    monkeypatch.setattr(Images, "hubs", classmethod(lambda cls: {"zoo": Zoo()}))
    assert list_models("zoo:*") == ["zoo:small", "zoo:large"]
    assert list_models("zoo:*", trained=True) == ["zoo:small"]
    assert load_model("zoo:small").info["parameters"] == 9
    check_refused("MODEL is zoo:NAME, FILE.onnx.*did you mean 'zoo:small'", load_model, "small")
    check_refused("did you mean 'zoo:large'", load_model, "zo:large")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("timm:test_resnt", "unknown model 'timm:test_resnt'; did you mean 'timm:test_resnet"),
        (
            "timm:resnet50.a9_in1k",
            "unknown model 'timm:resnet50.a9_in1k'; did you mean 'timm:resnet50.ra_in1k'",
        ),
        ("timm:qqqqqqqqqqqqqqqqqqqq", "`symmeter list models` names them all"),
        ("timm:botnet50ts_256", "timm has no pretrained weights for it; pass --weights FILE, or --untrained"),
        (
            "timm:test_resnet",
            r"could not be downloaded \(no network\?\); pass --weights FILE, or --untrained",
        ),
        ("hf:nobody/nothing", r"could not be downloaded \(no network\?\); check the name, or give a local"),
        ("hf:/no/such/folder", "no such folder"),
        ("torchvision:resnt18", "did you mean 'torchvision:resnet18'"),
        ("torchvision:resnet18.V9", "unknown model 'torchvision:resnet18.V9'"),
        (
            "keras:resnet50",
            "MODEL is timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable",
        ),
        ("tim:resnet50", r"MODEL is timm:NAME.*did you mean 'timm:resnet50'\?"),
        ("resnet50", r"MODEL is timm:NAME.*did you mean 'timm:resnet50'\?"),
        ("regnet_y_128gf", r"did you mean 'torchvision:regnet_y_128gf'\?"),
        ("", "MODEL is timm:NAME"),
        (":", "MODEL is timm:NAME"),
        ("..x:y", "MODEL is timm:NAME"),
        ("nothing.onnx", "nothing.onnx: no such file"),
        ("nothing.py:build", "no such file nothing.py"),
        ("torch.nn:Lineal", "no 'Lineal' in torch.nn"),
    ],
)
def test_wrong_names_give_one_line(spec, words):
    check_refused(words, load_model, spec)
