"""How many images go through at once: from the largest tensor that one of them makes, and from nothing that varies."""

from collections.abc import Callable, Mapping, Sequence
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


def observed(f: TensorFunction, x: Tensor) -> tuple[Tensor, int]:
    """(f(x), bytes of the largest tensor on the way) for x (b, ...), itself and what is a view of another left out."""
    with _Largest() as seen:
        y = f(x)
    return y, max(seen.bytes, x.numel() * x.element_size())


class _Largest(TorchFunctionMode):
    """Looks at what every function of torch returns. (A dispatch mode would see more, and import torch's compiler.)"""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

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
        return found


def _bytes_of_weights(query: Tensor, key: Tensor, **_: object) -> int:
    """Of attention's square matrices (..., n, m), for queries (..., n, d) and keys (..., m, d)."""
    return query[..., 0].numel() * key.shape[-2] * query.element_size()


def _is_new(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and not value._is_view()
