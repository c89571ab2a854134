"""A rule for the backward pass of batch norm, which torch computes wrongly where one image's gradient is transposed.

On a CPU, the backward kernel of batch norm in eval mode reads the gradient of a single image (1, C, H, W) in the wrong
order when it lies in memory with channels last (as behind a flattened token sequence): seen in torch 2.15.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from symmeter.autodiff.batch_norm import FixedBatchNorm

Context = Any  # what torch hands from one pass to the next: it takes any attribute


class _BatchNorm(torch.autograd.Function):
    """y = batch_norm(x) with running statistics; its gradient is g * weight / sqrt(var + eps), channel by channel.

    x and its gradient are (B, C, ...), the slope is (C, 1, ..., 1).
    """

    @staticmethod
    def forward(ctx: Context, x: Tensor, slope: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.save_for_backward(slope)
        return compute(x)

    @staticmethod
    def backward(ctx: Context, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None, None


class BackwardRules(TorchFunctionMode):
    """While active, batch norm in eval mode has a backward pass of its own; nothing else changes.

    >>> x = torch.ones(1, 2, 1, 1, requires_grad=True)
    >>> with BackwardRules():
    ...     F.batch_norm(x, torch.zeros(2), torch.full((2,), 4.0), eps=0.0).sum().backward()
    >>> x.grad.flatten()
    tensor([0.5000, 0.5000])
    """

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        kwargs = kwargs or {}
        fixed = FixedBatchNorm.of(*args, **kwargs) if func is F.batch_norm else None
        if fixed is None or any(parameter.requires_grad for parameter in fixed.parameters):
            return func(*args, **kwargs)
        return _BatchNorm.apply(fixed.input, fixed.slope(), fixed.norm)
