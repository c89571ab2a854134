"""`smooth_positions`: learned position codes that change less from one patch to the next."""

import math
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from symmeter.curing.numbered import Numbered
from symmeter.curing.remedy import Purpose, Remedy
from symmeter.errors import SymmeterError

_CODES = re.compile(r"(?:^|\.)(?:pos|position)_?embed(?:ding)?s?(?:\.weight)?$")
_MOST_PREFIX = 17  # class tokens and registers that stand before the patches


class SmoothPositions(Numbered):
    """Position codes p (T, C) of an h x w grid of patches become their mean under a Gaussian, along rows and columns.

        p'_i = sum over j of exp(-(i - j)^2 / 2 width^2) p_j / sum over j of exp(-(i - j)^2 / 2 width^2).

    A network with codes that were the same everywhere would know no positions. The width is in patches;
    `smooth_positions(1)` is the usual one. Codes of class tokens and registers, which stand before the patches, stay.
    Codes are added by a module itself, between the modules that it calls: the part of a profile is its `(glue)`.
    A prediction looks behind the dropout that follows the sum of patches and codes, where there is one.
    Interpolating codes that were sampled more coarsely is a low pass too, with a worse filter.
    Source: Dosovitskiy et al. 2021 for the codes, which they interpolate for other sizes; the Gaussian: symmeter.
    """

    name = "smooth_positions"
    words = "learned position codes, smoothed over the grid of patches"
    usual_number, most = 1.0, 100.0
    meaning = "the width in patches, above 0 and at most 100"

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        return [cls()] if purpose.domain == "images" else []

    def places(self, model: nn.Module) -> list[str]:
        return list(dict.fromkeys(map(_part, _codes(model))))

    def looks_at(self, model: nn.Module, place: str) -> str | None:
        around = place.removesuffix("(glue)").removesuffix(".")
        children = model.get_submodule(around).named_children()
        names = [name for name, child in children if isinstance(child, nn.Dropout)]
        return f"{around}.{names[0]}".removeprefix(".") if names else None

    def stands_in(self, model: nn.Module, place: str, seen: Tensor) -> nn.Module | None:
        layer = self.looks_at(model, place)
        assert layer is not None
        codes = [(name, grid) for name, grid in _codes(model).items() if _part(name) == place]
        changes = [self._change(model.get_parameter(name).detach(), grid) for name, grid in codes]
        return nn.Sequential(*(Added(change) for change in changes), model.get_submodule(layer))

    def _change(self, code: Tensor, grid: tuple[int, int]) -> Tensor:
        return smoothed(code, grid, self.number) - code

    def apply(
        self, model: nn.Module, places: Sequence[str], seen: Mapping[str, Tensor], purpose: Purpose
    ) -> nn.Module:
        codes = _codes(model)
        for place in places:
            if place not in map(_part, codes):
                raise SymmeterError(f"remedy {self} is not for {place!r}")
        for name, grid in codes.items():
            if _part(name) in places:
                with torch.no_grad():
                    code = model.get_parameter(name)
                    code.copy_(smoothed(code, grid, self.number))
        return model


class Added(nn.Module):
    """Adds what is the same for all samples, (T, C) or (1, T, C), to the last T of their tokens."""

    def __init__(self, change: Tensor):
        super().__init__()
        self.register_buffer("change", change)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, tokens, C) -> the same shape."""
        change = self.get_buffer("change")
        return x + functional.pad(change, (0, 0, x.shape[-2] - change.shape[-2], 0))


def _codes(model: nn.Module) -> dict[str, tuple[int, int]]:
    """The grids of learned position codes, by the names of the parameters."""
    found = {}
    for name, parameter in model.named_parameters():
        if _CODES.search(name) and 2 <= parameter.dim() <= 3:
            around = model.get_submodule(_owner(name))
            grid = _grid(around, parameter.shape[-2])
            found |= {name: grid} if grid and parameter.shape[:-2].numel() == 1 else {}
    return found


def _owner(name: str) -> str:
    """The module whose forward adds a code; that around an `nn.Embedding` of codes."""
    return name.removesuffix(".weight").rpartition(".")[0]


def _part(name: str) -> str:
    return f"{_owner(name)}.(glue)".removeprefix(".")


def _grid(around: nn.Module, tokens: int) -> tuple[int, int] | None:
    """Rows and columns of the patches: as their embedding says, or the largest square that all but a few fill."""
    said = getattr(getattr(around, "patch_embed", None), "grid_size", None)
    if said is not None and 0 <= tokens - said[0] * said[1] <= _MOST_PREFIX:
        return said[0], said[1]
    side = math.isqrt(tokens)
    return (side, side) if side > 1 and tokens - side * side <= _MOST_PREFIX else None


def smoothed(code: Tensor, grid: tuple[int, int], width: float) -> Tensor:
    """Codes (..., prefix + h w, C) under a Gaussian over their grid (h, w)."""
    patches = grid[0] * grid[1]
    prefix, rest = code.split([code.shape[-2] - patches, patches], -2)
    down, across = (_gaussian(count, width).to(code) for count in grid)
    over = torch.einsum("ij,...jkc,lk->...ilc", down, rest.unflatten(-2, grid), across)
    return torch.cat([prefix, over.flatten(-3, -2)], -2)


def _gaussian(count: int, width: float) -> Tensor:
    """(n, n), the weight of position j in position i."""
    positions = torch.arange(count, dtype=torch.float64)
    return torch.softmax(-((positions[:, None] - positions) ** 2) / (2 * width**2), 1)
