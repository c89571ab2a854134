"""Networks of volumes for tests: a small U-Net, convolutions with and without symmetry, and smoothed blobs."""

from collections.abc import Iterator
from itertools import permutations, product
from typing import Literal

import torch
from scipy import ndimage
from skimage.data import binary_blobs
from torch import Tensor, nn


def blobs(count: int = 6, size: int = 12, channels: int = 1) -> Tensor:
    """Smoothed blobs of scikit-image (count, channels, size, size, size) in float64."""
    volumes = [binary_blobs(size, n_dim=3, blob_size_fraction=0.4, rng=i) for i in range(count * channels)]
    smooth = [torch.from_numpy(ndimage.gaussian_filter(volume.astype(float), 1.0)) for volume in volumes]
    return torch.stack(smooth).reshape(count, channels, size, size, size)


class UNet(nn.Module):
    """Two levels with a connection between them, for volumes (B, C, D, H, W) of even sizes -> (B, K, D, H, W)."""

    def __init__(
        self,
        channels: int = 1,
        classes: int = 2,
        width: int = 4,
        padding: Literal["zeros", "circular"] = "zeros",
    ) -> None:
        super().__init__()
        conv = lambda a, b: nn.Conv3d(a, b, 3, padding=1, padding_mode=padding)
        self.enter = nn.Sequential(conv(channels, width), nn.InstanceNorm3d(width), nn.GELU())
        self.down, self.deep = nn.AvgPool3d(2), nn.Sequential(conv(width, 2 * width), nn.GELU())
        self.up = nn.ConvTranspose3d(2 * width, width, 2, stride=2)
        self.leave = nn.Sequential(conv(2 * width, width), nn.GELU(), nn.Conv3d(width, classes, 1))

    def forward(self, x: Tensor) -> Tensor:
        kept = self.enter(x)
        return self.leave(torch.cat([kept, self.up(self.deep(self.down(kept)))], 1))


def rotations(kernel: Tensor) -> Iterator[Tensor]:
    """The 24 rotated copies of a cubic kernel (..., k, k, k): axes exchanged and flipped, an even number of times."""
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3)):
        exchanged = torch.eye(3)[list(order)] * torch.tensor(signs, dtype=torch.float32)
        if torch.linalg.det(exchanged) > 0:
            turned = kernel.movedim([-3 + axis for axis in order], [-3, -2, -1])
            yield turned.flip([axis - 3 for axis, sign in enumerate(signs) if sign < 0])


def symmetrised(conv: nn.Conv3d) -> nn.Conv3d:
    """A convolution whose kernel is the mean of its rotated copies."""
    with torch.no_grad():
        conv.weight.copy_(torch.stack(list(rotations(conv.weight))).mean(0))
    return conv


def convolution(channels: int = 1, out: int = 2) -> nn.Conv3d:
    """A convolution around the torus, in float64."""
    torch.manual_seed(0)
    return nn.Conv3d(channels, out, 3, padding=1, padding_mode="circular").double()
