"""Rules of forward mode for norms: by running statistics they are affine, by an image's own they are not."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from symmeter.autodiff.batch_norm import FixedBatchNorm
from symmeter.autodiff.functions import Ruled, affine, depends_on_input, normalised


def batch_norm(*args: Any, **kwargs: Any) -> Ruled:
    """x (B, C, ...) less the running mean, over the running deviation, channel by channel."""
    fixed = FixedBatchNorm.of(*args, **kwargs)
    if fixed is None or depends_on_input(*fixed.parameters):
        return NotImplemented
    slope = fixed.slope()
    return affine(fixed.input, fixed.norm, lambda dx: dx * slope)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Ruled:
    """x (..., *normalized_shape) less its mean, over its deviation, both over the last axes."""
    if depends_on_input(weight, bias):
        return NotImplemented
    kernel = lambda u: torch.native_layer_norm(u, normalized_shape, weight, bias, eps)
    return normalised(input, kernel, len(normalized_shape), weight)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Ruled:
    """x (B, C, ...) less its mean, over its deviation, both of a group of channels over all positions."""
    if depends_on_input(weight, bias):
        return NotImplemented
    groups = input.unflatten(1, (num_groups, -1))
    each = [1] * (groups.ndim - 2)

    def kernel(u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of channels in groups u (B, G, C / G, ...)."""
        flat = u.flatten(1, 2).contiguous()
        sizes = len(u), flat.shape[1], flat[0, 0].numel()
        y, *both = torch.native_group_norm(flat, weight, bias, *sizes, num_groups, eps)
        mean, rstd = (values.reshape(len(u), num_groups, *each) for values in both)
        return y.reshape(u.shape), mean, rstd

    factor = None if weight is None else weight.reshape(num_groups, -1, *each[1:])
    return normalised(groups, kernel, len(each), factor).flatten(1, 2)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Ruled:
    """x (B, C, ...) less its mean, over its deviation, channel by channel, by its own or by running statistics."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if running_mean is not None or input.ndim < 3:
        return NotImplemented
    return group_norm(input, input.shape[1], weight, bias, eps)
