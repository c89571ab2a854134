"""Batch norm with fixed statistics: one affine map per channel, forward and backward."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class FixedBatchNorm:
    """Batch norm of an input (B, C, ...) by running statistics, each of them and of the weights (C,)."""

    input: Tensor
    mean: Tensor
    variance: Tensor
    weight: Tensor | None
    bias: Tensor | None
    eps: float

    @staticmethod
    def of(
        input: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> "FixedBatchNorm | None":
        """From the arguments of torch's function of x (B, C, ...); None where statistics are those of the batch."""
        if training or running_mean is None or running_var is None:
            return None
        return FixedBatchNorm(input, running_mean, running_var, weight, bias, eps)

    @property
    def parameters(self) -> list[Tensor]:
        """All tensors but the input."""
        known = (self.mean, self.variance, self.weight, self.bias)
        return [tensor for tensor in known if tensor is not None]

    def norm(self, x: Tensor) -> Tensor:
        """The norm of x (B, C, ...)."""
        return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias, eps=self.eps)

    def slope(self) -> Tensor:
        """By what channels are multiplied, (C, 1, ..., 1)."""
        found = (self.variance + self.eps).rsqrt()
        if self.weight is not None:
            found = found * self.weight
        return found.reshape(-1, *[1] * (self.input.ndim - 2))
