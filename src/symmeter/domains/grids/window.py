"""A window of a larger image, which shifts move: nothing wraps, and nothing is made up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Window(Representation):
    """(B, C, H, W) through a window that leaves out `margin` (rows, columns) on either side; whole shifts move it.

    >>> seen, _ = Window((1, 1)).act(AffineMap(shift=(1.0, 0.0)), torch.arange(16.0).reshape(1, 1, 4, 4))
    >>> seen.flatten().tolist()
    [4.0, 5.0, 8.0, 9.0]
    """

    margin: tuple[int, int]

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """What the window shows, (B, C, H - 2 margin, W - 2 margin) of x (B, C, H, W); the mask is 1 everywhere."""
        above, beside = self.margin
        height, width = x.shape[-2] - 2 * above, x.shape[-1] - 2 * beside
        if height < 1 or width < 1:
            raise SymmeterError(
                f"images of {x.shape[-2]} x {x.shape[-1]} have no window inside a margin of {self._words()}"
            )
        mask = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            if not isinstance(element, AffineMap) or not element.translates:
                raise SymmeterError(
                    f"a window of a larger image is only shifted, not moved by {element.name!r}"
                )
            right, down = element.shift
            top, left = above - round(down), beside - round(right)
            if not (0 <= top <= 2 * above and 0 <= left <= 2 * beside):
                raise SymmeterError(f"{element.name!r} leaves the image: the margin is {self._words()}")
            return x[..., top : top + height, left : left + width], mask

        return act

    def shape_for(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """(C, H, W) of the window in an image of shape (C, H, W)."""
        height, width = (n - 2 * m for n, m in zip(shape[-2:], self.margin, strict=True))
        return (*shape[:-2], height, width)

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        raise SymmeterError("a window of a larger image moves by whole pixels: it has no derivative")

    def describe(self) -> str:
        return f"window, margin {self._words()}"

    def _words(self) -> str:
        rows, columns = self.margin
        return f"{rows} x {columns} pixels"
