"""Weights at random places: the twin of a network that comes as weights, and of which nobody can draw fresh ones."""

from collections.abc import Iterable

import torch
from torch import Tensor


def shuffle(tensors: Iterable[Tensor], seed: int) -> None:
    """Put the entries of each tensor (of any shape) in a random order, in place: sizes stay, what was learned goes.

    >>> weight = torch.arange(6.0).reshape(2, 3)
    >>> shuffle([weight], seed=0)
    >>> weight.flatten().sort().values.tolist(), bool((weight == torch.arange(6.0).reshape(2, 3)).all())
    ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], False)
    """
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for one in tensors:
            flat = one.flatten()
            one.copy_(flat[torch.randperm(len(flat), generator=random)].view_as(one))
