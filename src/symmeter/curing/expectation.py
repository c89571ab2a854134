"""What becomes of an error when a network is called at moved inputs: when it vanishes, and how far it may fall.

With fbar(x) the mean of g_k^-1 f(g_k x) over k elements, and an element h of the symmetry that is asked for,

    h^-1 fbar(h x) - fbar(x) = mean_k g_k^-1 [h_k^-1 f(h_k g_k x) - f(g_k x)],   h_k = g_k h g_k^-1,

and likewise along a generator X, with L along g_k X g_k^-1. So the error of the mean is the mean of k errors of f, at
other inputs and along other directions, each turned back. A squared norm is convex: it is at most the mean of theirs,
and a kth of that where they are not correlated. That is compared with the error of f at x, so the most is 1 where f
errs at g_k x as it does at x. Where the g_k are a group that holds h, they only change their order: nothing is left.
"""

from functools import cache
from itertools import chain

import torch

from symmeter.curing.remedy import Expected, Purpose
from symmeter.domains.space.generators import SpaceGenerator
from symmeter.domains.space.motion import Motion
from symmeter.domains.space.orthogonal import SPACE
from symmeter.domains.space.sets import Sets
from symmeter.errors import SymmeterError, nearest
from symmeter.kinds_of_data import find_domain, parse_group, read_options
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import MOST_ENUMERATED, Element, Group, ProductElement

NOTHING_LEFT = Expected(0.0, 0.0, 0.0)
_SOME = 8  # elements by which an infinite group is looked at
_ALONG = 64  # positions of a grid to which shifts are bound, to be counted


def of_mean(count: int) -> Expected:
    """What the mean of so many errors leaves: all of it at most, and a part of 1 / count where they are independent.

    >>> of_mean(4)
    Expected(ratio=0.25, low=0.0, high=1.0)
    """
    return Expected(1 / count, 0.0, 1.0)


def group_named(purpose: Purpose, word: str, remedy: str) -> Group:
    """The group of this name among those of the data; SymmeterError where there is none."""
    found = _named(purpose.domain, word)
    if len(found) != 1 or not isinstance(found[0], Group):
        known = find_domain(purpose.domain)
        choices = set(known.symmetries) - set(known.generators())
        raise SymmeterError(f"remedy {remedy}: {known.name} have no group {word!r}{nearest(word, choices)}")
    return found[0]


def check_group(word: str, remedy: str) -> str:
    """The name of a group of any kind of data; SymmeterError for what is none."""
    try:
        parse_group(word)
    except SymmeterError as error:
        raise SymmeterError(f"remedy {remedy}: {error}") from error
    return word


def is_known(purpose: Purpose, word: str) -> bool:
    """Whether the data has a group of this name."""
    return any(isinstance(one, Group) for one in _named(purpose.domain, word))


@cache
def _named(domain: str, word: str) -> tuple[Generator | Group, ...]:
    try:
        return tuple(find_domain(domain).symmetry(word))
    except SymmeterError:  # written like a group, and none
        return ()


def in_space(purpose: Purpose) -> bool:
    """Whether samples are points of space, and no grid."""
    return issubclass(find_domain(purpose.domain), Sets)


def check_in_space(purpose: Purpose, remedy: str) -> None:
    """SymmeterError for samples that are no points of space."""
    if not in_space(purpose):
        raise SymmeterError(
            f"remedy {remedy} is for points in space, and {purpose.domain} lie on a grid: use averaged or "
            "canonicalised with a group of these"
        )


def asked_in_space(purpose: Purpose) -> list[str]:
    """Which of SO3 and O3 holds what is asked of points; none where they are not to be turned."""
    asked = [one.name for one in (*purpose.symmetry.generators, *purpose.symmetry.groups)]
    if not in_space(purpose):
        return []
    turned = [name for name in asked if turns_space(name, purpose, mirrors=True)]
    mirrored = [name for name in turned if not turns_space(name, purpose, mirrors=False)]
    return ["O3"] if mirrored else ["SO3"] * bool(turned)


def acts_exactly(group: Group, purpose: Purpose) -> bool:
    """Whether a group is finite and does to samples what its laws say, but for round-off.

    On points all do; on grids those whose elements take positions to positions, as quarter turns and flips do.
    """
    if group.order is None or group.order > MOST_ENUMERATED or not group.closed:
        return False
    domain = read_options(find_domain(purpose.domain), dict(purpose.options))
    return domain.exact or all(map(_of_positions, group.enumerate()))


def _of_positions(element: Element) -> bool:
    """Whether an element takes a grid onto itself; one that moves no grid does."""
    if isinstance(element, ProductElement):
        return all(map(_of_positions, element.parts))
    entries = chain(*getattr(element, "linear", ()), getattr(element, "shift", ()))
    return all(abs(entry - round(entry)) < 1e-12 for entry in entries)


def holds(group: Group, symmetry: str, purpose: Purpose) -> bool:
    """Whether a mean over a group is equivariant under the symmetry of this name: a subgroup of what acts exactly."""
    found = _named(purpose.domain, symmetry)
    if not acts_exactly(group, purpose) or not found:
        return False
    elements = set(group.enumerate())
    return all(
        isinstance(one, Group)
        and one.order is not None
        and one.order <= len(elements)
        and elements.issuperset(one.enumerate())
        for one in found
    )


def turns_space(symmetry: str, purpose: Purpose, mirrors: bool) -> bool:
    """Whether a symmetry only turns space about the origin, or also `mirrors` it."""
    found = _named(purpose.domain, symmetry)
    return bool(found) and all(_turns(one, mirrors) for one in found)


def _turns(one: Generator | Group, mirrors: bool) -> bool:
    if isinstance(one, SpaceGenerator):
        return not any(one.shift) and not one.growth
    motions = _motions(one)
    return bool(motions) and all(
        not any(g.shift) and g.scale == 1 and (mirrors or g.parity > 0) for g in motions
    )


def moves_space(symmetry: str, purpose: Purpose) -> bool:
    """Whether a symmetry only moves space along."""
    found = _named(purpose.domain, symmetry)
    return bool(found) and all(_moves(one) for one in found)


def _moves(one: Generator | Group) -> bool:
    if isinstance(one, SpaceGenerator):
        return any(one.shift) and not one.growth and not bool(one.spin.any())
    motions = _motions(one)
    return bool(motions) and all(g.translates for g in motions)


def _motions(one: Generator | Group) -> list[Motion]:
    """All elements of a finite group, or some of another; none where they are no motions of space."""
    if not isinstance(one, Group) or one.acts_on != SPACE:
        return []
    random = torch.Generator().manual_seed(0)
    elements = one.sample(_SOME, random) if one.order is None else one.enumerate()
    motions = [g for g in elements if isinstance(g, Motion)]
    return motions if len(motions) == len(elements) else []


def count_of(group: Group, purpose: Purpose) -> int:
    """How many elements a mean over a group has where nothing is said."""
    if group.order is None:
        axes = sum(isinstance(one, Generator) for one in _named(purpose.domain, "translation"))
        try:
            group = group.bind((1, *[_ALONG] * axes), padded=True)
        except (SymmeterError, ValueError):
            return group.usual
    return group.order if group.order is not None and group.order <= MOST_ENUMERATED else group.usual
