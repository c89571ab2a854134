"""`average_pooling`: means over the windows of a max pool."""

from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.remedy import LayerRemedy
from symmeter.curing.windows import Pool, margins_of, windows_of


class AveragePooling(LayerRemedy):
    """A max pool becomes a mean over the same windows, of the samples of them that lie inside the map.

        y_j = 1 / |W_j| sum over i in W_j of x_i    instead of    max over i in W_j of x_i.

    A mean is linear, and its box a low pass (zeros at the multiples of 1 / kernel), so it makes no frequencies that the
    stride could not take. What follows was trained on maxima, which are larger: without training it costs accuracy.
    Dilated pools are left alone. Source: LeCun et al. 1998, who pooled so; Zhang 2019 on how the two alias.
    """

    name = "average_pooling"
    words = "means instead of maxima over the windows of max pools"
    source = "LeCun et al. 1998"

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        windows = windows_of(layer) if isinstance(layer, nn.MaxPool2d) else None
        if windows is None or max(axis.dilation for axis in windows) > 1:
            return None
        return MeanPool(layer)


class MeanPool(Pool):
    """Means over the windows of a max pool; what lies outside of the map is not counted."""

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H', W'), of the shape that the max pool gave."""
        margins = margins_of(self.windows, x)
        means = functional.avg_pool2d(functional.pad(x, margins), self.kernel, self.strides)
        if max(margins) <= 0:
            return means
        inside = functional.pad(x.new_ones(1, 1, *x.shape[-2:]), margins)
        return means / functional.avg_pool2d(inside, self.kernel, self.strides)
