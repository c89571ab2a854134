"""Irreducible representations side by side, as e3nn writes them: `2x0e+1o`."""

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.space.components import Components
from symmeter.domains.space.generators import SpaceGenerator
from symmeter.domains.space.harmonics import mixing, mixing_rate
from symmeter.domains.space.motion import Motion

_PART = re.compile(r"(?:(\d+)x)?(\d+)([eo])")


@dataclass(frozen=True)
class Irrep:
    """So many copies of one irrep: its degree l, and its parity, 1 (even) or -1 (odd) under inversion."""

    copies: int
    degree: int
    parity: int

    @property
    def width(self) -> int:
        """Components of one copy."""
        return 2 * self.degree + 1

    def __str__(self) -> str:
        times = f"{self.copies}x" if self.copies > 1 else ""
        return f"{times}{self.degree}{'e' if self.parity > 0 else 'o'}"


@dataclass(frozen=True)
class Irreps(Components):
    """A direct sum of irreps on the last axis, in e3nn's order of harmonics, copy after copy.

    A motion with rotation R mixes the components of one copy by Wigner's matrix of det(R) R; an improper one also
    multiplies them by the parity.

    >>> Irreps.parse("2x0e+1o").shape, str(Irreps.parse("1x2e + 0e"))
    ((5,), '2e+0e')
    """

    parts: tuple[Irrep, ...]

    @staticmethod
    def parse(text: str) -> "Irreps":
        """From what e3nn writes; ValueError for anything else."""
        parts = []
        for word in text.replace(" ", "").split("+"):
            match = _PART.fullmatch(word)
            if match is None:
                raise ValueError(text)
            copies, degree, parity = match.groups()
            parts.append(Irrep(int(copies or 1), int(degree), 1 if parity == "e" else -1))
        return Irreps(tuple(parts))

    @property
    def word(self) -> str:  # type: ignore[override]
        return str(self)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (sum(part.copies * part.width for part in self.parts),)

    def alone(self) -> "dict[Irreps, tuple[int, ...]]":
        """Each irrep with all its copies, and the entries (..., entries) that belong to it."""
        entries: dict[tuple[int, int], list[int]] = {}
        start = 0
        for part in self.parts:
            end = start + part.copies * part.width
            entries.setdefault((part.degree, part.parity), []).extend(range(start, end))
            start = end
        found = {}
        for (degree, parity), own in entries.items():
            one = Irrep(len(own) // (2 * degree + 1), degree, parity)
            found[Irreps((one,))] = tuple(own)
        return found

    def act(self, motion: Motion, x: Tensor) -> Tensor:
        proper = motion.rotation * motion.parity
        found = []
        for part, block in self._blocks(x):
            sign = part.parity if motion.parity < 0 else 1
            found.append(sign * (block @ mixing(part.degree, proper).to(x).mT))
        return _joined(found)

    def rate(self, generator: SpaceGenerator, x: Tensor) -> Tensor:
        spin = generator.spin
        return _joined([block @ mixing_rate(part.degree, spin).to(x).mT for part, block in self._blocks(x)])

    def _blocks(self, x: Tensor) -> list[tuple[Irrep, Tensor]]:
        """The copies of each irrep, (..., copies, 2 l + 1), of x (..., entries)."""
        sizes = [part.copies * part.width for part in self.parts]
        blocks = zip(self.parts, x.split(sizes, -1), strict=True)
        return [(part, block.unflatten(-1, (part.copies, part.width))) for part, block in blocks]

    def __str__(self) -> str:
        return "+".join(map(str, self.parts))


def _joined(blocks: list[Tensor]) -> Tensor:
    """Blocks (..., copies, 2 l + 1) as (..., entries)."""
    return torch.cat([block.flatten(-2) for block in blocks], -1)
