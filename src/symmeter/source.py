"""What every kind of data becomes: a source, which names its items and reads them one by one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from symmeter.errors import SymmeterError, first_line

_IMAGE_KEYS = ("image", "images", "pixel_values", "x")
_LABEL_KEYS = ("label", "labels", "y")


@dataclass(frozen=True)
class Item:
    """One image that is still to be read: `load` gives (image, label), or raises what is wrong with it."""

    name: str
    load: Callable[[], tuple[Any, Any]]


@dataclass(frozen=True)
class Source:
    """A kind of data: `stream(indices)` gives those items, `stream(None)` all of them.

    `missing` are (name, reason) of what is known to be unreadable; `path` is the place as it was asked for.
    """

    name: str
    kind: str
    total: int | None
    stream: Callable[[Sequence[int] | None], Iterator[Item]]
    labelled: bool = False
    notes: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    path: str | None = None


def indexed(item: Callable[[int], Item], total: int, name: str, kind: str, **more: Any) -> Source:
    """A source whose items can be read in any order."""
    if not total:
        raise SymmeterError(f"{name}: no images")
    return Source(
        name, kind, total, lambda wanted: map(item, range(total) if wanted is None else wanted), **more
    )


def split(sample: Any) -> tuple[Any, Any]:
    """(image, label) of what datasets and loaders give: an image, a tuple that begins so, or a dictionary.

    >>> split({"pixel_values": "image", "label": 3}), split(("image", 3, "more")), split("image")
    (('image', 3), ('image', 3), ('image', None))
    """
    if isinstance(sample, Mapping):
        keys = [key for key in _IMAGE_KEYS if key in sample]
        if not keys:
            has, known = ", ".join(map(str, sample)), ", ".join(_IMAGE_KEYS)
            raise SymmeterError(f"no image in a dictionary with {has}; its key must be one of {known}")
        return sample[keys[0]], next((sample[key] for key in _LABEL_KEYS if key in sample), None)
    if isinstance(sample, tuple | list) and sample:
        return sample[0], sample[1] if len(sample) > 1 else None
    return sample, None


def is_array(value: Any) -> bool:
    """Whether it is a tensor or a NumPy array."""
    return isinstance(value, Tensor | np.ndarray)


def reason(error: BaseException) -> str:
    """An exception in one line, its type first where the message alone may not say what went wrong.

    >>> reason(OSError("image file is truncated")), reason(KeyError("palette")), reason(EOFError())
    ('image file is truncated', "KeyError: 'palette'", 'EOFError')
    """
    line, kind = first_line(error), type(error).__name__
    return line if isinstance(error, ValueError | OSError) or line == kind else f"{kind}: {line}"


def labels_of(labels: Any, count: int, name: str) -> Sequence[Any]:
    """`count` whole numbers, or None for each image where there are no labels."""
    if labels is None:
        return [None] * count
    values = np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels)
    if values.ndim != 1:
        raise SymmeterError(f"{name}: labels of shape {values.shape}; give one whole number an image")
    if len(values) != count:
        raise SymmeterError(f"{name}: {len(values)} labels for {count} images")
    if values.dtype.kind not in "iub" and not (values.dtype.kind == "f" and (values == values.round()).all()):
        raise SymmeterError(f"{name}: labels must be whole numbers")
    return values.astype(np.int64).tolist()


def from_tensors(inputs: Tensor, labels: Any, name: str, kind: str) -> Source:
    """A source of inputs (N, ...), with labels (N,) or None."""
    marks = labels_of(labels, len(inputs), name)
    item = lambda i: Item(f"{kind}[{i}]", lambda: (inputs[i], marks[i]))
    shape = "x".join(map(str, inputs.shape))
    return indexed(item, len(inputs), name or f"{kind} {shape}", kind, labelled=labels is not None)
