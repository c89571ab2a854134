"""The ways in: options that do not go together, missing packages, and real weights on real images."""

import sys

import numpy as np
import pytest
import torch
from tests.helpers import check_refused

from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.inputs import preprocessing_of
from symmeter.models.load import load_model


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"weights": "w.pth"}, "weights w.pth: no such file"),
        ({"weights": "w.pth", "untrained": True}, "contradict each other"),
        ({"untrained": True, "model_kwargs": {"foo": 1}}, "timm:test_resnet: TypeError: .*'foo'"),
        (
            {"model_kwargs": {"pretrained": True}},
            "--model-kwargs pretrained: say --weights FILE or --untrained",
        ),
    ],
)
def test_wrong_options_give_one_line(kwargs, words):
    check_refused(words, load_model, "timm:test_resnet", **kwargs)


def test_missing_extras_are_named(monkeypatch):
    for package, extra in (("timm", "vision"), ("torchvision", "vision"), ("transformers", "hf")):
        monkeypatch.setitem(sys.modules, package, None)
        prefix = "hf" if package == "transformers" else package
        check_refused(
            rf"{package} is not installed: pip install 'symmeter\[{extra}\]'",
            load_model,
            f"{prefix}:anything",
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "kwargs", "file", "size", "normal", "published"),
    [
        ("timm:mobilenetv2_100", {"pad_type": "same"}, "mobilenetv2_100", 224, (0.5, 0.5), 0.835),
        ("models.py:mobilenetv1_050", {}, "mobilenetv1_050", 160, (0.5, 0.5), 0.635),
        ("torchvision:squeezenet1_0", {}, "squeezenet1_0", 224, None, 0.555),
        ("models.py:cifar10_resnet20", {}, "cifar10_resnet20", 32, None, 0.7615),
        ("models.py:cifar10_resnet56", {}, "cifar10_resnet56", 32, None, 0.800),
    ],
)
def test_real_weights_classify_real_images(shared_data, spec, kwargs, file, size, normal, published):
    """A sample agrees with the figure for all: 200 photographs, or the first 2000 images of CIFAR-10."""
    weights = str(shared_data / "weights" / f"{file}.pth")
    loaded = load_model(
        spec.replace("models.py", f"{shared_data}/models.py"), weights=weights, model_kwargs=kwargs
    )
    mean, std = normal or ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    preprocessing = preprocessing_of(loaded).override(
        img_size=size, crop_pct=1.0, mean=mean, std=std, interpolation="bilinear"
    )
    data = shared_data / "images" / "photos"
    if "cifar" in file:
        with np.load(shared_data / "images" / "cifar10" / "test.npz") as archive:
            data = (archive["images"][:2000], archive["labels"][:2000])
    loaded.model.eval()
    hits = []
    samples = 200 if "cifar" in file else 40
    for batch in open_data(data, preprocessing, samples=samples).batches(50):
        with torch.no_grad():
            hits += (loaded.model(batch.inputs).argmax(1) == batch.labels).tolist()
    assert len(hits) == samples
    assert np.mean(hits) == pytest.approx(published, abs=2 * np.sqrt(published * (1 - published) / samples))
