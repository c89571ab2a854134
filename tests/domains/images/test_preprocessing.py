"""Preprocessing: an image goes the way of each library, and each library's settings are read rightly."""

import json
import math
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import check_refused

from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError


def test_16_bit_images_survive_the_resize_without_clipping():
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    pixels = Preprocessing(size=(16, 16), interpolation="bicubic")(Image.fromarray(ramp))
    assert pixels.shape == (3, 16, 16)
    assert pixels.min() < 0.03
    assert pixels.max() > 0.97
    assert (
        len(pixels[0].unique()) == 256
    )  # eight bits would give 256 levels at most, and collisions among them
    rows = pixels[0].mean(1)
    assert (rows.diff() > 0.05).all()


@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
@pytest.mark.parametrize("size", [(24, 24), (20, 32)])
def test_colour_images_go_the_way_of_timm(crop_mode, size):
    from timm.data.transforms_factory import transforms_imagenet_eval

    generator = np.random.default_rng(0)
    image = Image.fromarray(generator.integers(0, 256, (40, 60, 3), dtype=np.uint8))
    settings = {"crop_pct": 0.8, "crop_mode": crop_mode, "interpolation": "bicubic"}
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    ours = Preprocessing(size=size, mean=mean, std=std, **settings)(image)
    theirs = transforms_imagenet_eval(size, mean=mean, std=std, **settings)(image)
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_16_bit_images_go_every_way_of_timm(crop_mode):
    ramp = np.tile(np.arange(60, dtype=np.uint16) * 1000, (40, 1))
    pixels = Preprocessing(size=(24, 24), crop_pct=0.9, crop_mode=crop_mode)(Image.fromarray(ramp))
    assert pixels.shape == (3, 24, 24)
    assert 0 <= pixels.min() < pixels.max() <= 1


@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
@pytest.mark.parametrize(
    ("size", "interpolation"), [((24, 24), "bicubic"), ((20, 32), "bilinear"), ((64, 48), "lanczos")]
)
def test_planes_of_any_number_are_resized_as_coloured_images_are(crop_mode, size, interpolation):
    """Three planes give what the three bands of a coloured image give, to the last bit; thirteen go the same way."""
    values = np.random.default_rng(0).integers(0, 256, (13, 40, 60), dtype=np.uint8)
    settings = {"size": size, "crop_pct": 0.8, "crop_mode": crop_mode, "interpolation": interpolation}
    way = Preprocessing(channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), **settings)
    coloured = way(Image.fromarray(np.ascontiguousarray(values[:3].transpose(1, 2, 0))))
    assert torch.equal(way.planes(torch.from_numpy(values[:3])), coloured)
    mean, std = (0.4, 0.5, 0.6) + (0.1,) * 10, (0.2, 0.3, 0.4) + (0.5,) * 10
    many = Preprocessing(channels=13, mean=mean, std=std, **settings).planes(torch.from_numpy(values))
    assert many.shape == (13, *size)
    assert torch.equal(many[:3], coloured)


@pytest.mark.parametrize("margin", [(0, 4), (3, 0), (2, 5)])
def test_a_margin_shows_more_of_the_same_image(margin):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    way = Preprocessing(size=(24, 24), crop_pct=0.6)
    rows, columns = margin
    larger = way.with_margin(margin)
    seen = larger(image)
    assert seen.shape == (3, 24 + 2 * rows, 24 + 2 * columns) == (3, *larger.shape)
    inside = seen[:, rows : rows + 24, columns : columns + 24]
    assert torch.equal(inside, way(image))


def test_means_tell_the_number_of_channels_where_it_is_not_known():
    unknown = Preprocessing.unknown(None)
    assert unknown.override(mean=[0.1, 0.2, 0.3, 0.4]).std == (1.0,) * 4
    assert unknown.override(std=[1, 2]).channels == 2
    assert unknown.override(mean=0.5).channels is None
    images = torch.rand(2, 7, 4, 5)
    torch.testing.assert_close(unknown.override(mean=0.5).normalise(images), images - 0.5)
    with pytest.raises(SymmeterError, match="give one number, or one for each of 4 channel"):
        unknown.override(mean=[0.1] * 4, std=[1.0] * 3)


def test_normalise_and_denormalise_are_inverse():
    way = Preprocessing(mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    images = torch.rand(2, 3, 4, 4, dtype=torch.float64)
    inputs = way.normalise(images)
    assert inputs[0, 1, 0, 0].item() == pytest.approx((images[0, 1, 0, 0].item() - 0.2) / 0.6)
    torch.testing.assert_close(way.denormalise(inputs), images)


def test_normalise_refuses_another_channel_count():
    with pytest.raises(SymmeterError, match=r"shape \(2, 1, 4, 4\).*\(N, 3, H, W\)"):
        Preprocessing.unknown().normalise(torch.zeros(2, 1, 4, 4))


def test_override_changes_only_what_is_given():
    base = Preprocessing(size=(8, 8), mean=(0.5,), std=(0.25,), source="somewhere")
    assert base.override() is base
    changed = base.override(img_size=[10, 12], std=[1, 2, 3], interpolation="lanczos")
    assert changed.size == (10, 12)
    assert changed.std == (1.0, 2.0, 3.0)
    assert changed.mean == (0.5, 0.5, 0.5)
    assert "img_size, std, interpolation given by hand" in changed.source
    assert base.override(img_size=[7]).size == (7, 7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"img_size": 0}, "img-size 0: give a positive whole number"),
        ({"img_size": [3, 4, 5]}, "img-size 3 4 5"),
        ({"img_size": 2.5}, "img-size 2.5"),
        ({"crop_pct": 0.0}, "crop-pct 0.0"),
        ({"crop_pct": 1.5}, "crop-pct 1.5"),
        ({"mean": [1, 2]}, r"mean 1.0 2.0: give one number, or one for each of 3 channel"),
        ({"mean": "dark"}, "mean 'dark'"),
        ({"std": 0}, "std 0.0 0.0 0.0: every value must be greater than 0"),
        ({"std": [1, 1, -1]}, "greater than 0"),
        ({"std": math.nan}, "std nan"),
        ({"interpolation": "cubic"}, "unknown interpolation 'cubic': choose from nearest, bilinear, bicubic"),
    ],
)
def test_override_refuses_in_one_line(change, words):
    with pytest.raises(SymmeterError, match=words) as caught:
        Preprocessing.unknown().override(**change)
    assert "\n" not in str(caught.value)


