"""The band of frequencies that a moved image can have, and the filter that keeps it."""

import torch
from torch import Tensor

_EDGE = 0.05  # of the band: where the filter falls from 1 to 0, as a raised cosine


def oriented_band_limit(x: Tensor, linear: Tensor) -> Tensor:
    """Images (..., H, W) limited to frequencies v with |v| and |A^T v| below half a cycle a pixel, along both axes.

    With A = `linear` (2, 2), from positions of the moved image to those of the image: A^T v is where frequency v of the
    image comes to lie in the moved one, and what lies outside the square there would alias. For a rotation this is the
    overlap of a square and of the square turned. The image is mirrored at its border. Exact motions of the grid, which
    keep the square, change nothing.

    Source: Karras et al. 2021, the low-pass filter of EQ-R, here in the frequency domain.
    """
    square = linear.abs().sum(0) <= 1 + 1e-9
    if bool(square.all()):
        return x
    height, width = x.shape[-2:]
    mirrored = torch.cat([x, x.flip(-1)], -1)
    mirrored = torch.cat([mirrored, mirrored.flip(-2)], -2)
    v = torch.fft.rfftfreq(2 * width, dtype=torch.float64)
    w = torch.fft.fftfreq(2 * height, dtype=torch.float64)[:, None]
    weight = torch.ones(2 * height, width + 1, dtype=torch.float64)
    for row in linear.double().mT:  # (A^T v)_i = sum_j A_ji v_j
        along = (row[0] * v + row[1] * w).abs() / 0.5
        across = ((along - (1 - _EDGE)) / _EDGE).clamp(0, 1)
        weight = weight * (1 + torch.cos(torch.pi * across)) / 2
    spectrum = torch.fft.rfft2(mirrored) * weight.to(x)
    return torch.fft.irfft2(spectrum, s=mirrored.shape[-2:])[..., :height, :width]
