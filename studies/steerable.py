"""Networks that are equivariant by construction, built from the definition of group convolution.

A filter for the group element h is the base filter moved by h. Lifting: y[c, h] = x * (h w_c). Then
y[d, h] = sum over c, k of x[c, k] * (h w_dc[h^-1 k]), so that g moves the grid and sends block h to place g h: the
regular representation. Filters are sums of smooth functions, so that they can be turned by any angle; odd sizes, no
stride.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.kinds_of_data import parse_group


class Filters(nn.Module):
    """Weights (out, in) of smooth functions of the plane, sampled after the plane is moved by an element."""

    def __init__(self, outputs: int, inputs: int, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 6, dtype=torch.float64) / (inputs * 6) ** 0.5)
        self.size = size

    def forward(self, g: AffineMap) -> Tensor:
        """(out, in, size, size): w(g^-1 p) on the grid."""
        t = torch.arange(self.size, dtype=torch.float64) - (self.size - 1) / 2
        p = torch.stack([t.expand(self.size, -1), t[:, None].expand(-1, self.size)])
        x, y = torch.einsum("ij,jhw->ihw", g.inverse().matrix, p) / (self.size / 6)
        waves = [x**i * y**j for i in range(3) for j in range(3 - i)]
        basis = torch.stack(waves) * torch.exp(-(x**2 + y**2))
        return torch.einsum("oik,khw->oihw", self.weight, basis.to(self.weight)) / self.size


class Lift(nn.Module):
    """Images (B, C, H, W) to blocks (B, out * |G|, H, W)."""

    def __init__(self, group: str, inputs: int, outputs: int, size: int = 5):
        super().__init__()
        self.elements: list[Any] = list(parse_group(group).enumerate())
        self.filters = Filters(outputs, inputs, size)
        self.padding = size // 2

    def forward(self, x: Tensor) -> Tensor:
        kernels = torch.stack([self.filters(h) for h in self.elements], 1).flatten(0, 1)
        return functional.conv2d(x, kernels.to(x), padding=self.padding)


class GroupConvolution(nn.Module):
    """Blocks to blocks."""

    def __init__(self, group: str, inputs: int, outputs: int, size: int = 5):
        super().__init__()
        self.elements: list[Any] = list(parse_group(group).enumerate())
        self.filters = Filters(outputs, inputs * len(self.elements), size)
        self.inputs, self.outputs, self.padding = inputs, outputs, size // 2

    def forward(self, x: Tensor) -> Tensor:
        order, kernels = len(self.elements), []
        for h in self.elements:
            moved = self.filters(h).unflatten(1, (self.inputs, order))
            kernels.append(moved[:, :, [self._place(h.inverse() @ k) for k in self.elements]].flatten(1, 2))
        return functional.conv2d(x, torch.stack(kernels, 1).flatten(0, 1).to(x), padding=self.padding)

    def _place(self, g: AffineMap) -> int:
        return next(i for i, k in enumerate(self.elements) if (g @ k.inverse()).is_identity)


class Invariant(nn.Module):
    """The mean over positions and the largest of every block: the same for all elements."""

    def __init__(self, order: int):
        super().__init__()
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)).unflatten(1, (-1, self.order)).amax(2)


def steerable(group: str, seed: int = 0, channels: int = 3, classes: int = 4, size: int = 5) -> nn.Sequential:
    """A network that is invariant under the group, exactly where the grid carries it: 0, 2 are regular layers."""
    torch.manual_seed(seed)
    order = parse_group(group).order or 1
    return nn.Sequential(
        Lift(group, 1, channels, size), nn.Tanh(), GroupConvolution(group, channels, channels, size), nn.Tanh(),
        Invariant(order), nn.Linear(channels, classes, dtype=torch.float64),
    ).double().eval()  # fmt: skip


class Averaged(nn.Module):
    """Any network, averaged over the exact motions of its input."""

    def __init__(self, network: nn.Module, acts: Sequence[Callable[[Tensor], Tensor]]):
        super().__init__()
        self.network, self.acts = network, acts

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.network(act(x)) for act in self.acts]).mean(0)


def discs(count: int, size: int = 33, seed: int = 0) -> Tensor:
    """Smooth images with nothing outside the inscribed disc, (count, 1, size, size) float64: any turn is harmless."""
    random = torch.Generator().manual_seed(seed)
    t = (torch.arange(size, dtype=torch.float64) - (size - 1) / 2) / size
    x, y = t.expand(size, size), t[:, None].expand(size, size)
    images = []
    for _ in range(count):
        image = torch.zeros(size, size, dtype=torch.float64)
        for cx, cy, a, phase in torch.rand(4, 4, generator=random, dtype=torch.float64).tolist():
            wave = torch.cos(2 * math.pi * (3 * a * x + 2 * phase * y + phase))
            image += wave * torch.exp(-((x - 0.2 * cx + 0.1) ** 2 + (y - 0.2 * cy + 0.1) ** 2) / 0.008)
        images.append(image)
    return torch.stack(images)[:, None]
