"""Groups made of groups."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from operator import attrgetter

import torch

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Element, Group, ProductElement

_CHECKED = 50  # elements of each factor by which a semidirect product is checked
_DESIGNS = attrgetter("designs")


@dataclass(frozen=True)
class Composed(Group):
    """What products of groups have in common: an element is made of one element of each factor."""

    factors: tuple[Group, ...]

    @property
    def order(self) -> int | None:  # type: ignore[override]
        elements = 1
        for factor in self.factors:
            if factor.order is None:
                return None
            elements *= factor.order
        return elements

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return all(factor.closed for factor in self.factors)

    @property
    def acts_on(self) -> str:  # type: ignore[override]
        return "+".join(dict.fromkeys(factor.acts_on for factor in self.factors))

    @property
    def designs(self) -> tuple[Group, ...]:
        """Those of the first factor that has any."""
        return next(filter(None, map(_DESIGNS, self.factors)), ())

    @property
    def usual(self) -> int:
        return next(filter(_DESIGNS, self.factors), super()).usual

    def coset(self, design: Sequence[Element], random: torch.Generator) -> tuple[Element, ...]:
        """A random coset in the factor that has designs, with an independent element of every other for each member.

        So each member is distributed as any element of the product, and cosets are independent.
        """
        designed = next(filter(_DESIGNS, self.factors))
        drawn = []
        for factor in self.factors:
            alone = factor is not designed
            drawn.append([factor.draw(random) for _ in design] if alone else factor.coset(design, random))
        return tuple(map(self.join, zip(*drawn, strict=True)))

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Composed":
        return replace(self, factors=tuple(factor.bind(shape, padded) for factor in self.factors))

    @abstractmethod
    def join(self, parts: tuple[Element, ...]) -> Element:
        """The element of the product that these elements of its factors make."""

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
        return ProductElement(parts)


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
        if self.closed:
            self._check_normal()
        return super().enumerate()

    def _check_normal(self) -> None:
        """SymmeterError unless the first factor is normal under the second, looked at up to 50 elements of each."""
        normal, other = self.factors
        members = normal.enumerate()
        for n, h in product(members[:_CHECKED], other.enumerate()[:_CHECKED]):
            conjugated = h @ n @ h.inverse()
            if not any((conjugated @ member.inverse()).is_identity for member in members):
                raise SymmeterError(f"{normal.name} is not normal under {other.name}: no semidirect product")


def product_of(text: str, named: Callable[[str], tuple[Group, ...]]) -> tuple[Group, ...]:
    """The product that is written with a *, such as `SO3*permutation`, of groups by name; none for anything else."""
    if "*" not in text:
        return ()
    parts = text.split("*")
    groups = list(chain.from_iterable(map(named, parts)))
    return (multiply(groups),) if len(groups) == len(parts) else ()


def multiply(factors: list[Group]) -> Group:
    """The direct product of groups that act on different things, such as the plane and the colours.

    Groups that act on the same thing are first joined by their semidirect product, the left one the normal one.

    >>> from symmeter.domains.grids.planar import Cyclic, Reflection
    >>> from symmeter.symmetry.groups.permutations import CHANNELS, Symmetric
    >>> multiply([Cyclic(4), Reflection()]).name, multiply([Cyclic(2), Symmetric(3, CHANNELS)]).order
    ('C4*hflip', 12)
    """
    on: dict[str, Group] = {}
    for factor in factors:
        normal = on.get(factor.acts_on)
        if normal is not None:
            factor = SemidirectProduct((normal, factor), f"{normal.name}*{factor.name}")
        on[factor.acts_on] = factor
    joined = tuple(on.values())
    return joined[0] if len(joined) == 1 else DirectProduct(joined)
