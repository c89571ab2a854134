"""The tensors in what a model returned, by path: `logits`, `0.boxes`, `prediction.mean`."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.errors import SymmeterError, nearest

# What models call the one output that is meant when none is named; in this order.
MAIN_KEYS = ("logits", "out", "prediction_logits", "last_hidden_state")
_DEEPEST = 8  # a structure that holds itself has an end


def leaves(returned: Any) -> dict[str, Tensor]:
    """Every tensor in a nested structure by its dotted path; a tensor alone has the path "".

    Reads tensors, arrays (NumPy's, and whatever offers `__array__`), mappings, named tuples, dataclasses, lists and
    tuples, and objects by their attributes.

    >>> list(leaves(({"boxes": torch.ones(1), "scores": np.ones(1)}, torch.ones(2))))
    ['0.boxes', '0.scores', '1']
    """
    return dict(_walk(returned, "", 0))


def main_leaf(returned: Any) -> Tensor:
    """The tensor that is meant when no output is named: one of MAIN_KEYS, else the first in floating point.

    SymmeterError when there is none.

    >>> main_leaf({"aux": torch.zeros(1), "out": torch.ones(1)})
    tensor([1.])
    """
    if isinstance(returned, Tensor):
        return _floating(returned, "")
    found = leaves(returned)
    for key in MAIN_KEYS:
        if key in found:
            return _floating(found[key], key)
    for tensor in found.values():
        if tensor.is_floating_point():
            return tensor
    if found:
        path, tensor = next(iter(found.items()))
        return _floating(tensor, path)
    raise SymmeterError(f"the model returned {type(returned).__name__}, which holds no tensor")


def leaf_at(returned: Any, path: str, also: Iterator[str] | list[str] = ()) -> Tensor:  # type: ignore[assignment]
    """The tensor at a path; SymmeterError with the paths there are, and the names in `also`, for another.

    >>> leaf_at({"boxes": torch.ones(1)}, "boxes")
    tensor([1.])
    """
    found = leaves(returned)
    if path in found:
        return _floating(found[path], path)
    has = ", ".join(name for name in found if name) or "one tensor without a name"
    raise SymmeterError(
        f"unknown output {path!r}: the model returns {has}{nearest(path, [*filter(None, found), *also])}"
    )


def _floating(tensor: Tensor, path: str) -> Tensor:
    if tensor.is_floating_point():
        return tensor
    what = f"output {path!r}" if path else "the model's output"
    kind = str(tensor.dtype).removeprefix("torch.")
    shape = ", ".join(map(str, tensor.shape))
    raise SymmeterError(f"{what} is {kind} of shape ({shape}); real numbers can be measured: name another output, "
                        "such as the scores before they are rounded")  # fmt: skip


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    tensor = _as_tensor(value)
    if tensor is not None:
        yield path, tensor
    elif depth < _DEEPEST:
        for key, item in _members(value):
            yield from _walk(item, f"{path}.{key}" if path else str(key), depth + 1)


def _members(value: Any) -> list[tuple[Any, Any]]:
    """(name, value) of what a structure holds; nothing for what is none."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))  # type: ignore[attr-defined]
    if isinstance(value, tuple | list):
        return list(enumerate(value))
    if is_dataclass(value) and not isinstance(value, type):
        return [(f.name, getattr(value, f.name)) for f in fields(value)]
    if isinstance(value, type) or callable(value) or not hasattr(value, "__dict__"):
        return []
    return [(name, item) for name, item in vars(value).items() if not name.startswith("_")]


def _as_tensor(value: Any) -> Tensor | None:
    """A tensor, or an array of numbers as one; None for all else."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray | np.generic) or (
        hasattr(value, "__array__") and not isinstance(value, type)
    ):
        array = np.asarray(value)
        return torch.from_numpy(np.array(array)) if array.dtype.kind in "fiubc" else None
    if isinstance(value, list | tuple) and _are_numbers(value):
        return torch.tensor(value)
    return None


def _are_numbers(values: Any) -> bool:
    """Whether a list, or a list of lists, holds numbers only."""
    if isinstance(values, list | tuple):
        return len(values) > 0 and all(map(_are_numbers, values))
    return isinstance(values, int | float) and not isinstance(values, bool)
