"""`overlapping_patches`: an embedding of patches that reach into one another."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.numbered import Numbered
from symmeter.curing.remedy import LayerRemedy
from symmeter.curing.windows import rebuilt, windows_of
from symmeter.layers.classify import kind_of


class OverlappingPatches(Numbered, LayerRemedy):
    """The kernel k of a patch embedding, of stride s, becomes k * t, t a triangle as wide as half a stride.

        t_i = (r - |i|) / r^2, |i| < r, along both axes, r = width s.

    r is the width at half of the height; `overlapping_patches(0.5)` is the usual one.

    It is what the patches of a blurred image would give, in one convolution of the same class with a kernel larger by
    2 (r - 1), padded by r - 1 repeated pixels. Neighbouring patches come to share pixels, and frequencies that the
    stride cannot take are damped, as are those between them that a patch did see: that is what it costs.
    Source: Xiao et al. 2021, who train with convolutional stems; the low pass: Zhang 2019.
    """

    name = "overlapping_patches"
    words = "a patch embedding whose kernel is blurred and reaches into the next patches"
    source = "Xiao et al. 2021"
    usual_number, most = 0.5, 2.0
    meaning = "the width of the blur in strides, above 0 and at most 2"

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        if not isinstance(layer, nn.Conv2d) or kind_of(layer, leaf=True) != "patch embedding":
            return None
        windows = windows_of(layer)
        if windows is None or any(axis.edges != (0, 0) or axis.dilation > 1 for axis in windows):
            return None
        reach = [max(1, round(self.number * axis.stride)) for axis in windows]
        weight = _blurred(layer.weight.detach(), reach)
        kernel, margins = (weight.shape[-2], weight.shape[-1]), (reach[0] - 1, reach[1] - 1)
        made = rebuilt(nn.Conv2d, layer, kernel, margins, "replicate")
        made.weight = nn.Parameter(weight, requires_grad=layer.weight.requires_grad)
        return made


def _blurred(weight: Tensor, reach: Sequence[int]) -> Tensor:
    """A kernel (O, I, H, W) convolved with triangles along rows and columns: (O, I, H + 2 (r - 1), W + 2 (r - 1))."""
    down, across = (_triangle(r).to(weight) for r in reach)
    beyond = (2 * (len(across) // 2), 2 * (len(down) // 2))
    each = functional.pad(weight.flatten(0, 1)[:, None], (beyond[0], beyond[0], beyond[1], beyond[1]))
    return functional.conv2d(each, torch.outer(down, across)[None, None])[:, 0].unflatten(0, weight.shape[:2])


def _triangle(reach: int) -> Tensor:
    """Weights (2 r - 1,) that add up to one."""
    return (reach - torch.arange(1 - reach, reach).abs()) / reach**2
