"""Pixels of an image in any PIL mode: palettes, CMYK, transparency, 16 bits, floating point."""

from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require

if TYPE_CHECKING:
    from PIL import Image

# Modes of premultiplied transparency, and of palettes with one, by what they become.
_STRAIGHT = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA"}
# Modes from which PIL has no way, or a wrong one, to gray.
_BETWEEN = _STRAIGHT | dict.fromkeys(("P", "CMYK", "YCbCr", "HSV"), "RGB")


def decode(image: "Image.Image", channels: int) -> "Image.Image":
    """Any PIL mode to one of 8 bits a band, or to "F" with values in 0..255 where the image has more than 8 bits.

    For 3 channels that is "RGB", for 1 "L": transparency is dropped. A network of 4 channels takes colours with their
    transparency ("RGBA"), one of 2 gray with it ("LA"). Raises SymmeterError for any other number of channels than the
    image has, ValueError for pixels of no known range or colours that PIL cannot convert.
    """
    pil = require("PIL.Image", "vision")
    if channels not in (1, 3):
        return _with_transparency(image, channels)
    if image.mode.startswith(("F", "I")):
        return pil.fromarray(_range(image) * np.float32(255))
    between = _BETWEEN.get(image.mode, image.mode)
    if image.mode == "P" and "transparency" in image.info:
        between = "RGBA"  # a palette may hold its transparency in bytes
    return image.convert(between).convert("RGB" if channels == 3 else "L")


def _with_transparency(image: "Image.Image", channels: int) -> "Image.Image":
    """Gray or colours with transparency as a channel of its own; SymmeterError where that makes another number."""
    mode = _STRAIGHT.get(image.mode, image.mode)
    if mode in ("P", "RGB") and "transparency" in image.info:
        mode = "RGBA"
    if {"RGBA": 4, "LA": 2}.get(mode) != channels:
        has = f"{len(image.getbands())} ({image.mode})"
        raise SymmeterError(
            f"the network wants {channels} channels, and the image has {has}: "
            f"give pixels of {channels} channels as a tensor or an .npz"
        )
    return image if image.mode == mode else image.convert(mode)


def _range(image: "Image.Image") -> np.ndarray:
    """Gray values in [0, 1] of an image of more than 8 bits; the range follows the mode, then the values."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it has NaN or infinite pixels")
    top = float(values.max())
    ranges = [65535.0, 2.0**31 - 1] if image.mode != "F" else [1.0, 255.0, 65535.0]
    full = next((r for r in ranges if top <= r), None)
    if full is None:
        raise ValueError(f"its pixels go up to {top:g}: no known range")
    return (values.clip(min=0) / full).astype(np.float32)
