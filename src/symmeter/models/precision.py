"""The precision that a model computes in, found by looking at what it does and not at the type of its input."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.autodiff.onlooker import Onlooker

Returned = TypeVar("Returned")

_TF32 = 2.0**-11  # unit round-off: half of the last of ten bits


@dataclass(frozen=True)
class Precision:
    """The coarsest floating type inside, and its round-off: `unit` is the spacing of numbers just above 1.

    `quantised`: some of it is computed in whole numbers, so outputs move in steps and there is no derivative.
    """

    name: str
    unit: float
    quantised: bool = False

    def __str__(self) -> str:
        return self.name


def precision_of(call: Callable[[Tensor], Returned], x: Tensor) -> tuple[Precision, Returned]:
    """(precision, what the call returned for x of any shape): the coarsest floating type of any tensor on the way.

    So autocast and casts in a forward pass are seen; so is TF32, by its switches, where a GPU would use it.

    >>> half = lambda x: x.bfloat16().sin().float()
    >>> precision_of(half, torch.ones(1))[0]
    Precision(name='bfloat16', unit=0.0078125, quantised=False)
    """
    with _Types() as seen:
        returned = call(x)
    coarsest = max([x.dtype, *seen.types], key=lambda dtype: torch.finfo(dtype).eps)
    found = Precision(str(coarsest).removeprefix("torch."), torch.finfo(coarsest).eps)
    if x.is_cuda and coarsest == torch.float32 and _tensor_cores():
        found = Precision("tf32", 2 * _TF32)
    return replace(found, quantised=seen.quantised), returned


def _tensor_cores() -> bool:
    """Whether products of float32 matrices or convolutions are allowed to round their factors to TF32."""
    return bool(torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32)


class _Types(Onlooker):
    """Takes down the floating types that operations return."""

    def __init__(self) -> None:
        super().__init__()
        self.types: set[torch.dtype] = set()
        self.quantised = False

    def __torch_dispatch__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        result = func(*args, **(kwargs or {}))
        if str(func).startswith("quantized"):
            self.quantised = True
        tensors = list(filter(torch.is_tensor, pytree.tree_leaves(result)))
        self.quantised |= any(tensor.is_quantized for tensor in tensors)
        self.types |= {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
        return result
