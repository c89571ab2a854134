"""`blur`: a low pass before whatever takes only every second sample."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.remedy import LayerRemedy

_ROW = (0.25, 0.5, 0.25)  # binomial: nothing is left at the highest frequency


class Blur(nn.Module):
    """A binomial filter over rows and columns of maps (B, C, H, W), as many times as a stride needs."""

    def __init__(self, stride: int = 2):
        super().__init__()
        self.times = max(1, (stride - 1) // 2 + 1) if stride > 1 else 0

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H, W); the last rows and columns are repeated beyond the edge."""
        row = torch.tensor(_ROW, dtype=x.dtype, device=x.device)
        kernel = torch.outer(row, row).expand(x.shape[1], 1, 3, 3)
        for _ in range(self.times):
            x = functional.conv2d(
                functional.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=x.shape[1]
            )
        return x


class BlurBeforeStride(LayerRemedy):
    """A strided convolution takes what was blurred before it; the maxima of a pool are blurred before its stride.

    As a convolution and the blur may change places, the first is Zhang's order too, without his cost.
    """

    name = "blur"
    words = "a binomial blur before strided convolutions, and between a max pool and its stride"
    source = "Zhang 2019"

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        if isinstance(layer, nn.Conv2d) and 1 < max(layer.stride) < min(layer.kernel_size) + 2:
            return nn.Sequential(Blur(max(layer.stride)), layer) if max(layer.stride) <= 4 else None
        if isinstance(layer, nn.MaxPool2d):
            return _blurred_pool(layer)
        return None


def _blurred_pool(pool: nn.MaxPool2d) -> nn.Module | None:
    """Maxima everywhere, blurred, and of these every second; None for a pool that takes all of them already."""
    stride = pool.stride if isinstance(pool.stride, int) else max(pool.stride)
    if stride < 2 or pool.return_indices:
        return None
    dense = nn.MaxPool2d(pool.kernel_size, 1, pool.padding, pool.dilation, ceil_mode=pool.ceil_mode)
    return nn.Sequential(dense, Blur(stride), _Every(stride))


class _Every(nn.Module):
    """Every n-th row and column, from the first on."""

    def __init__(self, stride: int):
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, ceil(H / n), ceil(W / n))."""
        return x[..., :: self.stride, :: self.stride]
