"""A transform in the place of the model's preprocessing gives the same numbers where it does the same."""

import json

import numpy as np
import pytest
import timm.data
import torch
from PIL import Image
from tests.helpers import check_refused, pixels, write
from torch import nn
from torchvision import models, transforms
from transformers import ViTImageProcessor

import symmeter
from symmeter.cli.app import main
from symmeter.domains.images.own_preprocessing import OwnPreprocessing
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.domains.images.transforms import transform_of

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CONFIG = {"input_size": (3, 24, 24), "mean": MEAN, "std": STD, "crop_pct": 0.875, "interpolation": "bicubic"}
CODE = """
from torchvision import transforms
crop = transforms.Compose([transforms.Resize(24), transforms.CenterCrop(20), transforms.ToTensor()])
def build():
    return crop
def picture(image):
    return crop(image)
class Kind:
    def __call__(self, image):
        return crop(image)
word = "crop"
"""


def network(channels=3):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, stride=2), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    ).eval()


@pytest.fixture
def photos(tmp_path):
    for i in range(4):
        write(tmp_path / "photos", f"{i}.png", i, size=(40 + i, 33))
    return tmp_path / "photos"


def measured(data, preprocessing=None, model=None, symmetry="hue,colours", **options):
    model = network() if model is None else model
    return symmeter.measure(
        model,
        data,
        symmetry,
        output="logits",
        progress=False,
        control=False,
        preprocessing=preprocessing,
        **options,
    )


def values(result):
    return [row.value for row in result.rows]


def test_the_transform_of_timm_gives_the_numbers_of_our_own(photos):
    model = network()
    model.pretrained_cfg = CONFIG
    theirs = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=CONFIG))
    found = measured(photos, theirs, model)
    assert values(found) == pytest.approx(values(measured(photos, model=model)), rel=1e-5)
    known = found.header["data"]["preprocessing"]
    assert known["transform"].startswith("Compose(") and known["mean"] == pytest.approx(MEAN)
    assert "found by trying" in known["source"]
    json.dumps(found.header)


def test_the_preset_of_torchvision_gives_the_numbers_of_our_own(photos):
    ours = Preprocessing.from_torchvision("resnet18").override(img_size=224)
    theirs = models.ResNet18_Weights.DEFAULT.transforms()
    assert values(measured(photos, theirs, symmetry="hflip")) == pytest.approx(
        values(measured(photos, ours, symmetry="hflip")), rel=1e-5
    )
    named = measured(photos, "torchvision:resnet18", symmetry="hflip")
    assert values(named) == values(measured(photos, theirs, symmetry="hflip"))
    assert named.header["spec"]["options"]["preprocessing"] == "torchvision:resnet18"


def test_a_processor_of_transformers_gives_the_numbers_of_our_own(photos, tmp_path):
    theirs = ViTImageProcessor(size={"height": 24, "width": 24}, resample=3)
    theirs.save_pretrained(tmp_path / "vit")
    ours = Preprocessing.from_hf(tmp_path / "vit")
    expected = values(measured(photos, ours))
    assert values(measured(photos, theirs)) == pytest.approx(expected, rel=0.02)  # it rounds in other places
    assert values(measured(photos, f"hf:{tmp_path / 'vit'}")) == values(measured(photos, theirs))
    check_refused("hf:.*nothing", measured, photos, f"hf:{tmp_path}/nothing")


