"""The sizes of grids that groups are bound to."""

from typing import Protocol

from symmeter.errors import SymmeterError

_KINDS = {2: "signals (B, C, L)", 3: "images (B, C, H, W)", 4: "volumes (B, C, D, H, W)"}


def plane(name: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of inputs (C, H, W); SymmeterError for what is no image."""
    height, width = sizes_of(name, shape, 3)
    return height, width


def sizes_of(name: str, shape: tuple[int, ...], *ranks: int) -> tuple[int, ...]:
    """The sizes of the axes of inputs (C, *sizes), of any of these ranks; SymmeterError for what is no such grid.

    >>> sizes_of("shift", (3, 5, 8), 2, 3, 4)
    (5, 8)
    """
    if len(shape) not in ranks:
        kinds = " or ".join(map(_KINDS.__getitem__, ranks))
        inputs = ", ".join(map(str, shape))
        raise SymmeterError(f"{name} moves {kinds}; these inputs have shape (B, {inputs})")
    return tuple(shape[1:])


class Framed(Protocol):
    """A group that depends on the size of the grid."""

    @property
    def name(self) -> str: ...

    @property
    def frame(self) -> tuple[int, ...] | None: ...


def framed(group: Framed) -> tuple[int, ...]:
    """The sizes that a group was bound to, in the order of an array."""
    if group.frame is None:
        raise SymmeterError(f"{group.name} depends on the size of the grid: bind it to a shape first")
    return group.frame
