"""What a group and its elements are, whatever they act on."""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import torch

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.cosets import cosets_among
from symmeter.symmetry.groups.degrees import Part
from symmeter.symmetry.groups.sampling import AUTO, COSETS, HAAR, LEBEDEV, QUADRATURE, read_sampling
from symmeter.symmetry.groups.turning import Turning

MOST_ENUMERATED = 256  # a larger group is sampled unless its elements are asked for by number
SAMPLED = 64  # elements of most groups that are drawn where nothing is said


class Element(ABC):
    """One transformation g. `g @ h` first does h, then g."""

    @property
    @abstractmethod
    def name(self) -> str:
        """A few words for tables, such as `rotate 90`."""

    @property
    def parameter(self) -> float | None:
        """What a curve over the group has on its axis: the angle of a rotation, the factor of a scale; else None."""
        return None

    @property
    def parameter_unit(self) -> str | None:
        """The unit of `parameter`, such as `degree` or `factor`; None without one.

        The identity of a group of maps has none either: it is a point of every curve.
        """
        return None

    @property
    def turning(self) -> "Turning | None":
        """What it does to the directions of space; None for what is no motion of space."""
        return None

    @property
    @abstractmethod
    def is_identity(self) -> bool:
        """Whether nothing is moved."""

    @abstractmethod
    def inverse(self) -> "Element":
        """g^-1."""

    @abstractmethod
    def __matmul__(self, other: "Element") -> "Element":
        """The product; ValueError for elements that share no group."""


class OnCurve(Element):
    """An element that may lie on a curve over its group, as a rotation does by its angle."""

    @property
    @abstractmethod
    def on_curve(self) -> tuple[float | None, str | None]:
        """Its parameter there, and the unit of that; None and None where it lies on none."""

    @property
    def parameter(self) -> float | None:
        return self.on_curve[0]

    @property
    def parameter_unit(self) -> str | None:
        return None if self.is_identity else self.on_curve[1]


@dataclass(frozen=True)
class ProductElement(Element):
    """An element of a direct product, such as that of plane and colours: (g, k)(g', k') = (g g', k k').

    Each of the n parts acts on what it knows and leaves the rest alone, so the parts commute.
    """

    parts: tuple[Element, ...]

    @property
    def name(self) -> str:
        moving = [part.name for part in self.parts if not part.is_identity]
        return ", ".join(moving) or "identity"

    @property
    def turning(self) -> Turning | None:
        """That of the only part which moves space."""
        found = [part.turning for part in self.parts if part.turning is not None]
        return found[0] if len(found) == 1 else None

    @property
    def is_identity(self) -> bool:
        return all(part.is_identity for part in self.parts)

    def inverse(self) -> "ProductElement":
        return ProductElement(tuple(part.inverse() for part in self.parts))

    def __matmul__(self, other: Element) -> "ProductElement":
        if not isinstance(other, ProductElement) or len(other.parts) != len(self.parts):
            raise ValueError(f"{self.name} and {other.name} are elements of different products")
        return ProductElement(tuple(a @ b for a, b in zip(self.parts, other.parts, strict=True)))


class Group(ABC):
    """A set of transformations to run over.

    `order` is the number of elements, None for infinitely many. `closed` tells a group from a window of one, such as
    the rotations up to 30 degrees, in which products may leave the window. `acts_on` says on what: the plane,
    channels, points.
    """

    order: int | None = None
    closed: bool = True
    acts_on: str = "plane"

    @property
    def usual(self) -> int:
        """How many elements are drawn where nothing is said."""
        return SAMPLED

    @property
    def designs(self) -> "tuple[Group, ...]":
        """Finite subgroups whose cosets g D can stand in for the whole, the finest first; none for most groups."""
        return ()

    @property
    def subgroups(self) -> "tuple[Group, ...]":
        """Finite ones over whose cosets a model may be averaged, one per number of elements; the whole where finite."""
        return () if self.order is None else (self,)

    @property
    @abstractmethod
    def name(self) -> str:
        """As it is written on the command line."""

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Group":
        """The group as it acts on inputs of this shape (without the batch axis).

        SymmeterError when it cannot act on that. With `padded`, what comes in from outside the frame is made up, so
        frames need not map onto themselves.
        """
        return self

    def enumerate(self) -> tuple[Element, ...]:
        """All elements, the identity first; SymmeterError for a group that has no end."""
        raise SymmeterError(f"{self.name} has infinitely many elements; they are sampled")

    @abstractmethod
    def draw(self, random: torch.Generator) -> Element:
        """One element from the Haar measure (of a window: restricted to it)."""

    def sample(self, count: int, random: torch.Generator) -> tuple[Element, ...]:
        """Independent elements from the Haar measure."""
        return tuple(self.draw(random) for _ in range(count))

    def coset(self, design: "Sequence[Element]", random: torch.Generator) -> tuple[Element, ...]:
        """A random coset g D of a design of the group, its members in their order."""
        g = self.draw(random)
        return tuple(g @ d for d in design)

    def quadrature(self, count: int) -> tuple[Element, ...]:
        """Elements whose plain mean integrates smooth functions best; SymmeterError where none is known."""
        raise SymmeterError(f"no quadrature is known for {self.name}; leave the sampling at 'auto'")

    def lebedev(self, order: int | None, count: int) -> tuple[tuple[Element, ...], tuple[float, ...]]:
        """The elements of Lebedev's rule of an order, and their weights, whose mean is 1.

        `order` None: the finest rule of no more than `count` elements. SymmeterError where there is no such rule.
        """
        raise SymmeterError(f"no Lebedev rule is known for {self.name}; leave the sampling at {AUTO!r}")

    def parts(self, elements: Sequence[Element], degree: int) -> tuple[Part, ...]:
        """What functions on the group are made of, up to a degree; nothing for a group without degrees."""
        return ()


