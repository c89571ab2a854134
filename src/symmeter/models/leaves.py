"""The tensors, of any shape, in what a model returned, by path: `logits`, `0.boxes`, `prediction.mean`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

import numpy as np
import torch
from torch import Tensor

from symmeter.errors import SymmeterError, nearest

# What models call the one output that is meant when none is named; in this order.
MAIN_KEYS = ("logits", "out", "prediction_logits", "last_hidden_state")
_DEEPEST = 8  # a structure that holds itself has an end
_NUMBERS = "fiubc"  # kinds of NumPy's types: floating, signed, unsigned, truth values, complex


def leaves(returned: object) -> dict[str, Tensor]:
    """Every tensor in a nested structure by its dotted path; a tensor alone has the path "".

    Reads tensors, arrays (NumPy's, and whatever offers `__array__`), mappings, named tuples, dataclasses, lists and
    tuples, and objects by their attributes.

    >>> list(leaves(({"boxes": torch.ones(1), "scores": np.ones(1)}, torch.ones(2))))
    ['0.boxes', '0.scores', '1']
    """
    return dict(_walk(returned, "", 0))


def main_leaf(returned: object) -> Tensor:
    """The tensor that is meant when no output is named: one of MAIN_KEYS, else the first in floating point.

    SymmeterError when there is none.

    >>> main_leaf({"aux": torch.zeros(1), "out": torch.ones(1)})
    tensor([1.])
    """
    found = leaves(returned)
    if not found:
        raise SymmeterError(f"the model returned {type(returned).__name__}, which holds no tensor")
    meant = [key for key in MAIN_KEYS if key in found]
    floating = [key for key, tensor in found.items() if tensor.is_floating_point()]
    path = next(iter([*meant, *floating, *found]))
    return _floating(found[path], path)


def leaf_at(returned: object, path: str, also: Iterable[str] = ()) -> Tensor:
    """The tensor at a path; SymmeterError with the paths there are, and the names in `also`, for another.

    >>> leaf_at({"boxes": torch.ones(1)}, "boxes")
    tensor([1.])
    """
    found = leaves(returned)
    if path in found:
        return _floating(found[path], path)
    names = list(filter(None, found))
    has = ", ".join(names) or "one tensor without a name"
    raise SymmeterError(f"unknown output {path!r}: the model returns {has}{nearest(path, [*names, *also])}")


def _floating(tensor: Tensor, path: str) -> Tensor:
    """The tensor, if its numbers are real and there are some; SymmeterError with its shape for any other."""
    what = f"output {path!r}" if path else "the model's output"
    if 0 in tensor.shape[1:]:
        raise SymmeterError(
            f"{what} has shape {tuple(tensor.shape)}: there is nothing in it to measure, not one class"
        )
    if tensor.is_floating_point():
        return tensor
    kind = str(tensor.dtype).removeprefix("torch.")
    shape = ", ".join(map(str, tensor.shape))
    raise SymmeterError(
        f"{what} is {kind} of shape ({shape}); real numbers can be measured: name another output, "
        "such as the scores before they are rounded"
    )


def _walk(value: object, path: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    """The tensors in a value by their paths, which begin with that of the value."""
    if isinstance(value, type):  # it may be a class of arrays, and holds none
        return
    tensor = _as_tensor(value)
    if tensor is not None:
        yield path, tensor
    elif depth < _DEEPEST:
        for key, item in _members(value).items():
            yield from _walk(item, f"{path}.{key}" if path else key, depth + 1)


def _members(value: object) -> dict[str, object]:
    """What a structure holds, by name; nothing for what is none."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, tuple | list):
        names: Sequence[object] = getattr(value, "_fields", range(len(value)))  # of a named tuple
        return dict(zip(map(str, names), value, strict=True))
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if callable(value) or not hasattr(value, "__dict__"):
        return {}
    return {name: item for name, item in vars(value).items() if not name.startswith("_")}


def _as_tensor(value: object) -> Tensor | None:
    """A tensor, or an array of numbers as one; None for all else."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, list | tuple):
        return torch.tensor(value) if _are_numbers(value) else None
    if not hasattr(value, "__array__"):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in _NUMBERS:
        return None
    return torch.from_numpy(np.array(array))


def _are_numbers(values: object) -> bool:
    """Whether a list, or a list of lists, holds numbers only."""
    if isinstance(values, list | tuple):
        return len(values) > 0 and all(map(_are_numbers, values))
    return isinstance(values, int | float) and not isinstance(values, bool)
