"""What becomes of images in files and on their way."""

import io

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from symmeter.corruption import corruption
from symmeter.optional import require


@corruption("jpeg_compression", "JPEG of this quality", 25.0, 18.0, 15.0, 10.0, 7.0)
def jpeg_compression(x: Tensor, quality: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) through JPEG and back by Pillow, in colours where it has three channels, else channel by channel."""
    pixels = (x.clamp(0, 1) * 255).round().to(torch.uint8)
    if len(pixels) == 3:
        return _through_jpeg(pixels.movedim(0, -1), int(quality)).movedim(-1, 0).to(x) / 255
    return torch.stack([_through_jpeg(plane, int(quality)) for plane in pixels]).to(x) / 255


@corruption("pixelate", "this share of the pixels along each side", 0.6, 0.5, 0.4, 0.3, 0.25)
def pixelate(x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) in fewer, larger pixels: means of boxes, then the nearest."""
    height, width = (max(1, int(share * side)) for side in x.shape[-2:])
    return interpolate(adaptive_avg_pool2d(x[None], (height, width)), x.shape[-2:], mode="nearest")[0]


@corruption("posterize", "so many bits a channel (not in ImageNet-C)", 4.0, 3.0, 2.5, 2.0, 1.0)
def posterize(x: Tensor, bits: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) with 2^bits values a channel, from 0 to 1 in equal steps."""
    steps = round(2**bits) - 1
    return (x.clamp(0, 1) * steps).round() / steps


def _through_jpeg(pixels: Tensor, quality: int) -> Tensor:
    """uint8 (H, W) or (H, W, 3), saved and read again."""
    pil, file = require("PIL.Image", "vision"), io.BytesIO()
    pil.fromarray(pixels.contiguous().numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(pil.open(file)))
