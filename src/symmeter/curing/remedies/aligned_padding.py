"""`aligned_padding`: strided layers whose grid of samples has the centre of the map."""

from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.remedy import LayerRemedy
from symmeter.curing.windows import Pool, Windows, rebuilt, windows_of


class AlignedPadding(LayerRemedy):
    """Windows reach as far over one edge of a map as over the other.

    Where the windows of a layer reach a samples before an axis of n samples and b behind it, the centre of its outputs
    lies (b - a) / 2 from that of its input. At stride 2, kernel 3 and even n, `same` of TensorFlow has (a, b) = (0, 1),
    half a sample on one side; padding 1 of PyTorch has (1, 0), as no window fits there any more, half a sample on the
    other. In their place: a' = b' = (a + b) / 2 where a + b is even, else a' = b' = (a + b + 1) / 2 with the mean of
    each two neighbours, whose positions lie half-way,

        y_j = sum over i of w_i (x_(s j + i) + x_(s j + i + 1)) / 2,    x padded by a' on both sides,

    which is the layer with the kernel w * (1, 1) / 2. Both conventions become the same layer. It makes flips and
    quarter turns as exact as the weights allow; under translations only the low pass (1, 1) / 2 counts, for a shifted
    grid moves as the other does. A max pool takes its mean of neighbours over maxima at all positions.
    Source: derived here; Zhang 2019 for the order of maximum and filter.
    """

    name = "aligned_padding"
    words = "strided layers whose windows lie around the centre of the map, by a mean of two neighbours"

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        windows = windows_of(layer)
        if windows is None or isinstance(layer, nn.AvgPool2d) or not any(map(_may_be_off, windows)):
            return None
        if isinstance(layer, nn.MaxPool2d):
            return AlignedMaxPool(layer)
        if not isinstance(layer, nn.Conv2d) or layer.padding_mode != "zeros":
            return None
        made = rebuilt(AlignedConv2d, layer)
        made.windows = windows
        return made


def _may_be_off(axis: Windows) -> bool:
    """Whether there are sizes for which one margin is the larger; patches that fill the map have none."""
    if axis.stride == 1:
        before, after = axis.margins(axis.span)
        return before != after
    return axis.kernel != axis.stride or axis.edges not in ((0, 0), None)


def _centred(axis: Windows, size: int) -> tuple[int, int]:
    """Samples to add at both ends, and of how many neighbours the mean is taken."""
    total = int(sum(axis.margins(size)))  # a number, also where a graph is traced
    return (total + 1) // 2, 1 + total % 2


class AlignedConv2d(nn.Conv2d):
    """A convolution with zeros around the map, whose outputs have the centre of the map."""

    windows: tuple[Windows, Windows]

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C', H', W'), of the shape that the convolution gave."""
        (rows, pair), (columns, other) = (
            _centred(axis, size) for axis, size in zip(self.windows, x.shape[-2:], strict=True)
        )
        x = functional.pad(x, (columns, columns, rows, rows))
        x = functional.avg_pool2d(x, (pair, other), 1) if max(pair, other) > 1 else x
        return functional.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class AlignedMaxPool(Pool):
    """Maxima over all windows, of these the means of neighbours, and every second of those."""

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H', W'), of the shape that the pool gave."""
        (rows, pair), (columns, other) = (
            _centred(axis, size) for axis, size in zip(self.windows, x.shape[-2:], strict=True)
        )
        x = functional.pad(x, (columns, columns, rows, rows), value=-float("inf"))
        dense = functional.max_pool2d(x, self.kernel, 1, dilation=self.dilation)
        return functional.avg_pool2d(dense, (pair, other), 1)[..., :: self.strides[0], :: self.strides[1]]
