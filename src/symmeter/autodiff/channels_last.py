"""Images whose channels lie side by side in memory, so that convolutions on a CPU need not rearrange them each time."""

from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.autodiff.steps import Tree
from symmeter.autodiff.strategies import Strategy

_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}  # by the number of axes
_MOST = 0.5  # of the products


class ChannelsLast(Strategy):
    """Another strategy, on images and tangents whose channels lie side by side; convolutions hand that layout on.

    Images are one tensor (B, C, H, W) or volumes (B, C, D, H, W).

    Values are the same to round-off. A model that takes views of its features for granted (`x.view(len(x), -1)`)
    cannot take it.

    >>> from symmeter.autodiff.strategies import Vectorised
    >>> strategy = ChannelsLast(Vectorised())
    >>> y, dy = strategy(torch.sin, torch.zeros(1, 3, 8, 8), torch.ones(2, 1, 3, 8, 8))
    >>> strategy.name, dy.shape, y.is_contiguous(memory_format=torch.channels_last)
    ('vectorised, channels last', torch.Size([2, 1, 3, 8, 8]), True)
    """

    def __init__(self, strategy: Strategy):
        self._strategy = strategy
        self.name = f"{strategy.name}, channels last"

    def __call__(self, f: Callable, x: Tree, tangents: Tree) -> tuple[Tree, Tree]:
        moved = channels_last(tangents.flatten(0, 1)).unflatten(0, tangents.shape[:2])
        return self._strategy(f, channels_last(x), moved)


def channels_last(x: Tensor) -> Tensor:
    """Images (B, C, H, W) or volumes (B, C, D, H, W) with the channels of a position side by side in memory."""
    return x.contiguous(memory_format=_FORMATS[x.ndim])


def gains(x: Tensor, pointwise: float) -> bool:
    """Whether that layout pays for images x (B, ...), from the share of pointwise ones in a network's convolutions.

    Measured on a CPU in float32: 1 x 1 convolutions take .7 to 1 of the time, most others as long, and pooling longer.
    """
    return pointwise > _MOST and x.ndim in _FORMATS and x.device.type == "cpu" and x.dtype == torch.float32
