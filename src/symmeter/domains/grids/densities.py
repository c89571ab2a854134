"""Pairings of grids: all affine generators weigh the same densities with their velocity fields."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.generators import AffineGenerator
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.pairing import Pairing

_PART = (
    2**18
)  # entries that are multiplied and added up at a time, so that they stay in the processor's cache


@dataclass(frozen=True)
class Densities(Pairing):
    """<w, v . grad x> = sum over positions p of v(p) d(p), with d = sum_c w grad x, for a grid x such as (B, C, H, W).

    As v = A p + b, the moments sum d and sum p d serve all generators. `slope(k)` is the derivative of x along x, y
    or z (k = 0, 1, 2), of the shape of x; it remembers them. `fields(generator)` is (A, b).
    """

    slope: Callable[[int], Tensor]
    fields: Callable[[AffineGenerator], tuple[Tensor, Tensor]]
    channel_axis: int
    remembered: int  # bytes of all slopes
    plain: Pairing  # for what is no motion of the grid

    def __call__(self, generators: Sequence[Generator], covector: Tensor) -> Tensor:
        affine = [one for one in generators if isinstance(one, AffineGenerator)]
        if len(affine) < len(generators):
            return self.plain(generators, covector)
        linear, shift = map(torch.stack, zip(*map(self.fields, affine), strict=True))
        coefficients = torch.cat([linear, shift[..., None]], -1).to(covector.device)
        total = torch.zeros(len(affine), len(covector), dtype=torch.float64, device=covector.device)
        for k, along in enumerate(coefficients.unbind(1)):
            if bool(along.any()):
                total += along @ _moments(self.density(k, covector))
        return total

    def density(self, k: int, covector: Tensor) -> Tensor:
        """sum_c w dx/dx, or along y or z, at every position, (B, H, W), for a covector w of the shape of x."""
        size = max(1, _PART // max(1, covector[0].numel()))
        parts = zip(self.slope(k).split(size), covector.split(size), strict=True)
        return torch.cat([(slope * own).sum(self.channel_axis) for slope, own in parts])

    @property
    def bytes(self) -> int:
        return self.remembered


def _moments(density: Tensor) -> Tensor:
    """sum x d, sum y d, ..., sum d over the positions of d (B, H, W), counted from the centre: (n + 1, B) float64."""
    density = density.double()
    axes = range(1, density.ndim)
    found = []
    for axis in reversed(axes):
        others = [other for other in axes if other != axis]
        found.append((density.sum(others) if others else density) @ centred(density.shape[axis]).to(density))
    return torch.stack([*found, density.flatten(1).sum(1)])


def centred(n: int) -> Tensor:
    """(n,) float64: positions from the centre of an axis."""
    return torch.arange(n, dtype=torch.float64) - (n - 1) / 2
