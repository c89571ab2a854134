"""How a model is called: with a tree of inputs, or as a function of arrays."""

import inspect
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from torch import Tensor, nn

from symmeter.models.behind import Behind
from symmeter.trees import Gathered

Returned = TypeVar("Returned")


def called_with(function: Callable[..., Returned], inputs: object) -> Returned:
    """What a function makes of a tree of inputs.

    A dict whose keys are its parameters, and a tuple, are several arguments; any other tree is one, and what is
    gathered says itself what is made of it.

    >>> called_with(lambda a, b: a - b, {"b": 1, "a": 3}), called_with(len, {"b": 1, "a": 3})
    (2, 2)
    """
    if isinstance(inputs, Gathered):
        return inputs.handed_to(function)
    if isinstance(inputs, tuple) and not hasattr(inputs, "_fields"):
        return function(*inputs)
    if isinstance(inputs, dict) and _are_parameters(function, inputs):
        return function(**inputs)
    return function(inputs)


def _are_parameters(function: Callable, names: Iterable[str]) -> bool:
    called = function.forward if isinstance(function, nn.Module) else function
    called = function.function if isinstance(function, Behind) else called
    with suppress(TypeError, ValueError):
        inspect.signature(called).bind(**dict.fromkeys(names))
        return True
    return False


def applied(function: Callable[..., Returned], x: Tensor) -> Returned:
    """What a function without modules makes of images x (B, C, H, W), given as an array where it wants one.

    >>> import torch
    >>> applied(lambda images: images.astype("float64").sum((1, 2, 3)), torch.ones(2, 1, 2, 2)).tolist()
    [4.0, 4.0]
    """
    try:
        return function(x)
    except (TypeError, AttributeError) as error:
        try:
            return function(x.detach().cpu().numpy())
        except Exception:
            raise error from None
