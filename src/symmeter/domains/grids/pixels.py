"""The colours of pictures: pixel values in [0, 1], and what changes of colour make of them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.generators import ColourGenerator
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.groups.permutations import CHANNELS, Permutation


@dataclass(frozen=True)
class Pixels:
    """How network inputs x come from pixel values p in [0, 1]: x = (p - mean) / std, per channel.

    None where that is not known; then SymmeterError for whatever changes colours.
    """

    mean: tuple[float, ...] | None = (0.0,)
    std: tuple[float, ...] | None = (1.0,)

    def to_unit(self, x: Tensor) -> Tensor:
        """p = std x + mean, for x (..., C, H, W)."""
        return x * _per_channel(self.std, x) + _per_channel(self.mean, x)

    def from_unit(self, p: Tensor) -> Tensor:
        """x = (p - mean) / std, for p (..., C, H, W)."""
        return (p - _per_channel(self.mean, p)) / _per_channel(self.std, p)

    def differentiate(self, generator: Generator, x: Tensor) -> Tensor:
        """X x for x (..., C, H, W), 0 for what does not change colours: the affine map of p has X p / std."""
        if not isinstance(generator, ColourGenerator):
            return torch.zeros_like(x)
        s, m = (matrix.to(x) for matrix in generator.matrices(x.shape[-3]))
        return _split_by_mean(self.to_unit(x), s, m) / _per_channel(self.std, x)

    def act(self, element: Element, x: Tensor) -> Tensor:
        """What a permutation of channels or a change of colour makes of x (..., C, H, W); x for all others."""
        if isinstance(element, Permutation) and element.of == CHANNELS:
            return self.from_unit(self.to_unit(x)[..., list(element.inverse().images), :, :])
        if not isinstance(element, Flow) or not isinstance(element.generator, ColourGenerator):
            return x
        p = self.to_unit(x)
        s, m = (torch.linalg.matrix_exp(element.t * a).to(x) for a in element.generator.matrices(x.shape[-3]))
        return self.from_unit(_split_by_mean(p, s, m))


def _per_channel(values: tuple[float, ...] | None, x: Tensor) -> Tensor:
    """One value per channel as (C, 1, 1), of the dtype and on the device of x."""
    if values is None:
        raise SymmeterError(
            "changes of colour act on pixels p in [0, 1], and the preprocessing does not show how inputs x come from "
            "them: give mean and std, of x = (p - mean) / std, or leave colours out"
        )
    return torch.tensor(values, dtype=x.dtype, device=x.device)[:, None, None]


def _split_by_mean(p: Tensor, deviation: Tensor, mean: Tensor) -> Tensor:
    """S (p - m) + M m for pixels p (..., C, H, W) of mean colour m, and matrices S and M (C, C)."""
    colour = p.mean((-2, -1), keepdim=True)
    changed = torch.einsum("cd,...dhw->...chw", deviation, p - colour)
    return changed + torch.einsum("cd,...dhw->...chw", mean, colour)
