"""Light and weather: brighter, darker, with less contrast, in fog."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from symmeter.corruption import corruption


@corruption("contrast", "contrast times this", 0.4, 0.3, 0.2, 0.1, 0.05)
def contrast(x: Tensor, kept: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) drawn towards the mean of each channel."""
    mean = x.mean((-2, -1), keepdim=True)
    return (mean + kept * (x - mean)).clamp(0, 1)


@corruption("brightness", "the largest channel brighter by this", 0.1, 0.2, 0.3, 0.4, 0.5)
def brightness(x: Tensor, more: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) with the value of HSV, its largest channel, raised: hue and saturation stay, black becomes gray."""
    value = x.amax(0, keepdim=True)
    raised = (value + more).clamp(max=1)
    return torch.where(value > 0, x * raised / value.clamp(min=1e-6), raised).clamp(0, 1)


@corruption("low_light", "light times this (not in ImageNet-C)", 0.7, 0.5, 0.3, 0.2, 0.1)
def low_light(x: Tensor, kept: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) with less light: black stays black."""
    return x * kept


@corruption("fog", "white haze of this much, uneven", 1.5, 2.0, 2.5, 2.8, 3.0)
def fog(x: Tensor, thickness: float, random: torch.Generator) -> Tensor:
    """x (C, H, W) behind a haze of octaves, each half as strong as the one before; the brightest stays as bright."""
    haze, weight = torch.zeros(1, 1, *x.shape[-2:]), 1.0
    for octave in range(1, 6):
        cells = torch.rand(1, 1, 2**octave, 2**octave, generator=random)
        haze += weight * interpolate(cells, x.shape[-2:], mode="bilinear", align_corners=True)
        weight /= 2
    haze = (haze - haze.amin()) / (haze.amax() - haze.amin()).clamp(min=1e-6)
    peak = x.amax()
    return ((x + thickness * haze[0].to(x.dtype)) * peak / (peak + thickness).clamp(min=1e-6)).clamp(0, 1)
