"""Groups made of groups."""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from itertools import combinations, product

import torch

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Element, Group, Pair


@dataclass(frozen=True)
class Composed(Group):
    """What products have in common: their elements are made from one element of each factor."""

    factors: tuple[Group, ...]

    @property
    def order(self) -> int | None:  # type: ignore[override]
        orders = [factor.order for factor in self.factors]
        return None if None in orders else math.prod(orders)  # type: ignore[arg-type]

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return all(factor.closed for factor in self.factors)

    @property
    def domain(self) -> str:  # type: ignore[override]
        return "+".join(dict.fromkeys(factor.domain for factor in self.factors))

    @property
    def margin(self) -> tuple[int, int] | None:  # type: ignore[override]
        margins = [factor.margin for factor in self.factors if factor.margin]
        return (max(rows for rows, _ in margins), max(columns for _, columns in margins)) if margins else None

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Composed":
        return replace(self, factors=tuple(factor.bind(shape, padded) for factor in self.factors))

    @abstractmethod
    def join(self, parts: tuple[Element, ...]) -> Element:
        """One element of one of each factor."""

    def enumerate(self) -> tuple[Element, ...]:
        return tuple(map(self.join, product(*[factor.enumerate() for factor in self.factors])))

    def draw(self, random: torch.Generator) -> Element:
        return self.join(tuple(factor.draw(random) for factor in self.factors))


@dataclass(frozen=True)
class DirectProduct(Composed):
    """G x H for groups that act on different things, such as `C4*colours`."""

    @property
    def name(self) -> str:
        return "*".join(factor.name for factor in self.factors)

    def join(self, parts: tuple[Element, ...]) -> Element:
        return Pair(parts)


@dataclass(frozen=True)
class SemidirectProduct(Composed):
    """N x| H: products n h of elements that act on the same thing, N normal: `h n h^-1` stays in N.

    Where both are finite that is checked when the elements are enumerated.

    >>> from symmeter.domains.grids.planar import Cyclic, Reflection
    >>> triangle = SemidirectProduct((Cyclic(3), Reflection()))
    >>> triangle.order, len(triangle.enumerate())
    (6, 6)
    """

    label: str = ""

    @property
    def name(self) -> str:
        return self.label or " x| ".join(factor.name for factor in self.factors)

    def join(self, parts: tuple[Element, ...]) -> Element:
        return parts[0] @ parts[1]

    def enumerate(self) -> tuple[Element, ...]:
        normal, other = (factor.enumerate() for factor in self.factors)
        if self.closed:
            for n, h in product(normal[:50], other[:50]):
                if not any((h @ n @ h.inverse() @ m.inverse()).is_identity for m in normal):
                    names = [factor.name for factor in self.factors]
                    raise SymmeterError(f"{names[0]} is not normal under {names[1]}: no semidirect product")
        return super().enumerate()


def multiply(factors: list[Group]) -> Group:
    """Groups that act on different things: their direct product. On the same: the semidirect one, the left normal.

    >>> from symmeter.domains.grids.planar import Cyclic, Reflection
    >>> from symmeter.symmetry.groups.permutations import CHANNELS, Symmetric
    >>> multiply([Cyclic(4), Reflection()]).name, multiply([Cyclic(2), Symmetric(3, CHANNELS)]).order
    ('C4*hflip', 12)
    """
    while len(factors) > 1:
        for i, j in combinations(range(len(factors)), 2):
            if factors[i].domain == factors[j].domain:
                joined = SemidirectProduct((factors[i], factors[j]), f"{factors[i].name}*{factors[j].name}")
                factors = [*factors[:i], joined, *factors[i + 1 : j], *factors[j + 1 :]]
                break
        else:
            return DirectProduct(tuple(factors))
    return factors[0]
