"""Over which elements a model is averaged: cosets of a subgroup where the run is made of these, else by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from operator import not_

import numpy as np
import torch

from symmeter.measures.error_split import Blocks
from symmeter.results.error_split import COSETS_OF
from symmeter.symmetry.groups.cosets import cosets_among
from symmeter.symmetry.groups.group import Element, ElementSet, Group
from symmeter.symmetry.groups.sampling import HAAR, LEBEDEV, QUADRATURE

INDEPENDENT = "independent"


@dataclass(frozen=True)
class Average:
    """The mean over k elements: those of a coset g D of a `subgroup` D of k elements, else k independent ones.

    `blocks` are the positions of the cosets among the elements of a run.
    """

    k: int
    subgroup: Group | None = None
    blocks: Blocks = ()

    @property
    def members(self) -> Sequence[Element]:
        """The elements of the subgroup."""
        return () if self.subgroup is None else self.subgroup.enumerate()

    @property
    def over(self) -> str:
        """Over what the mean is taken, in words."""
        return INDEPENDENT if self.subgroup is None else f"{COSETS_OF}{self.subgroup.name}"


@dataclass(frozen=True)
class Drawn:
    """Elements that are drawn together, and the averages that they serve, each with the blocks that it takes."""

    group: Group
    base: Group | None
    count: int
    averages: tuple[tuple[Average, Blocks], ...]

    def draw(self, random: torch.Generator) -> tuple[Element, ...]:
        """A random coset of the base, or so many independent elements."""
        if self.base is None:
            return self.group.sample(self.count, random)
        first = self.group.draw(random)
        return tuple(first @ g for g in self.base.enumerate())


def averages_over(elements: ElementSet, sizes: Sequence[int]) -> tuple[Average, ...]:
    """How averages over so many elements of the group of a run are taken.

    >>> from symmeter.domains.space.orthogonal import Orthogonal
    >>> from symmeter.symmetry.groups.group import choose_elements
    >>> [one.over for one in averages_over(choose_elements(Orthogonal()), (2, 5, 12))]
    ['cosets of C2(z)', 'independent', 'cosets of tetrahedral']
    """
    by_cosets = elements.sampling not in (HAAR, QUADRATURE, LEBEDEV)
    subgroups = {group.order: group for group in elements.group.subgroups} if by_cosets else {}
    return tuple(_average(elements, k, subgroups.get(k)) for k in sizes)


def _average(elements: ElementSet, k: int, subgroup: Group | None) -> Average:
    if subgroup is None:
        return Average(k)
    block = elements.count // max(1, elements.replicates)
    own = cosets_among(elements.elements[:block], subgroup.enumerate())
    if not own:
        return Average(k)
    starts = np.arange(0, elements.count, block)
    blocks = np.add.outer(starts, own).reshape(-1, k)
    return Average(k, subgroup, blocks.tolist())


def drawn_for(averages: Sequence[Average], group: Group) -> list[Drawn]:
    """What is drawn anew for some averages: the cosets of a subgroup are found within those of a larger one."""
    found = [Drawn(group, None, one.k, ((one, [range(one.k)]),)) for one in averages if one.subgroup is None]
    left = sorted((one for one in averages if one.subgroup is not None), key=lambda one: -one.k)
    while left:
        largest = left[0]
        blocks = [cosets_among(largest.members, one.members) for one in left]
        served = tuple(compress(zip(left, blocks, strict=True), blocks))
        left = list(compress(left, map(not_, blocks)))
        found.append(Drawn(group, largest.subgroup, largest.k, served))
    return found
