"""Permutations of n things, such as points or channels."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import torch

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Element, Group

_factorial = cache(math.factorial)  # that of 100,000 points takes long
POINTS, CHANNELS = "points", "channels"


@dataclass(frozen=True)
class Permutation(Element):
    """Sends item i to place images[i]: (g x)[images[i]] = x[i]. `of` says of what: points, or channels.

    >>> g, h = Permutation((1, 2, 0)), Permutation((1, 0, 2))
    >>> (g @ h).images, (g @ g.inverse()).is_identity
    ((2, 1, 0), True)
    """

    images: tuple[int, ...]
    of: str = POINTS

    @property
    def name(self) -> str:
        """Its cycles, such as `(0 1)(2 4 3)`."""
        if self.is_identity:
            return "identity"
        moving = [cycle for cycle in self._cycles() if len(cycle) > 1]
        written = ["(" + " ".join(map(str, cycle)) + ")" for cycle in moving]
        return f"{self.of} " + "".join(written)

    def _cycles(self) -> list[list[int]]:
        """The orbits of the items, each in the order in which the permutation runs through it."""
        cycles = []
        seen: set[int] = set()
        for start in range(len(self.images)):
            cycle = []
            i = start
            while i not in seen:
                seen.add(i)
                cycle.append(i)
                i = self.images[i]
            cycles.append(cycle)
        return cycles

    @property
    def is_identity(self) -> bool:
        return self.images == tuple(range(len(self.images)))

    def inverse(self) -> "Permutation":
        return Permutation(tuple(sorted(range(len(self.images)), key=self.images.__getitem__)), self.of)

    def __matmul__(self, other: Element) -> "Permutation":
        if not isinstance(other, Permutation) or (self.of, len(self.images)) != (other.of, len(other.images)):
            raise ValueError(f"{self.name} and {other.name} do not permute the same thing")
        return Permutation(tuple(self.images[i] for i in other.images), self.of)


@dataclass(frozen=True)
class Symmetric(Group):
    """S_n: all permutations of n things, `of` what."""

    n: int
    of: str = POINTS

    def __post_init__(self) -> None:
        if self.n < 1:
            raise SymmeterError(f"S{self.n}: there is nothing to permute")

    @property
    def name(self) -> str:
        return f"S{self.n}"

    @property
    def acts_on(self) -> str:  # type: ignore[override]
        return self.of

    @property
    def order(self) -> int:  # type: ignore[override]
        return _factorial(self.n)

    def enumerate(self) -> tuple[Permutation, ...]:
        return tuple(Permutation(images, self.of) for images in permutations(range(self.n)))

    def draw(self, random: torch.Generator) -> Permutation:
        return Permutation(tuple(torch.randperm(self.n, generator=random).tolist()), self.of)
