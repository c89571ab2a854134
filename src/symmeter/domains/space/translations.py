"""Translations of space by given lengths in random directions."""

from dataclasses import dataclass

import torch

from symmeter.domains.space.motion import Motion, moved_by
from symmeter.symmetry.groups.group import Group

EACH = 8  # directions per length


@dataclass(frozen=True)
class Translations(Group):
    """`translation(1,40,1000)`: by each of these lengths, in random directions: a sweep over the size of numbers.

    A model that keeps positions in too few digits, or knows where the origin is, shows more error the further it goes.

    >>> [round(g.parameter, 9) for g in Translations((1.0, 40.0)).sample(4, torch.Generator().manual_seed(0))]
    [1.0, 40.0, 1.0, 40.0]
    """

    lengths: tuple[float, ...] = (1.0, 40.0, 1000.0)
    acts_on = "space"
    closed = False

    @property
    def name(self) -> str:
        return f"translation({','.join(f'{length:g}' for length in self.lengths)})"

    @property
    def usual(self) -> int:
        """How many are drawn where nothing is said."""
        return EACH * len(self.lengths)

    def draw(self, random: torch.Generator) -> Motion:
        length = self.lengths[int(torch.randint(len(self.lengths), (), generator=random))]
        return self._by(length, random)

    def sample(self, count: int, random: torch.Generator) -> tuple[Motion, ...]:
        """So many, of every length in turn."""
        return tuple(self._by(self.lengths[i % len(self.lengths)], random) for i in range(count))

    @staticmethod
    def _by(length: float, random: torch.Generator) -> Motion:
        direction = torch.randn(3, generator=random, dtype=torch.float64)
        return moved_by((length * direction / direction.norm()).tolist())


def translations(*lengths: str) -> Translations:
    """From what is written in the brackets; ValueError for what is no length above 0."""
    found = tuple(float(length) for length in lengths)
    if not all(0 < length < float("inf") for length in found):
        raise ValueError(lengths)
    return Translations(found) if found else Translations()
