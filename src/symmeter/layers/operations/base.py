"""One rule an operation: the axes of its outputs from those of its inputs.

A rule is called as rule(axes_of, outputs, *arguments of the operation) and returns a list with the axes of each output,
None for those that it cannot tell. `axes_of` gives None for a tensor that does not depend on the image.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.layers.axes import (
    Axes,
    unify,
)

AxesOf = Callable[[Tensor], Axes | None]


Found = list[Axes | None]


RULES: dict[str, Callable[..., Found]] = {}


def rule(*names: str) -> Callable:
    """Decorates the rule of the operations with these names."""

    def register(function: Callable) -> Callable:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


def elementwise(axes_of: AxesOf, outputs: list[Tensor], *args: Any, **kwargs: Any) -> Found:
    """The rule of every operation without one: outputs of the broadcast shape of the inputs have their axes."""
    found: Axes | None = None
    shape = outputs[0].shape
    tensors = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    if torch.broadcast_shapes(*(t.shape for t in tensors)) != shape:
        return [None] * len(outputs)
    for own in map(axes_of, tensors):
        if own is not None:
            found = unify(found or (), own, shape)
    return [found if output.shape == shape else None for output in outputs]
