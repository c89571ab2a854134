"""A window of a larger grid, which shifts move: nothing wraps, and nothing is made up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation

_ITEMS = {1: ("signals", "samples"), 2: ("images", "pixels"), 3: ("volumes", "voxels")}


@dataclass(frozen=True)
class Window(Representation):
    """(B, C, H, W) through a window that leaves out `margin` (rows, columns) on either side; whole shifts move it.

    There are as many axes as the margin has entries, in the order of an array.

    >>> seen, _ = Window((1, 1)).act(AffineMap(shift=(1.0, 0.0)), torch.arange(16.0).reshape(1, 1, 4, 4))
    >>> seen.flatten().tolist()
    [4.0, 5.0, 8.0, 9.0]
    """

    margin: tuple[int, ...]

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """What the window shows, (B, C, H - 2 margin, W - 2 margin) of x (B, C, H, W); the mask is 1 everywhere."""
        sizes = self.shape_for(tuple(x.shape))[-len(self.margin) :]
        if min(sizes) < 1:
            whole = " x ".join(map(str, x.shape[-len(self.margin) :]))
            items, _ = _ITEMS[len(self.margin)]
            raise SymmeterError(f"{items} of {whole} have no window inside a margin of {self._words()}")
        mask = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            if not isinstance(element, AffineMap) or not element.translates:
                raise SymmeterError(
                    f"a window of a larger grid is only shifted, not moved by {element.name!r}"
                )
            starts = [m - round(b) for m, b in zip(self.margin, reversed(element.shift), strict=True)]
            if not all(0 <= start <= 2 * m for start, m in zip(starts, self.margin, strict=True)):
                raise SymmeterError(f"{element.name!r} leaves the grid: the margin is {self._words()}")
            seen = (slice(start, start + size) for start, size in zip(starts, sizes, strict=True))
            return x[(..., *seen)], mask

        return act

    def shape_for(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """(C, H, W) of the window in a grid of shape (C, H, W)."""
        own = len(self.margin)
        return (*shape[:-own], *(n - 2 * m for n, m in zip(shape[-own:], self.margin, strict=True)))

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        raise SymmeterError("a window of a larger grid moves by whole positions: it has no derivative")

    def describe(self) -> str:
        return f"window, margin {self._words()}"

    def _words(self) -> str:
        _, positions = _ITEMS[len(self.margin)]
        return f"{' x '.join(map(str, self.margin))} {positions}"
