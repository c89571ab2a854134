"""Tensors and arrays of images: network inputs in floating point, or uint8 pixels in any layout."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.data.source import Item, Source, indexed, is_array
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.preprocessing import Preprocessing


def from_arrays(images: Any, labels: Any, channels: int, name: str = "", last: bool = False) -> Source:
    """Images and their labels, if any; see `rows_of` for `channels` and `last`."""
    if not is_array(images):
        raise SymmeterError(f"images must be a tensor or an array, not {type(images).__name__}")
    name = name or f"{type(images).__name__.lower()} {'x'.join(map(str, images.shape))}"
    rows = rows_of(images, channels, name, last)
    marks = labels_of(labels, len(rows), name)
    kind = "tensor" if rows.is_floating_point() else "pixels"
    item = lambda i: Item(f"image[{i}]", lambda: (rows[i], marks[i]))
    return indexed(item, len(rows), name, kind, labelled=labels is not None)


def from_points(data: Any) -> Source:
    """Points (N, points, features) in floating point, or a pair of them and labels."""
    values, labels = data if isinstance(data, tuple | list) and len(data) == 2 else (data, None)
    if not is_array(values):
        raise SymmeterError(
            f"points must be a float tensor (N, points, features), not {type(values).__name__}"
        )
    rows = as_tensor(values, "points")
    if rows.ndim < 3 or not rows.is_floating_point():
        raise SymmeterError(
            f"points must be a float tensor (N, points, features), not {rows.dtype} {tuple(rows.shape)}"
        )
    marks = labels_of(labels, len(rows), "points")
    item = lambda i: Item(f"points[{i}]", lambda: (rows[i], marks[i]))
    return indexed(
        item, len(rows), f"points {'x'.join(map(str, rows.shape))}", "points", labelled=labels is not None
    )


def rows_of(images: Any, channels: int, name: str, last: bool = False) -> Tensor:
    """A batch of images as a tensor (N, C, H, W): float network inputs or uint8 pixels.

    Where the axis of the pixels' channels could be the first or the last, it is the one that has as many as
    the network wants (`channels`); where both have, or neither, `last` decides.

    >>> rows_of(np.zeros((5, 32, 40, 3), np.uint8), 3, "pixels").shape
    torch.Size([5, 3, 32, 40])
    """
    rows = as_tensor(images, name)
    shape = tuple(rows.shape)
    if not rows.is_floating_point() and rows.dtype != torch.uint8:
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(f"{name}: images are {kind}; give float network inputs or uint8 pixels")
    gray = rows.dtype == torch.uint8 and len(shape) == 3
    if len(shape) == 3 and (not gray or shape[-1] in (3, 4) or (channels != 1 and shape[0] in (3, 4))):
        raise SymmeterError(f"{name}: shape {shape} is one image; add a batch axis: images[None]")
    if (len(shape) != 4 and not gray) or 0 in shape:
        raise SymmeterError(f"{name}: images of shape {shape}; give (N, C, H, W)")
    if rows.is_floating_point():
        if shape[-1] == 3 and shape[1] == shape[2] > 4:
            raise SymmeterError(f"{name}: shape {shape} has its channels last; give (N, C, H, W)")
        return rows
    return rows[:, None] if gray else _channels_first(rows, channels, name, last)


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


def pixels_to_input(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 (H, W), (H, W, C) or (C, H, W) to network input; resized only where the size is another."""
    if pixels.dtype != torch.uint8 or pixels.ndim not in (2, 3):
        raise SymmeterError(
            f"an image of {pixels.dtype} {tuple(pixels.shape)}; give float inputs or uint8 pixels"
        )
    wanted = preprocessing.channels
    pixels = pixels[None] if pixels.ndim == 2 else _channels_first(pixels, wanted, "image")
    pixels = pixels[:3] if len(pixels) == 4 and wanted != 4 else pixels  # without transparency
    if preprocessing.size in (None, tuple(pixels.shape[1:])):
        if len(pixels) in (1, wanted):
            return preprocessing.normalise(pixels.expand(wanted, -1, -1) / 255.0)
        preprocessing = dataclasses.replace(preprocessing, size=None)
    pil = require("PIL.Image", "vision")
    return preprocessing(pil.fromarray(pixels.permute(1, 2, 0).squeeze(-1).contiguous().numpy()))


def as_tensor(array: Any, name: str) -> Tensor:
    """A tensor or array as a tensor without a gradient; copied only where torch cannot share it."""
    if isinstance(array, Tensor):
        return array.detach()
    try:
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))
    except TypeError as error:
        raise SymmeterError(f"{name}: images are {array.dtype}; give float inputs or uint8 pixels") from error


def _channels_first(pixels: Tensor, channels: int, name: str, last: bool = False) -> Tensor:
    """Pixels (..., H, W, C) or (..., C, H, W) as (..., C, H, W); where both would do, `last` decides."""
    first, final = pixels.shape[-3], pixels.shape[-1]
    counts = {1, 3, 4, channels}
    if first not in counts and final not in counts:
        raise SymmeterError(
            f"{name}: pixels of shape {tuple(pixels.shape)}; give (N, H, W, C) or (N, C, H, W)"
        )
    if first in counts and final in counts and (first == channels) != (final == channels):
        last = final == channels
    return pixels.movedim(-1, -3) if final in counts and (last or first not in counts) else pixels
