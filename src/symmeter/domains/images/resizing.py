"""Resizing and cropping of PIL images as timm does it, with more of the same image around where that is wanted."""

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from symmeter.optional import require

if TYPE_CHECKING:
    from PIL import Image


@functools.lru_cache(maxsize=64)
def resizer(
    size: tuple[int, int],
    margin: tuple[int, ...],
    crop_pct: float,
    crop_mode: str,
    interpolation: str,
    fill: float,
) -> "Callable[[Image.Image], Image.Image]":
    """timm's evaluation resize and crop to `size` with a margin around it, a function from PIL to PIL.

    Images are resized as without the margin, where the larger crop fits inside. `fill` in [0, 1] is what lies beyond a
    border. Normalisation is not done here: it is done in floating point.
    """
    shape = (size[0] + 2 * margin[0], size[1] + 2 * margin[1])
    target = size
    if any(margin):
        target = tuple(max(math.floor(n / crop_pct), m) for n, m in zip(size, shape, strict=True))
        crop_pct = 1.0
    steps = require("timm", "vision").data.create_transform(
        input_size=target,
        is_training=False,
        crop_pct=crop_pct,
        crop_mode=crop_mode,
        interpolation=interpolation,
        mean=(fill,),
        normalize=False,
    )
    resize, crop, *_ = steps.transforms  # and a last step that only makes a tensor
    if any(margin):
        crop.size = shape
        crop = crop if crop_mode == "border" else functools.partial(_crop_around, size=size, margin=margin)
    return type(steps)([resize, crop])


def _crop_around(image: "Image.Image", size: tuple[int, int], margin: tuple[int, ...]) -> "Image.Image":
    """The crop in the middle that torchvision takes, with a margin around it; moved where the image ends before."""
    height, width = size[0] + 2 * margin[0], size[1] + 2 * margin[1]
    top, left = (
        min(max(round((n - s) / 2.0) - m, 0), n - s - 2 * m)
        for n, s, m in zip(reversed(image.size), size, margin, strict=True)
    )
    return image.crop((left, top, left + width, top + height))
