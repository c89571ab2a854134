"""Autocast is for networks: how a symmetry moves a tensor is computed in the precision that this has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def full_precision(x: Tensor) -> Iterator[Callable[[Callable], Callable]]:
    """No autocast on the device of x, of any shape; yields what makes a function one that is called as outside.

    >>> x = torch.ones(2, 2)
    >>> with torch.autocast("cpu", dtype=torch.bfloat16), full_precision(x) as as_given:
    ...     (x @ x).dtype, as_given(lambda: x @ x)().dtype
    (torch.float32, torch.bfloat16)
    """
    kind = x.device.type
    given, dtype = torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)

    def as_given(function: Callable) -> Callable:
        return torch.autocast(kind, dtype=dtype, enabled=given)(function)

    with torch.autocast(kind, enabled=False):
        yield as_given
