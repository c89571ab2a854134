"""Shifts by any amount, fractions of positions too, along all axes of a grid or along one."""

from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.affine_map import AffineMap, shifted_by
from symmeter.domains.grids.framing import framed, sizes_of
from symmeter.domains.grids.padding import AXES, CIRCULAR
from symmeter.symmetry.groups.group import Group

_RANKS = (2, 3, 4)


@dataclass(frozen=True)
class Translations(Group):
    """Shifts up to `extent` of the sizes of a grid either way, along its first `axes` axes: x, y, z.

    `axis` x, y or z: along that one alone, of a grid of any number of axes.

    >>> Translations().name, Translations(0.25, axis="z").name, Translations(axes=3).name
    ('T2(0.125)', 'T1(0.25,z)', 'T3(0.125)')
    """

    extent: float = 0.125
    wrap: bool = False
    axis: str | None = None
    axes: int = 2
    frame: tuple[int, ...] | None = None
    closed = False

    @property
    def name(self) -> str:
        words = [f"{self.extent:g}"]
        if self.wrap:
            words.append("circular")
        if self.axis is None:
            return f"T{self.axes}({','.join(words)})"
        return f"T1({','.join([*words, self.axis])})"

    @property
    def _moved(self) -> str:
        """The axes that it moves along, in one word."""
        return self.axis or "".join(AXES[: self.axes])

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Translations":
        least = AXES.index(self._moved[-1]) + 1
        return replace(self, frame=sizes_of(self.name, shape, *[rank for rank in _RANKS if rank > least]))

    def draw(self, random: torch.Generator) -> AffineMap:
        sizes = framed(self)
        shares = (2 * torch.rand(len(sizes), generator=random, dtype=torch.float64) - 1).tolist()
        along = zip(AXES, shares, reversed(sizes), strict=False)
        shift = [(axis in self._moved) * share * self.extent * size for axis, share, size in along]
        return shifted_by(shift, self.frame, self.wrap)


def parse_translations(axes: int, *words: str) -> Translations:
    """`T2(0.125,circular)`, and of one axis `T1(0.125,x)`: how far, whether it wraps, and along which, in any order.

    ValueError for other words.

    >>> parse_translations(1, "z", "0.2").name, parse_translations(3, "circular").name
    ('T1(0.2,z)', 'T3(0.125,circular)')
    """
    kinds = {CIRCULAR: "wrap", **dict.fromkeys(AXES, "axis")}
    given = {kinds.get(word, "extent"): word for word in words}
    extent = float(given.get("extent", Translations.extent))
    said_twice = len(given) < len(words)
    if said_twice or not 0 < extent <= 1 or ("axis" in given) != (axes == 1):
        raise ValueError(words)
    if axes == 1:
        return Translations(extent, "wrap" in given, given["axis"])
    return Translations(extent, "wrap" in given, axes=axes)
