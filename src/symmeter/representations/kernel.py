"""The kernel of a representation: the elements that move nothing, found by looking."""

from collections.abc import Sequence

import torch
from torch import Tensor

from symmeter.groups import Element
from symmeter.representations.base import Representation
from symmeter.representations.trivial import Trivial

_SAME = 1e-4


def kernel(rho: Representation, elements: Sequence[Element], like: Tensor) -> list[int]:
    """Positions of the elements with rho(g) = 1 on values of this shape.

    Computed, not declared: a random vector v has rho(g) v = v with probability 0 unless rho(g) = 1. Only the
    trivial representation is not asked.

    >>> from symmeter.groups import Cyclic
    >>> kernel(Trivial(), Cyclic(4).enumerate(), torch.ones(1, 3))
    [0, 1, 2, 3]
    """
    if isinstance(rho, Trivial):
        return list(range(len(elements)))
    shape = (1, *like.shape[1:])
    v = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(like)
    action = rho.action(v)
    return [i for i, g in enumerate(elements) if _still(action(g)[0], v)]


def _still(moved: Tensor, v: Tensor) -> bool:
    return bool((moved - v).norm() <= _SAME * v.norm())
