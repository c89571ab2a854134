"""Every mode of an image becomes right pixels, to the precision that it has."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError

COLOUR = (200, 100, 50)
GRAY = 0.299 * 200 + 0.587 * 100 + 0.114 * 50


def flat(mode, size=(8, 6)):
    """An image of one colour in the given mode."""
    image = Image.new("RGB", size, COLOUR)
    if mode == "P":
        return image.convert("P", palette=Image.Palette.ADAPTIVE)
    if mode == "P transparent":
        image = image.convert("P", palette=Image.Palette.ADAPTIVE)
        image.info["transparency"] = bytes(range(256))
        return image
    if mode == "PA":
        return Image.merge("RGBA", [*image.split(), Image.new("L", size, 255)]).convert("PA")
    if mode in ("La", "RGBa"):
        return image.convert(mode.upper()).convert(mode)
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "P", "P transparent"])
def test_colour_modes_become_the_same_rgb(mode):
    pixels = Preprocessing.unknown()(flat(mode))
    assert pixels.shape == (3, 6, 8)
    assert pixels.dtype == torch.float32
    expected = torch.tensor(COLOUR).view(3, 1, 1) / 255
    assert (pixels - expected).abs().max() < 0.03


@pytest.mark.parametrize("mode", ["L", "LA", "La", "RGB", "CMYK", "P"])
def test_gray_networks_get_one_luminance_channel(mode):
    pixels = Preprocessing.unknown(channels=1)(flat(mode))
    assert pixels.shape == (1, 6, 8)
    assert abs(pixels.mean().item() - GRAY / 255) < 0.01


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_gray_images_fill_three_equal_channels(mode):
    pixels = Preprocessing.unknown()(flat(mode))
    assert pixels.shape == (3, 6, 8)
    assert torch.equal(pixels[0], pixels[1])
    assert torch.equal(pixels[0], pixels[2])


@pytest.mark.parametrize("dtype", ["uint16", ">u2", "int32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_images_keep_their_precision(dtype, channels):
    values = np.array([[0, 1, 300], [32768, 65534, 65535]], dtype=dtype)
    pixels = Preprocessing.unknown(channels)(Image.fromarray(values))
    assert pixels.shape == (channels, 2, 3)
    for channel in pixels:
        np.testing.assert_allclose(channel.numpy(), values.astype(float) / 65535, atol=1e-6)


@pytest.mark.parametrize(("top", "full"), [(1.0, 1.0), (200.0, 255.0), (60000.0, 65535.0)])
def test_float_images_are_scaled_by_their_range(top, full):
    pixels = Preprocessing.unknown(1)(Image.fromarray(np.array([[0.0, top]], dtype=np.float32)))
    assert pixels.flatten().tolist() == pytest.approx([0.0, top / full])


@pytest.mark.parametrize("value", [1e9, math.nan, math.inf])
def test_float_images_without_a_known_range_are_refused(value):
    with pytest.raises(ValueError, match=r"no known range|NaN or infinite"):
        Preprocessing.unknown(1)(Image.fromarray(np.array([[0.0, value]], dtype=np.float32)))


@pytest.mark.parametrize(
    ("mode", "channels"), [("RGBA", 4), ("RGBa", 4), ("P transparent", 4), ("LA", 2), ("La", 2)]
)
def test_transparency_is_a_channel_of_a_network_that_takes_it(mode, channels):
    pixels = Preprocessing.unknown(channels)(flat(mode))
    assert pixels.shape == (channels, 6, 8)
    colour = torch.tensor(COLOUR if channels == 4 else [GRAY]).view(-1, 1, 1) / 255
    if mode != "P transparent":
        assert (pixels[:-1] - colour).abs().max() < 0.01
        assert bool((pixels[-1] == 1).all())


def test_transparent_pixels_keep_their_colours_when_they_are_resized():
    """PIL multiplies by the transparency where it resizes all four bands at once."""
    values = np.random.default_rng(0).integers(0, 256, (12, 16, 4), dtype=np.uint8)
    found = Preprocessing(size=(6, 8), channels=4)(Image.fromarray(values, "RGBA"))
    for band, pixels in enumerate(found):
        alone = Preprocessing(size=(6, 8), channels=1)(Image.fromarray(values[..., band]))
        assert torch.equal(pixels, alone[0])


@pytest.mark.parametrize(("mode", "channels", "bands"), [
    ("RGB", 4, 3), ("L", 4, 1), ("CMYK", 4, 4), ("RGBA", 5, 4), ("L", 2, 1), ("RGB", 13, 3), ("P", 4, 1),
])  # fmt: skip
def test_networks_of_channels_that_an_image_does_not_have_are_refused(mode, channels, bands):
    words = f"the network wants {channels} channels, and the image has {bands} .*a tensor or an .npz"
    with pytest.raises(SymmeterError, match=words):
        Preprocessing.unknown(channels)(flat(mode))
