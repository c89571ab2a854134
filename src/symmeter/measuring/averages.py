"""Over which elements a model is averaged: cosets of a subgroup where the run is made of these, else by chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from symmeter.measures.error_split import Blocks
from symmeter.results.error_split import COSETS_OF
from symmeter.symmetry.groups.cosets import cosets_among
from symmeter.symmetry.groups.group import HAAR, QUADRATURE, Element, ElementSet, Group

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
    by_cosets = elements.sampling not in (HAAR, QUADRATURE)
    subgroups = {group.order: group for group in elements.group.subgroups} if by_cosets else {}
    return tuple(_average(elements, k, subgroups.get(k)) for k in sizes)


def _average(elements: ElementSet, k: int, subgroup: Group | None) -> Average:
    block = elements.block if elements.replicates else elements.count
    own: Blocks = ()
    if subgroup is not None and subgroup.order == block:
        own = [range(block)]
    elif subgroup is not None:
        own = cosets_among(elements.elements[:block], subgroup.enumerate())
    if not own:
        return Average(k)
    starts = range(0, elements.count, block)
    return Average(k, subgroup, [[start + i for i in coset] for start in starts for coset in own])


def drawn_for(averages: Sequence[Average], group: Group) -> list[Drawn]:
    """What is drawn anew for some averages: the cosets of a subgroup are found within those of a larger one."""
    found: list[Drawn] = []
    left = sorted((one for one in averages if one.subgroup is not None), key=lambda one: -one.k)
    while left:
        base = left[0].subgroup
        assert base is not None, "cosets are of a subgroup"
        served = []
        for one in left:
            blocks = cosets_among(base.enumerate(), (one.subgroup or base).enumerate())
            if blocks:
                served.append((one, blocks))
        left = [one for one in left if one not in [average for average, _ in served]]
        found.append(Drawn(group, base, len(base.enumerate()), tuple(served)))
    alone = [one for one in averages if one.subgroup is None]
    if alone:
        count = max(one.k for one in alone)
        parts = [(one, [range(i, i + one.k) for i in range(0, count - one.k + 1, one.k)]) for one in alone]
        found.append(Drawn(group, None, count, tuple(parts)))
    return found
