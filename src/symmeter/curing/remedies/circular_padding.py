"""`circular_padding`: what lies beyond an edge is what lies at the other."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.remedy import LayerRemedy, Purpose, Remedy
from symmeter.curing.windows import Pool, Windows, margins_of, rebuilt, windows_of


class CircularPadding(LayerRemedy):
    """Convolutions and max pools that are padded take the map as periodic.

        y_j = sum over i of w_i x_((s j + i - a) mod n).

    Of stride 1 such a layer commutes with cyclic shifts exactly, of stride s with those by multiples of s where s
    divides n. That is of use for data without an edge (skies, textures, a scan all around), measured with
    `definition="periodic"` or `padding="circular"`; photographs have edges. Layers without padding are left alone.
    Source: Schubert et al. 2019, Circular convolutional neural networks for panoramic images and laser data.
    """

    name = "circular_padding"
    words = "convolutions and max pools wrap around instead of seeing zeros beyond the edge"
    source = "Schubert et al. 2019"

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        wraps = any(word in str(one) for one in purpose.options.values() for word in ("circular", "periodic"))
        return [cls()] if purpose.domain == "images" and wraps else []

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        windows = windows_of(layer)
        if windows is None or isinstance(layer, nn.AvgPool2d) or not any(map(_padded, windows)):
            return None
        if isinstance(layer, nn.MaxPool2d):
            return CircularMaxPool(layer)
        if not isinstance(layer, nn.Conv2d) or layer.padding_mode != "zeros":
            return None
        made = rebuilt(CircularConv2d, layer)
        made.windows = windows
        return made


def _padded(axis: Windows) -> bool:
    return axis.span > 1 if axis.edges is None else sum(axis.edges) > 0


def _wrapped(x: Tensor, windows: tuple[Windows, Windows]) -> Tensor:
    """x (B, C, H, W) with what the windows reach, from its other end; as often around as they need."""
    left, right, top, bottom = margins_of(windows, x)
    for axis, before, after in ((-2, top, bottom), (-1, left, right)):
        if before or after:
            size = x.shape[axis]
            x = x.index_select(axis, torch.arange(-before, size + after, device=x.device) % size)
    return x


class CircularConv2d(nn.Conv2d):
    """A convolution over a map without an end."""

    windows: tuple[Windows, Windows]

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C', H', W'), of the shape that the convolution gave."""
        x = _wrapped(x, self.windows)
        return functional.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class CircularMaxPool(Pool):
    """Maxima over windows of a map without an end."""

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H', W'), of the shape that the pool gave."""
        return functional.max_pool2d(
            _wrapped(x, self.windows), self.kernel, self.strides, dilation=self.dilation
        )
