"""Batch norm with fixed statistics: one affine map per channel, forward and backward."""

from torch import Tensor


def slope(running_var: Tensor, weight: Tensor | None, eps: float, axes: int) -> Tensor:
    """By what (C,) channels of inputs (B, C, ...) with so many axes are multiplied, broadcastable against them."""
    found = (running_var + eps).rsqrt()
    if weight is not None:
        found = found * weight
    return found.reshape(-1, *[1] * (axes - 2))
