"""What becomes of images in files and on their way."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from symmeter.corruption import corruption
from symmeter.optional import require


@corruption("jpeg_compression", "JPEG of this quality", 25.0, 18.0, 15.0, 10.0, 7.0)
def jpeg_compression(x: Tensor, quality: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) through JPEG and back, in colours where it has three channels, else one channel at a time."""
    jpeg = require("torchvision.transforms.v2.functional", "vision").jpeg
    pixels = (x.clamp(0, 1) * 255).round().to(torch.uint8)
    parts = [pixels] if len(pixels) == 3 else list(pixels[:, None])
    return torch.cat([jpeg(part, int(quality)) for part in parts]).to(x.dtype) / 255


@corruption("pixelate", "this share of the pixels along each side", 0.6, 0.5, 0.4, 0.3, 0.25)
def pixelate(x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) in fewer, larger pixels: means of boxes, then the nearest."""
    fewer = [max(1, int(share * side)) for side in x.shape[-2:]]
    return interpolate(adaptive_avg_pool2d(x[None], fewer), x.shape[-2:], mode="nearest")[0]


@corruption("posterize", "so many bits a channel (not in ImageNet-C)", 4.0, 3.0, 2.5, 2.0, 1.0)
def posterize(x: Tensor, bits: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) with 2^bits values a channel, from 0 to 1 in equal steps."""
    steps = round(2**bits) - 1
    return (x.clamp(0, 1) * steps).round() / steps
