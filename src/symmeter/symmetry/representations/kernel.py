"""The kernel of a representation: the elements that move nothing, found by looking."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import MOST_ENUMERATED, Element, Group
from symmeter.symmetry.groups.products import Composed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_SAME = 1e-4
_LOOKED_THROUGH = 1024  # elements of a group that are looked at one by one
_DRAWN = 16  # of a larger one


def kernel(rho: Representation, elements: Sequence[Element], like: Tensor) -> list[int]:
    """Positions of the elements with rho(g) = 1 on values of the shape of `like` (B, ...), whatever its batch.

    Computed, not declared: a random vector v has rho(g) v = v with probability 0 unless rho(g) = 1. Only the
    trivial representation is not asked.

    >>> from symmeter.domains.grids.planar import Cyclic
    >>> kernel(Trivial(), Cyclic(4).enumerate(), torch.ones(1, 3))
    [0, 1, 2, 3]
    """
    if isinstance(rho, Trivial):
        return list(range(len(elements)))
    shape = (1, *like.shape[1:])
    v = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(like)
    action = rho.action(v)
    return [i for i, g in enumerate(elements) if _still(action(g)[0], v)]


@dataclass(frozen=True)
class Kernel:
    """All elements that move nothing.

    With `sampled` these are all elements of a group without end. `elements` is then empty, and any elements that are
    drawn from the group are a sample of its kernel.
    """

    elements: tuple[Element, ...]
    sampled: bool = False


def whole_kernel(rho: Representation, group: Group, like: Tensor) -> Kernel:
    """The kernel of rho in the whole group, on values like `like` (B, ...), not only among elements that were drawn.

    Groups of up to 1024 elements are looked through. Of larger ones a few elements are looked at, of a product those of
    each factor: if all of them move nothing, the group is its own kernel; if none, the kernel is the identity.
    SymmeterError for a kernel in between that has more than 256 elements, since a mean over some of them would be taken
    for that over all.

    >>> from symmeter.kinds_of_data import parse_group
    >>> len(whole_kernel(Trivial(), parse_group("C4"), torch.ones(1, 3)).elements)
    4
    >>> whole_kernel(Trivial(), parse_group("SO2"), torch.ones(1, 3)).sampled
    True
    """
    finite = group.order is not None and group.order <= _LOOKED_THROUGH
    drawn = group.enumerate() if finite else group.sample(_DRAWN, torch.Generator().manual_seed(0))
    still = kernel(rho, drawn, like)
    if finite and len(still) <= MOST_ENUMERATED:
        return Kernel(tuple(drawn[i] for i in still))
    if len(still) == len(drawn):
        return Kernel((), sampled=True)
    if isinstance(group, Composed):
        found = _by_factor(rho, group, like)
        if found is not None:
            return found
    elif not still:
        return Kernel((drawn[0] @ drawn[0].inverse(),))
    raise SymmeterError(
        f"the elements of {group.name} that leave outputs as they are ({rho.describe()}) cannot be counted, and a mean "
        "over some of them is not that over all: use twirled_variance, or a group of up to "
        f"{MOST_ENUMERATED} elements"
    )


def _by_factor(rho: Representation, group: Composed, like: Tensor) -> Kernel | None:
    """The kernel as the product of those in the factors, on values like `like` (B, ...); None where it has no end."""
    parts = [whole_kernel(rho, factor, like) for factor in group.factors]
    size = math.prod(len(part.elements) for part in parts)
    if any(part.sampled for part in parts) or size > MOST_ENUMERATED:
        return None
    return Kernel(tuple(map(group.join, product(*[part.elements for part in parts]))))


def _still(moved: Tensor, v: Tensor) -> bool:
    """Whether two values of one shape are the same, up to round-off."""
    return bool((moved - v).norm() <= _SAME * v.norm())