def test_to_dict_is_ready_for_json():
    way = Preprocessing(size=(8, 9), channels=1, mean=(0.5,), std=(0.25,))
    assert json.loads(json.dumps(way.to_dict())) == way.to_dict()
    assert way.to_dict()["size"] == [8, 9]
    assert Preprocessing.unknown().to_dict()["size"] is None


def test_from_timm_reads_names_and_models():
    import timm

    way = Preprocessing.from_timm({"input_size": (3, 96, 80), "mean": (0.1, 0.2, 0.3), "crop_pct": 0.5})
    assert (way.size, way.crop_pct, way.mean, way.interpolation) == (
        (96, 80),
        0.5,
        (0.1, 0.2, 0.3),
        "bicubic",
    )
    gray = Preprocessing.from_timm(timm.create_model("test_vit", img_size=64, in_chans=1))
    assert (gray.size, gray.channels, len(gray.mean), len(gray.std)) == ((64, 64), 1, 1, 1)
    assert "test_vit" in gray.source


@pytest.mark.parametrize(
    ("name", "weights"),
    [("resnet50", "IMAGENET1K_V2"), ("efficientnet_b3", "DEFAULT"), ("inception_v3", "DEFAULT")],
)
def test_from_torchvision_equals_the_preset(name, weights):
    from torchvision.models import get_model_weights

    image = Image.effect_mandelbrot((500, 400), (-2, -1.2, 1, 1.2), 100).convert("RGB")
    preset = get_model_weights(name)[weights].transforms()
    ours = Preprocessing.from_torchvision(name, weights)(image)
    torch.testing.assert_close(ours, preset(image), atol=1e-5, rtol=0)


def test_from_torchvision_names_what_it_does_not_know():
    with pytest.raises(SymmeterError, match="no image preset for weights 'V9'"):
        Preprocessing.from_torchvision("resnet18", "V9")


@pytest.mark.parametrize(
    ("processor", "settings"),
    [
        ("ViTImageProcessor", {"size": {"height": 24, "width": 32}, "resample": 3}),
        ("CLIPImageProcessor", {"size": {"shortest_edge": 28}, "crop_size": {"height": 24, "width": 24}}),
        ("ConvNextImageProcessor", {"size": {"shortest_edge": 32}, "crop_pct": 0.875}),
        ("ViTImageProcessor", {"size": {"height": 16, "width": 16}, "do_normalize": False}),
        ("EfficientNetImageProcessor", {"size": {"height": 20, "width": 20}, "rescale_offset": True,
                                        "rescale_factor": 1 / 127.5, "include_top": False, "resample": 2}),
    ],
)  # fmt: skip
def test_from_hf_equals_the_image_processor(tmp_path, processor, settings):
    import transformers

    made = getattr(transformers, processor)(**settings)
    made.save_pretrained(tmp_path)
    ramp = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8) * 2
    image = Image.fromarray(np.stack([ramp, ramp[::-1], ramp[:, ::-1]], -1))
    theirs = made(image, return_tensors="pt")["pixel_values"][0]
    ours = Preprocessing.from_hf(tmp_path)(image)
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 0.05
    assert processor in Preprocessing.from_hf(tmp_path).source


def test_from_hf_without_an_image_processor_is_unknown(tmp_path):
    assert Preprocessing.from_hf(tmp_path) == Preprocessing.unknown()


def test_from_hf_reads_a_config_of_an_unknown_class(tmp_path):
    config = {"size": 48, "image_mean": [0.5] * 3, "image_std": [0.25] * 3, "do_rescale": False}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    way = Preprocessing.from_hf(tmp_path)
    assert (way.size, way.crop_mode) == ((48, 48), "center")
    assert way.mean[0] == pytest.approx(0.5 / 255)
    assert way.std[0] == pytest.approx(0.25 / 255)


def test_missing_timm_names_the_extra(monkeypatch):
    from symmeter.domains.images.resizing import resizer

    image = Image.new("RGB", (8, 6))
    resizer.cache_clear()
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(SymmeterError, match=r"timm is not installed: pip install 'symmeter\[vision\]'"):
        Preprocessing(size=(8, 8))(image)
    assert Preprocessing.unknown()(image).shape == (3, 6, 8)  # nothing to resize, nothing to need


@pytest.mark.parametrize(
    "content",
    [
        '{"image_mean": true, "image_std": [1]}', '{"image_mean": ["a"], "image_std": ["b"]}', '{"resample": [2]}',
        '{"rescale_factor": 0, "image_mean": [0.5], "image_std": [0.5]}', '{"size": {"height": "a", "width": 3}}',
        '{"rescale_factor": "a"}', '{"size": {"height": 1, "width": [2]}}', '[1]', '3',
    ],
)  # fmt: skip
def test_a_damaged_file_of_an_image_processor_is_one_line(tmp_path, content):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "preprocessor_config.json").write_text(content)
    check_refused("net: the file of its image processor is damaged", Preprocessing.from_hf, tmp_path / "net")
