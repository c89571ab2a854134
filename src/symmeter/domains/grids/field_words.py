"""Words for fields on a grid, such as `vectors`, `depth` and `vectors(4,up)`: how their values change as it moves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from symmeter.domains.grids.boosts import Clock
from symmeter.domains.grids.carried import Carried
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.scalars import Disparity, Masks, Pseudoscalars, Scalars
from symmeter.domains.grids.vectors import BASES, Gradients, Pseudovectors, Vectors
from symmeter.symmetry.representations.trivial import Trivial

_WORD = re.compile(r"^([a-z]+)(?:\(([^()]*)\))?$")


@dataclass(frozen=True)
class Kind:
    """What a word stands for, and the shapes that it takes on a grid of n axes of these `sizes`."""

    of: type[Carried]
    shapes: str = "(B, K, {sizes}) or (B, {sizes})"


_SIZES = {1: "L", 2: "H, W", 3: "D, H, W"}
_PAIRS = "(B, {n}, {sizes}) or (B, {n}), with several frames (B, {n} T, {sizes}) or (B, T, {n}, {sizes})"
FIELDS: Mapping[str, Kind] = {
    "vectors": Kind(Vectors, _PAIRS),
    "flow": Kind(Vectors, _PAIRS),
    "pseudovectors": Kind(Pseudovectors, _PAIRS),
    "gradients": Kind(Gradients, _PAIRS),
    "pseudoscalars": Kind(Pseudoscalars),
    "disparity": Kind(Disparity),
    "depth": Kind(Scalars),
    "masks": Kind(Masks),
}


@dataclass(frozen=True)
class FieldWord:
    """A word taken apart: its name, how many frames ahead the value is (0: as for inputs), and its other arguments."""

    name: str
    after: int = 0
    basis: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def parse(text: str) -> "FieldWord | None":
        """None for what is no such word.

        >>> FieldWord.parse("vectors(4,up)"), FieldWord.parse("tokens(1+14x14)")
        (FieldWord(name='vectors', after=4, basis={'basis': 'up'}), None)
        """
        match = _WORD.match(text)
        if match is None or match[1] not in FIELDS:
            return None
        words = [word.strip() for word in (match[2] or "").split(",") if word.strip()]
        frames = [int(word) for word in words if word.isdigit()]
        bases = [word for word in words if word in BASES]
        is_paired = issubclass(FIELDS[match[1]].of, Vectors)
        if len(frames) > 1 or len(bases) > is_paired or len(frames) + len(bases) < len(words):
            return None
        return FieldWord(match[1], sum(frames), dict.fromkeys(["basis"] * len(bases), "".join(bases)))

    def shapes(self, axes: int) -> str:
        """The shapes that it takes on a grid of so many axes."""
        return FIELDS[self.name].shapes.format(n=axes, sizes=_SIZES[axes])

    def components(self, axes: int) -> int:
        """How many channels belong together on a grid of so many axes."""
        return axes if issubclass(FIELDS[self.name].of, Vectors) else 1

    def on(self, grid: Grid | Trivial, axes: int, clock: Clock) -> Carried:
        """The representation on a grid of so many axes, or on none."""
        return FIELDS[self.name].of(grid, axes, clock, **self.basis)
