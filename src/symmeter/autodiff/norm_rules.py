"""Rules of forward mode for norms: by running statistics they are affine, by an image's own they are not.

torch's own forward mode takes the mean and the deviation that a kernel returns for constants. The derivative is right,
and the derivative of that is wrong without a word: `..._twice` have a right one.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from symmeter.autodiff.batch_norm import FixedBatchNorm
from symmeter.autodiff.functions import (
    Ruled,
    affine,
    depends_on_input,
    is_pushing,
    normalised,
    normalised_again,
)


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


def layer_norm_twice(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Ruled:
    """`layer_norm` of x (..., *normalized_shape), to be differentiated again."""
    if not is_pushing():
        return NotImplemented
    kernel = lambda u, w, b: F.layer_norm(u, normalized_shape, w, b, eps)
    axes = tuple(range(-len(normalized_shape), 0))
    return normalised_again(kernel, (input, weight, bias), axes, tuple(normalized_shape), eps)


def batch_norm_twice(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Ruled:
    """Batch norm of x (B, C, ...) by the statistics of the batch, to be differentiated again."""
    if not (training or running_mean is None) or not is_pushing():
        return NotImplemented
    kernel = lambda u, w, b: F.batch_norm(u, running_mean, running_var, w, b, training, momentum, eps)
    axes = (0, *range(2, input.ndim))
    return normalised_again(kernel, (input, weight, bias), axes, (-1, *[1] * (input.ndim - 2)), eps)


def instance_norm_twice(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Ruled:
    """`instance_norm` of x (B, C, ...) by its own statistics, to be differentiated again."""
    if not use_input_stats or input.ndim < 3 or not is_pushing():
        return NotImplemented
    kernel = lambda u, w, b: F.instance_norm(u, running_mean, running_var, w, b, True, momentum, eps)
    axes = tuple(range(2, input.ndim))
    return normalised_again(kernel, (input, weight, bias), axes, (-1, *[1] * len(axes)), eps)
