"""`blur`: a low pass before whatever takes only every second sample."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.numbered import Numbered
from symmeter.curing.remedy import LayerRemedy
from symmeter.curing.windows import Pool, low_passed, margins_of, windows_of

_LARGEST = 4  # stride: what takes fewer samples embeds patches, and would lose most of what it knows


class BlurBeforeStride(Numbered, LayerRemedy):
    """A strided convolution takes what was blurred before it; the maxima of a pool are found everywhere and blurred.

    The filter of a stride s is the triangle (s - |i|) / s^2, |i| < s, along each strided axis: (1, 2, 1) / 4 at stride
    2. `blur(0.5)` takes the mean of what is blurred and what is not, in these parts; it aliases more and changes less.
    As a convolution and the blur may change places, the first is Zhang's order too, without his cost. Average pools
    are low passes already. Source: Zhang 2019, Making convolutional networks shift-invariant again.
    """

    name = "blur"
    words = "a triangular blur before strided convolutions, and between a max pool and its stride"
    source = "Zhang 2019"
    usual_number = most = 1.0
    meaning = "the part that is blurred, above 0 and at most 1"

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        if isinstance(layer, nn.Conv2d) and 1 < max(layer.stride) <= _LARGEST:
            mode = "replicate" if layer.padding_mode == "zeros" else layer.padding_mode
            rows, columns = layer.stride
            return nn.Sequential(Blur((rows, columns), mode, self.number), layer).train(layer.training)
        windows = windows_of(layer) if isinstance(layer, nn.MaxPool2d) else None
        if windows is None or max(axis.stride for axis in windows) == 1:
            return None
        return BlurredMaxPool(layer, self.number)


class Blur(nn.Module):
    """The triangle of each stride along rows and columns, beyond the edges as `mode` of `torch.nn.functional.pad`."""

    def __init__(self, strides: tuple[int, int], mode: str = "replicate", strength: float = 1.0):
        super().__init__()
        self.strides, self.mode, self.strength = strides, mode, strength

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H, W)."""
        return torch.lerp(x, low_passed(x, self.strides, mode=self.mode), self.strength)

    def extra_repr(self) -> str:
        return f"{self.strides}, mode={self.mode!r}, strength={self.strength:g}"


class BlurredMaxPool(Pool):
    """Maxima over all windows, blurred, and of these every second."""

    def __init__(self, pool: nn.Module, strength: float = 1.0):
        super().__init__(pool)
        self.strength = strength

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H', W'), of the shape that the pool gave."""
        x = functional.pad(x, margins_of(self.windows, x), value=-float("inf"))
        dense = functional.max_pool2d(x, self.kernel, 1, dilation=self.dilation)
        sharp = dense[..., :: self.strides[0], :: self.strides[1]]
        return torch.lerp(sharp, low_passed(dense, self.strides, every=self.strides), self.strength)
