"""How many images go through at once: from the largest tensor that one of them makes, and from nothing that varies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from symmeter.autodiff.steps import TensorFunction

MOST = 64  # images at once
# Bytes of the largest tensor with its tangents. Fitted on a CPU to six networks on 224 x 224 pixels, for which chunks
# of 4 to 8 were the fastest or nearly so; small networks gain up to MOST. A GPU wants more to do at once.
_ROOM = {"cpu": 2**28}
_ROOM_ELSEWHERE = 2**31


def fitting(largest: int, tangents: int, device: torch.device) -> int:
    """How many images go through at once when the largest tensor of one has so many bytes: a power of two.

    >>> fitting(4 * 64 * 112 * 112, 8, torch.device("cpu"))  # ResNet-50
    8
    """
    room = _ROOM.get(device.type, _ROOM_ELSEWHERE)
    images = room // (max(1, largest) * (1 + tangents))
    return min(MOST, 1 << max(0, images.bit_length() - 1))


@dataclass(frozen=True)
class Observed:
    """What a function made of samples (b, ...), and of which kind it is."""

    y: Tensor
    largest: int  # bytes of the largest tensor on the way, input and what is a view of another left out
    pointwise: (
        float  # of the products of convolutions of images or volumes, the share of those of single positions
    )


def observed(f: TensorFunction, x: Tensor) -> Observed:
    """f(x) for x (b, ...), and what is seen on the way."""
    with _Onlooker() as seen:
        y = f(x)
    return Observed(y, max(seen.bytes, x.numel() * x.element_size()), seen.pointwise / max(1, seen.products))


class _Onlooker(TorchFunctionMode):
    """Looks at what every function of torch returns. (A dispatch mode would see more, and import torch's compiler.)"""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.products = self.pointwise = 0

    def __torch_function__(
        self,
        func: Callable,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        own = filter(_is_new, pytree.tree_leaves(found))
        self.bytes = max([self.bytes, *(one.numel() * one.element_size() for one in own)])
        if func is F.scaled_dot_product_attention:  # a kernel without them, whose derivative needs them
            self.bytes = max(self.bytes, _bytes_of_weights(*args[:2], **(kwargs or {})))
        if func in (F.conv2d, F.conv3d):
            self._count(found, *args, **(kwargs or {}))
        return found

    def _count(self, found: Tensor, input: Tensor, weight: Tensor, *_: object, **__: object) -> None:
        """The products of a convolution of an input by a weight (out, in, H, W), which made `found` (B, out, ...)."""
        products = found.numel() * weight[0].numel()
        self.products += products
        self.pointwise += products if max(weight.shape[2:]) == 1 else 0


def _bytes_of_weights(query: Tensor, key: Tensor, **_: object) -> int:
    """Of attention's square matrices (..., n, m), for queries (..., n, d) and keys (..., m, d)."""
    return query[..., 0].numel() * key.shape[-2] * query.element_size()


def _is_new(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and not value._is_view()
