"""Pixels of an image in any PIL mode: palettes, CMYK, transparency, 16 bits, floating point."""

from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.optional import require

if TYPE_CHECKING:
    from PIL import Image


def decode(image: "Image.Image", channels: int) -> "Image.Image":
    """Any PIL mode to "RGB" or "L", or to "F" with values in 0..255 where the image has more than 8 bits.

    Transparency is dropped. Raises SymmeterError when `channels` is neither 1 nor 3, ValueError for pixels of
    no known range or colours that PIL cannot convert.
    """
    pil = require("PIL.Image", "vision")
    if channels not in (1, 3):
        raise SymmeterError(
            f"images have 1 or 3 channels, the network wants {channels}: give its inputs as a tensor"
        )
    if image.mode == "F" or image.mode.startswith("I"):
        return pil.fromarray(_range(image) * np.float32(255))
    if image.mode in ("La", "RGBa"):  # premultiplied alpha
        image = image.convert(image.mode[:-1] + "A")
    if image.mode in ("P", "PA"):  # by way of RGBA: a palette may hold its transparency in bytes
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    if image.mode in ("CMYK", "YCbCr", "HSV") and channels == 1:
        image = image.convert("RGB")
    return image.convert("RGB" if channels == 3 else "L")


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
