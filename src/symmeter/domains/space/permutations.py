"""Permutations of the points of a set: all of them, of a given number of points or of as many as there are."""

import re
from dataclasses import dataclass

import torch

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.permutations import POINTS, Permutation, Symmetric

_MOST = 1000  # points of a group that is written with their number
PERMUTATIONS = {
    "permutation": "permutations of the points, however many there are",
    "S5": "permutations of 5 points; S3, S10, ...",
}


class PointPermutations(Symmetric):
    """All permutations of a set of n points (B, n, features): `S5`."""

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "PointPermutations":
        _check_points(self, shape)
        if shape[0] != self.n:
            raise SymmeterError(
                f"{self.name} permutes {self.n} points, but inputs {_shown(shape)} have {shape[0]}; use S{shape[0]}"
            )
        return self


@dataclass(frozen=True)
class Permutations(Group):
    """All permutations of the points of a set, as many as the inputs have: every one is as likely as any other.

    A sample begins with an exchange of two points and with the reversal, which find what a random one may miss.

    >>> Permutations().bind((4, 3)).order
    24
    """

    n: int | None = None
    acts_on = POINTS

    @property
    def name(self) -> str:
        return "permutation"

    @property
    def order(self) -> int | None:  # type: ignore[override]
        return None if self.n is None else self._bound.order

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Permutations":
        _check_points(self, shape)
        return Permutations(shape[0])

    def enumerate(self) -> tuple[Permutation, ...]:
        return self._bound.enumerate()

    def draw(self, random: torch.Generator) -> Permutation:
        return self._bound.draw(random)

    def sample(self, count: int, random: torch.Generator) -> tuple[Permutation, ...]:
        """An exchange of the first two points, the reversal, and independent ones."""
        n = self._bound.n
        first = [Permutation((1, 0, *range(2, n))), Permutation(tuple(reversed(range(n))))] if n > 2 else []
        drawn = super().sample(max(0, count - len(first)), random)
        return (*first[:count], *drawn)  # type: ignore[return-value]

    @property
    def _bound(self) -> Symmetric:
        if self.n is None:
            raise SymmeterError(f"{self.name} depends on the number of points: bind it to a shape first")
        return Symmetric(self.n)


def permutations_of(word: str) -> tuple[Group, ...]:
    """The permutations of a name, none where nothing is called so.

    >>> [group.name for word in ("permutation", "s4", "C4") for group in permutations_of(word)]
    ['permutation', 'S4']
    """
    if word.strip().lower() == "permutation":
        return (Permutations(),)
    match = re.fullmatch(r"[sS](\d+)", word.strip())
    if match is None:
        return ()
    if len(match[1]) > len(str(_MOST)) or int(match[1]) > _MOST:
        raise SymmeterError(
            f"symmetry {word[:60]!r}: of at most {_MOST:,} points; permutation takes as many as there are"
        )
    return (PointPermutations(int(match[1])),)


def _check_points(group: PointPermutations | Permutations, shape: tuple[int, ...]) -> None:
    """SymmeterError for inputs that are no points."""
    if len(shape) > 2 or not shape:
        raise SymmeterError(
            f"{group.name} acts on points (B, {group.n or 'N'}, features); these inputs are {_shown(shape)}"
        )


def _shown(shape: tuple[int, ...]) -> str:
    return f"(B, {', '.join(map(str, shape))})"
