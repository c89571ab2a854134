"""Elements coset by coset of a finite subgroup."""

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar


class Invertible(Protocol):
    """What an element of a group can do."""

    @property
    def is_identity(self) -> bool: ...

    def inverse(self) -> Self: ...

    def __matmul__(self, other: Self) -> Self: ...


E = TypeVar("E", bound=Invertible)


def cosets_among(elements: Sequence[E], members: Sequence[E]) -> list[list[int]]:
    """The positions of elements, coset g D by coset of the `members` of D; none where they are not made of these.

    Within a coset they are in the order of g d, for the members d in theirs and the first element g that is left.

    >>> from symmeter.domains.grids.planar import Cyclic
    >>> [cosets_among(Cyclic(4).enumerate(), Cyclic(n).enumerate()) for n in (2, 3)]
    [[[0, 2], [1, 3]], []]
    """
    left = {i: g.inverse() for i, g in enumerate(elements)}
    found: list[list[int]] = []
    while left:
        first = elements[min(left)]
        coset = []
        for g in [first @ member for member in members]:
            place = next((i for i, inverse in left.items() if (g @ inverse).is_identity), None)
            if place is None:
                return []
            left.pop(place)
            coset.append(place)
        found.append(coset)
    return found
