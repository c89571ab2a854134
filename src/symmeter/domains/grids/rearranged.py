"""Tensors whose axes hold the grid in pieces: windows, heads, channels before tokens."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symmeter.domains.grids.grid import Image
from symmeter.domains.grids.interpolants.interpolant import Definition
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation

# (role, size, step, prefix, inside): role `batch` has size -1, whatever the batch is; role `tokens` has `prefix`
# tokens before the grid factors (role, size, step) in `inside`. A factor of negative step counts backwards.
Factor = tuple[str, int, int, int, tuple]


@dataclass(frozen=True)
class Rearranged(Representation):
    """Acts as on an image, after the axes have been taken apart into factors and put together as (B, C, H, W).

    `axes` holds, for every axis of the tensor, its factors in row-major order. Rows are the factors of role `y`,
    columns those of role `x`, ordered by step; all others are channels. `rolled` is how far rows and columns have been
    rolled, as in shifted windows.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> windows = ((("batch", -1, 1, 0, ()), ("y", 2, 2, 0, ())), (("y", 2, 1, 0, ()), ("x", 4, 1, 0, ())))
    >>> rho = Rearranged(Bandlimited(), windows)
    >>> rho.to_image(torch.zeros(3 * 2, 8)).shape
    torch.Size([3, 1, 4, 4])
    """

    definition: Definition
    axes: tuple[tuple[Factor, ...], ...]
    rolled: tuple[int, int] = (0, 0)

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        image = self.to_image(x)
        return [
            self._from_image(moved, torch.zeros_like(x))
            for moved in Image(self.definition).differentiate_all(generators, image)
        ]

    def pair_all(self, generators: Sequence[Generator], g: Any, x: Any) -> Tensor:
        return Image(self.definition).pair_all(generators, self.to_image(g), self.to_image(x))

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        acting = Image(self.definition).acting(self.to_image(x))

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            valid = self._from_image(mask.expand_as(moved).to(x), torch.ones_like(x))
            return self._from_image(moved, x.clone()), valid

        return act

    def to_image(self, x: Tensor) -> Tensor:
        """(B, C, H, W) of the grid; prefix tokens are left out."""
        place, prefix = self._tokens()
        if place is not None:
            x = x.narrow(place, prefix, x.shape[place] - prefix)
        sizes, order = self._sizes(x), self._order()
        parts = x.reshape(sizes).permute(order).flip(self._backwards())
        height, width = self._extent("y"), self._extent("x")
        batch = parts.shape[0] if self._roles()[order[0]] == "batch" else 1
        image = parts.reshape(batch, -1, height, width)
        return image.roll((-self.rolled[0], -self.rolled[1]), (2, 3)) if any(self.rolled) else image

    def _from_image(self, image: Tensor, like: Tensor) -> Tensor:
        """Back into the tensor's own axes; `like` gives the prefix tokens."""
        place, prefix = self._tokens()
        target = like if place is None else like.narrow(place, prefix, like.shape[place] - prefix)
        sizes, order = self._sizes(target), self._order()
        inverse = [order.index(i) for i in range(len(order))]
        image = image.roll(self.rolled, (2, 3)) if any(self.rolled) else image
        parts = image.reshape([sizes[i] for i in order]).flip(self._backwards())
        back = parts.permute(inverse).reshape(target.shape)
        return back if place is None else torch.cat([like.narrow(place, 0, prefix), back], place)

    def _flat(self) -> list[tuple[str, int, int]]:
        """(role, size, step) of every factor in the order of the axes."""
        return [factor for factors in self.axes for factor in _inner(factors)]

    def _roles(self) -> list[str]:
        return [role for role, _, _ in self._flat()]

    def _tokens(self) -> tuple[int | None, int]:
        """Which axis has a prefix, and how long it is."""
        for i, factors in enumerate(self.axes):
            for role, _, _, prefix, _ in factors:
                if role == "tokens":
                    return i, prefix
        return None, 0

    def _sizes(self, x: Tensor) -> list[int]:
        """Sizes of all factors for this tensor: that of the batch is what the others leave of its axis."""
        sizes: list[int] = []
        for n, factors in zip(x.shape, self.axes, strict=True):
            own = [
                s
                for role, size, _, _, inside in factors
                for s in ([g[1] for g in inside] if role == "tokens" else [size])
            ]
            known = math.prod(s for s in own if s > 0)
            sizes += [n // known if s < 0 else s for s in own]
        return sizes

    def _order(self) -> list[int]:
        """Factors as batch, channels, rows, columns."""
        rank = {"batch": 0, "y": 2, "x": 3}
        flat = self._flat()
        key = lambda i: (rank.get(flat[i][0], 1), -abs(flat[i][2]) if flat[i][0] in ("y", "x") else i)
        return sorted(range(len(flat)), key=key)

    def _backwards(self) -> list[int]:
        """Which of the ordered factors count backwards."""
        flat = self._flat()
        return [place for place, i in enumerate(self._order()) if flat[i][2] < 0]

    def _extent(self, role: str) -> int:
        return math.prod(size for r, size, _ in self._flat() if r == role)

    def describe(self) -> str:
        return f"grid {self._extent('y')} x {self._extent('x')}, in pieces"


def _inner(factors: Sequence[Factor]) -> list[tuple[str, int, int]]:
    """(role, size, step) of the factors of an axis, behind its prefix where it has one."""
    found: list[tuple[str, int, int]] = []
    for role, size, step, _, inside in factors:
        found += list(inside) if role == "tokens" else [(role, size, step)]
    return found
