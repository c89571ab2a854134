"""Formats of phones and of the web: HEIC, AVIF, WebP; turned as they say, the first of several pictures, none silently left out."""

import sys

import numpy as np
import pillow_heif
import pytest
import torch
from PIL import Image, features
from tests.helpers import check_refused, images_of, write

HALVES = np.zeros((48, 32, 3), np.uint8)
HALVES[:24] = (255, 0, 0)  # red above black


@pytest.fixture(autouse=True)
def _encoder():
    pillow_heif.register_heif_opener()


def save(path, turned=False, **more):
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray(HALVES).save(path, exif=exif.tobytes(), **more)


@pytest.mark.parametrize("ending", ["heic", "HEIF", "avif", "webp", "jpg"])
def test_a_picture_comes_out_as_it_is_seen(tmp_path, ending):
    if ending == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    form = "HEIF" if ending.upper().startswith("HEI") else None
    save(tmp_path / f"a.{ending}", quality=95, format=form)
    (image,), _, _ = images_of(tmp_path)
    assert image.shape == (3, 48, 32)
    assert image[0, :20].mean() > 0.9 and image[0, 28:].mean() < 0.1 and image[1:].mean() < 0.1
    save(tmp_path / f"a.{ending}", turned=True, quality=95, format=form)
    (image,), _, _ = images_of(tmp_path)
    assert image.shape == (3, 32, 48)  # the red is now on the right
    assert image[0, :, 28:].mean() > 0.9 and image[0, :, :20].mean() < 0.1


@pytest.mark.parametrize("ending", ["webp", "gif", "tiff", "png"])
def test_of_several_pictures_the_first(tmp_path, ending):
    frames = [Image.new("RGB", (8, 8), (gray,) * 3) for gray in (200, 40)]
    frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:], duration=100)
    (image,), _, _ = images_of(tmp_path)
    torch.testing.assert_close(image, torch.full((3, 8, 8), 200 / 255), atol=0.02, rtol=0)


def test_what_decodes_is_named_where_it_is_missing(tmp_path, monkeypatch):
    write(tmp_path, "a.png")
    save(tmp_path / "b.heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    check_refused(r"pillow_heif .*pip install 'symmeter\[heic\]'", images_of, tmp_path, samples=None)
    (tmp_path / "b.heic").unlink()
    (tmp_path / "b.avif").write_bytes(b"no image")
    monkeypatch.setattr(features, "check", lambda name: False)
    check_refused("this Pillow reads no AVIF", images_of, tmp_path)
