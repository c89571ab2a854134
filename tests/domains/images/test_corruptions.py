"""Corruptions of images against their definitions, written as plain loops."""

import colorsys
import io

import numpy as np
import pytest
import torch
from PIL import Image

from symmeter.domains.images.domain import Images

KNOWN = Images.corruptions()
MANY = torch.full((3, 128, 128), 0.5)


def picture(c=3, h=24, w=31, seed=0):
    return torch.rand(c, h, w, generator=torch.Generator().manual_seed(seed))


def made(name, x, strength, seed=1):
    return KNOWN[name](x, strength, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("shape", [(3, 24, 31), (1, 9, 8), (5, 7, 12), (3, 1, 1)])
def test_any_image_stays_an_image(name, shape):
    x = picture(*shape)
    for strength in KNOWN[name].strengths:
        found = made(name, x, strength)
        assert found.shape == x.shape and 0 <= float(found.min()) <= float(found.max()) <= 1


@pytest.mark.parametrize("name", KNOWN)
def test_white_and_black_images_are_no_exception(name):
    for value in (0.0, 1.0):
        assert bool(made(name, torch.full((3, 16, 16), value), 5).isfinite().all())


@pytest.mark.parametrize(
    ("name", "deviation"),
    [("gaussian_noise", 0.08), ("shot_noise", (0.5 / 60) ** 0.5), ("speckle_noise", 0.15 * 0.5)],
)
def test_noise_has_the_deviation_that_it_says(name, deviation):
    noise = made(name, MANY, 1) - MANY
    assert float(noise.std()) == pytest.approx(deviation, rel=0.02)
    assert abs(float(noise.mean())) < 4 * deviation / MANY.numel() ** 0.5


def test_impulses_are_as_often_white_as_black():
    found = made("impulse_noise", MANY, 5)
    shares = [float((found == value).float().mean()) for value in (0.0, 1.0)]
    assert shares == pytest.approx([0.135, 0.135], abs=0.006)
    assert bool(((found == 0) | (found == 1) | (found == 0.5)).all())


def blurred(x, weight, reach):
    """x (C, H, W) with a kernel, weight(dy, dx) at each offset, mirrored at the edges: pixel by pixel."""
    _, h, w = x.shape
    offsets = range(-reach, reach + 1)
    kernel = np.array([[weight(dy, dx) for dx in offsets] for dy in offsets])
    wide = np.pad(x.double().numpy(), ((0, 0), (reach, reach), (reach, reach)), mode="reflect")
    found = np.zeros(x.shape)
    for i in range(h):
        for j in range(w):
            window = wide[:, i : i + 2 * reach + 1, j : j + 2 * reach + 1]
            found[:, i, j] = (window * kernel).sum((1, 2)) / kernel.sum()
    return found


def test_a_gaussian_blur_is_a_sum_over_neighbours():
    x = picture(2, 56, 60)  # a quarter of 224: a deviation of 6 / 4 + 0.3 * 3 / 4 pixels
    expected = blurred(x, lambda dy, dx: np.exp(-(dy * dy + dx * dx) / (2 * 1.725**2)), 7)
    assert np.abs(made("gaussian_blur", x, 5).numpy() - expected).max() < 1e-6


def test_a_defocus_is_a_mean_over_a_disk():
    x = picture(2, 56, 60)
    inside = lambda dy, dx: min(1.0, max(0.0, 2.725 + 0.5 - np.hypot(dy, dx)))
    assert np.abs(made("defocus_blur", x, 5).numpy() - blurred(x, inside, 4)).max() < 1e-6


def test_brightness_is_the_value_of_hsv():
    x = picture(3, 4, 5)
    found = made("brightness", x, 3)
    for i in range(4):
        for j in range(5):
            h, s, v = colorsys.rgb_to_hsv(*x[:, i, j].tolist())
            assert found[:, i, j].tolist() == pytest.approx(
                colorsys.hsv_to_rgb(h, s, min(1, v + 0.3)), abs=1e-6
            )


def test_contrast_light_and_few_values():
    x = picture()
    for c in range(3):
        mean = float(x[c].mean())
        assert torch.allclose(made("contrast", x, 4)[c], mean + 0.1 * (x[c] - mean), atol=1e-6)
    assert torch.equal(made("low_light", x, 2), 0.5 * x)
    assert made("posterize", x, 5).unique().tolist() == [0.0, 1.0]
    assert len(made("posterize", x, 1).unique()) == 16


def test_fog_whitens_and_is_uneven():
    x = picture(3, 64, 64) * 0.5 + 0.1
    thin, thick = made("fog", x, 1), made("fog", x, 5)
    assert float(x.std()) > float(thin.std()) > 0
    contrast = [float((one[0] - one[1]).abs().mean()) for one in (x, thin, thick)]
    assert contrast[0] > contrast[1] > contrast[2]


def test_pixels_are_means_of_boxes():
    x = picture(1, 16, 16)
    found = made("pixelate", x, 3)  # 0.4 of 16: 6 pixels a side
    assert len(found.unique()) <= 36
    whole = made("pixelate", picture(1, 8, 8), 5)  # 2 a side, of 4 x 4
    assert torch.allclose(whole[0, :4, :4], picture(1, 8, 8)[0, :4, :4].mean().expand(4, 4))


def test_jpeg_is_that_of_a_file():
    x = made("gaussian_blur", picture(3, 48, 48), 5)
    file = io.BytesIO()
    pixels = (x * 255).round().to(torch.uint8)
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=25)
    expected = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1) / 255
    assert torch.allclose(made("jpeg_compression", x, 1), expected)
    gray = made("jpeg_compression", x[:2], 5)
    assert gray.shape == (2, 48, 48) and 0.005 < float((gray - x[:2]).abs().mean()) < 0.1
    assert float((x - expected).abs().mean()) > 0.005