def test_colours_are_refused_where_they_are_hidden_and_right_where_they_are_said(photos):
    plain = transforms.Compose(
        [transforms.Resize((24, 24)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )
    hidden = transforms.Compose([plain, lambda x: x.flip(0).flip(0) + (x[:1, :1, :1] > 9)])
    shy = transforms.Compose([lambda image: image if image.size != (320, 256) else 1 / 0, plain])
    assert values(measured(photos, hidden)) == values(measured(photos, plain))
    assert measured(photos, shy, symmetry="rotation").rows[0].value > 0
    for symmetry in ("hue", "colours", "gain"):
        check_refused("give mean and std, of x", measured, photos, shy, symmetry=symmetry)
    assert values(measured(photos, shy, mean=MEAN, std=STD)) == pytest.approx(
        values(measured(photos, plain)), rel=1e-5
    )
    check_refused("mean and std .* go together", measured, photos, shy, mean=0.5)
    check_refused("every value must be greater than 0", measured, photos, shy, mean=0.5, std=0.0)


def test_what_a_transform_decides_is_not_said_twice(photos):
    steps = transforms.Compose([transforms.Resize((24, 24)), transforms.ToTensor()])
    check_refused("img_size has no effect beside preprocessing Compose", measured, photos, steps, img_size=16)
    check_refused(r"leave ',crop' out", measured, photos, steps, symmetry="shift(2,crop)")


@pytest.mark.parametrize(("steps", "words"), [
    ([transforms.ToTensor()], r"images differ in size \(40x33, 41x33\): preprocessing Compose.* must give one size"),
    ([transforms.Grayscale(), transforms.ToTensor()], "makes 1 channels, and the network wants 3"),
    ([transforms.RandomCrop(16), transforms.ToTensor()], r"is random: .*\(RandomCrop\)"),
])  # fmt: skip
def test_what_does_not_fit_is_one_line(photos, steps, words):
    check_refused(words, measured, photos, transforms.Compose(steps))


def test_pixels_become_pictures_and_floats_are_inputs_already():
    steps = transforms.Compose(
        [transforms.Resize((24, 24)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )
    seen = pixels(4, 30, 28)
    pictures = [Image.fromarray(one) for one in seen]
    assert values(measured(seen, steps)) == values(measured(pictures, steps))
    gray = transforms.Compose([steps.transforms[0], transforms.ToTensor()])
    of_gray = measured(seen[..., 0], gray, network(1), symmetry="rotation")
    assert values(of_gray) == values(
        measured([p.getchannel(0) for p in pictures], gray, network(1), symmetry="rotation")
    )
    ready = torch.stack([steps(picture) for picture in pictures])
    with pytest.warns(match="is not applied: images in floating point are inputs already"):
        found = measured(ready, steps)
    assert values(found) == pytest.approx(values(measured(pictures, steps)), rel=1e-6)
    satellite = np.zeros((3, 8, 8, 13), np.uint8)
    check_refused(
        "pixels of 13 channels are none", measured, satellite, gray, network(13), symmetry="rotation"
    )


def test_images_of_16_bits_are_shown_in_8():
    deep = [
        Image.fromarray((np.random.default_rng(i).random((9, 9)) * 65535).astype(np.uint16)) for i in range(3)
    ]
    own = OwnPreprocessing(transform_of(transforms.ToTensor()))
    ours = Preprocessing()
    for image in deep:
        torch.testing.assert_close(own(image), ours(image), atol=0.5 / 255, rtol=0)


def test_by_its_name_in_code(photos, tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    steps = transforms.Compose([transforms.Resize(24), transforms.CenterCrop(20), transforms.ToTensor()])
    expected = values(measured(photos, steps, symmetry="hflip"))
    for name in ("crop", "build", "picture", "Kind"):
        assert values(measured(photos, f"own.py:{name}", symmetry="hflip")) == expected
    for given, words in {
        "own.py:none": "own.py:none: no 'none' in own.py",
        "own.py:word": "preprocessing is 'crop'; give a callable",
        "none.py:crop": "no such file none.py",
        "crop": "preprocessing 'crop': write FILE.py:callable",
        "timm:resnet51x": "unknown model 'timm:resnet51x'",
        "torchvision:resnet18.V9": "unknown model 'torchvision:resnet18.V9'",
    }.items():
        check_refused(words, measured, photos, given)


def test_on_the_command_line(photos, tmp_path, monkeypatch, capsys):
    (tmp_path / "own.py").write_text(CODE)
    (tmp_path / "net.py").write_text(
        "from tests.domains.images.test_own_preprocessing import network as build\n"
    )
    monkeypatch.chdir(tmp_path)
    words = ["net.py:build", "photos", "--preprocessing", "own.py:crop", "--json", "-", "--output", "logits"]
    assert main(["measure", *words, "--symmetry", "C4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (
        found["data"]["preprocessing"]["transform"]
        == found["spec"]["options"]["preprocessing"]
        == "own.py:crop"
    )
    assert main(["layers", *words, "--symmetry", "translation_x"]) == 0
    capsys.readouterr()
    assert main(["measure", *words, "--img-size", "8"]) == 2
    assert "img_size has no effect beside preprocessing own.py:crop" in capsys.readouterr().err
    assert main(["measure", "net.py:build", "photos", "--preprocessing", "own.py:word"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