@dataclass(frozen=True)
class ElementSet:
    """The elements of a run: all of a finite group, or a sample.

    `sampled`: drawn at random, so estimates are corrected for that and have a standard error over elements. Each is
    drawn by itself, or with `replicates` above 0 as one of so many cosets g D of a `design` D: element number i is in
    the coset number i // block, which is made of cosets of the coarsest design, `part` elements each. Neither
    enumerated nor sampled: a quadrature, whose mean is an integral, the plain one unless there are `weights`, positive
    numbers whose own mean is 1.
    """

    group: Group
    elements: tuple[Element, ...]
    sampled: bool
    replicates: int = 0
    design: Group | None = None
    part: int = 1
    weights: tuple[float, ...] | None = None

    @property
    def finite(self) -> bool:
        """Whether the group has an end: then "other elements" and "different elements" mean something."""
        return self.group.order is not None

    @property
    def count(self) -> int:
        """How many elements."""
        return len(self.elements)

    @property
    def block(self) -> int:
        """How many elements in a row were drawn together: those of one coset, else 1."""
        return self.count // self.replicates if self.replicates else 1

    @property
    def sampling(self) -> str:
        """How they were chosen: `all`, or a word of SAMPLING."""
        ways = {COSETS: self.replicates, HAAR: self.sampled, LEBEDEV: self.weights, "all": self.finite}
        return next((word for word, holds in ways.items() if holds), QUADRATURE)


def choose_elements(
    group: Group, count: int | None = None, seed: int = 0, sampling: str = AUTO
) -> ElementSet:
    """All elements of a small finite group, a sample or a quadrature of any other.

    `count` None: all of up to 256, else the usual number, 64 of most groups. `sampling` of a group with designs is
    that of random cosets, of any other and of fewer than two cosets that of independent elements, unless a word of
    SAMPLING says otherwise; `lebedev(5)` is the rule of that order, however many. The same seed draws the same.

    >>> from symmeter.domains.grids.planar import Cyclic, Rotations
    >>> choose_elements(Cyclic(4)).count, choose_elements(Rotations(), 10).sampled
    (4, True)
    """
    word, order = read_sampling(sampling)
    if count is not None and count < 2:
        raise SymmeterError(f"elements is {count}; give at least 2, or leave it out")
    if group.order is not None and group.order <= (MOST_ENUMERATED if count is None else count):
        return ElementSet(group, group.enumerate(), False)
    count = count or group.usual
    if word == QUADRATURE:
        return ElementSet(group, group.quadrature(count), False)
    if word == LEBEDEV:
        elements, weights = group.lebedev(order, count)
        return ElementSet(group, elements, False, weights=weights)
    random = torch.Generator().manual_seed(seed)
    fewest = (
        2 * len(group.designs[-1].enumerate()) if group.designs else math.inf
    )  # two cosets of the coarsest
    if word == COSETS or (word == AUTO and count >= fewest):
        return draw_cosets(group, count, random)
    return ElementSet(group, group.sample(count, random), True)


def draw_cosets(group: Group, count: int, random: torch.Generator) -> ElementSet:
    """Haar-random cosets g_1 D, g_2 D, ... of the finest design D of which two have no more than `count` elements.

    What D integrates without error, each of them does; that they scatter says how far off the rest is.

    >>> from symmeter.domains.space.orthogonal import Orthogonal
    >>> found = draw_cosets(Orthogonal(), 130, torch.Generator().manual_seed(0))
    >>> found.count, found.replicates, found.block, found.design.name
    (120, 2, 60, 'icosahedral')
    """
    if not group.designs:
        raise SymmeterError(f"no design is known for cosets of {group.name}; leave the sampling at {AUTO!r}")
    part = len(group.designs[-1].enumerate())
    design = next((design for design in group.designs if 2 * len(design.enumerate()) <= count), None)
    if design is None:
        raise SymmeterError(
            f"elements is {count}; {group.name} is sampled in cosets, at least {2 * part} elements: give as many, or "
            f"sampling={HAAR!r}"
        )
    ordered = _in_cosets(design, group.designs[-1])
    replicates = count // len(ordered)
    cosets = [group.coset(ordered, random) for _ in range(replicates)]
    return ElementSet(group, tuple(chain.from_iterable(cosets)), True, replicates, design, part)


@cache
def _in_cosets(group: Group, subgroup: Group) -> tuple[Element, ...]:
    """The elements of a finite group, the identity first, coset by coset of a subgroup."""
    members = group.enumerate()
    return tuple(members[i] for coset in cosets_among(members, subgroup.enumerate()) for i in coset)


def equal_pairs(elements: Sequence[Element]) -> int:
    """How many ordered pairs (i, j) of positions hold the same element, i = j among them.

    >>> from symmeter.domains.grids.planar import Cyclic
    >>> equal_pairs(Cyclic(3).enumerate()), equal_pairs(Cyclic(3).enumerate() * 2)
    (3, 12)
    """
    return sum(times**2 for times in Counter(elements).values())
