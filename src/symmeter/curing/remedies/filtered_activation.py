"""`filtered_activation`: a non-linearity on a grid twice as fine, and a low pass before every second sample of it."""

from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.pointwise import is_pointwise
from symmeter.curing.remedy import LayerRemedy
from symmeter.curing.windows import sharing

_REACH = 3  # samples on each side of what lies half-way between two


class FilteredActivation(LayerRemedy):
    """The overtones that a non-linearity makes are taken away before they are taken for lower frequencies.

    With U the value half-way between two samples of an axis, a finer grid holds x at its even positions and U x at its
    odd ones. Of sigma on that grid the half-band filter (delta + U) / 2, at its even positions, is

        y = sigma(x) / 2 + U sigma(U x) / 2,    and with both axes of a map the mean of four such terms,

    so nothing is interleaved, and nothing shifted. Where sigma is linear it leaves low frequencies as they are and
    halves the highest one. Beyond the edges the last sample is repeated. What is no map of more than one sample, as
    tokens or the gate of a squeeze, goes through sigma alone.
    Source: Karras et al. 2021 (StyleGAN3), whose filters are longer; U: Deslauriers & Dubuc 1989.
    """

    name = "filtered_activation"
    words = "non-linearities of maps on a grid twice as fine, with a low pass behind them"
    source = "Karras et al. 2021"

    def places(self, model: nn.Module) -> list[str]:
        return [name for name in super().places(model) if not _behind_linear(model, name)]

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        if not is_pointwise(layer) or not (seen is None or _is_map(seen)):
            return None
        return Filtered(layer).train(layer.training)


def _behind_linear(model: nn.Module, name: str) -> bool:
    """Whether what comes before it in the module around it is linear: such maps have channels last, or are tokens."""
    around, _, last = name.rpartition(".")
    before: nn.Module | None = None
    for sibling, module in model.get_submodule(around).named_children():
        if sibling == last:
            break
        before = module if isinstance(module, nn.Linear | nn.Conv2d) else before
    return isinstance(before, nn.Linear)


def _is_map(x: Tensor) -> bool:
    return x.dim() == 4 and x.shape[-2:].numel() > 1


class Filtered(nn.Module):
    """An activation of maps, filtered; its parameters, if it has any, are those of `act`."""

    def __init__(self, activation: nn.Module):
        super().__init__()
        self.act = sharing(activation)
        if hasattr(self.act, "inplace"):
            setattr(self.act, "inplace", False)  # noqa: B010 - what it is given is read again

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) -> (B, C, H, W), or of any other shape, which it keeps."""
        if not _is_map(x):
            return self.act(x)
        total = self.act(x)
        for axes in ((-1,), (-2,), (-2, -1)):
            total = total + self._between(x, axes)
        return total / 4

    def _between(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        """The activation x (B, C, H, W) of what lies half-way along some axes, taken back to the samples."""
        for axis in axes:
            x = half_way(_extended(x, axis, _REACH), axis)
        x = self.act(x)
        for axis in axes:
            x = half_way(_extended(x, axis, _REACH - 1), axis)
        return x


def half_way(x: Tensor, axis: int) -> Tensor:
    """The values half-way between samples of an axis: x (..., n, ...) -> (..., n - 5, ...).

    Of the polynomial of degree 5 through the three samples on each side.

    >>> import torch
    >>> half_way(torch.arange(8.0)[None] ** 2, -1)  # exact for polynomials of a degree up to 5
    tensor([[ 6.2500, 12.2500, 20.2500]])
    """
    count = x.shape[axis] - 2 * _REACH + 1
    at = [x.narrow(axis, start, count) for start in range(2 * _REACH)]
    return (150 * (at[2] + at[3]) - 25 * (at[1] + at[4]) + 3 * (at[0] + at[5])) / 256


def _extended(x: Tensor, axis: int, by: int) -> Tensor:
    """x (B, C, H, W) with its last sample repeated so many times at both ends of an axis."""
    return functional.pad(x, (by, by, 0, 0) if axis == -1 else (0, 0, by, by), mode="replicate")
