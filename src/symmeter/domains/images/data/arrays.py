"""Tensors and arrays of images: network inputs in floating point, or uint8 pixels in any layout."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.images.data.shapes import Wanted, channels_first, check_inputs, fitted, misread
from symmeter.domains.images.own_preprocessing import OwnPreprocessing
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import Item, Source, indexed, is_array, labels_of


@dataclass(frozen=True)
class Planes:
    """uint8 pixels (C, H, W) of which the axis of channels is known."""

    pixels: Tensor


def from_arrays(images: object, labels: Any, wanted: Wanted, name: str = "", last: bool = False) -> Source:
    """Images and their labels, if any; see `rows_of` for `wanted` and `last`."""
    if not is_array(images):
        raise SymmeterError(f"images must be a tensor or an array, not {type(images).__name__}")
    name = name or f"{type(images).__name__.lower()} {'x'.join(map(str, images.shape))}"
    rows = rows_of(images, wanted, name, last)
    marks = labels_of(labels, len(rows), name, "image")
    kind = "tensor" if isinstance(rows, Tensor) else "pixels"
    item = lambda i: Item(f"image[{i}]", lambda: (rows[i], marks[i]))
    return indexed(item, len(rows), name, kind, "image", labelled=labels is not None)


def rows_of(
    images: Tensor | np.ndarray, wanted: Wanted, name: str, last: bool = False
) -> Tensor | list[Planes]:
    """A batch of images: float network inputs (N, C, H, W), or the planes of uint8 pixels in any layout.

    Where the axis of the pixels' channels could be the first or the last, `last` decides.

    >>> rows_of(np.zeros((5, 32, 40, 3), np.uint8), Wanted(3), "pixels")[0].pixels.shape
    torch.Size([3, 32, 40])
    """
    rows = as_tensor(images, name)
    shape = tuple(rows.shape)
    if rows.is_floating_point():
        check_inputs(shape, wanted, name)
        return rows
    if rows.dtype != torch.uint8:
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(f"{name}: images are {kind}; give float network inputs or uint8 pixels")
    if len(shape) == 3 and wanted.axes == 2 and not is_one(shape, wanted) and 0 not in shape:
        rows = rows[:, None]
    elif len(shape) != 4 or 0 in shape:
        raise misread(shape, wanted, name)
    else:
        rows = channels_first(rows, wanted, name, last)
    return [Planes(row) for row in rows]


def is_one(shape: tuple[int, ...], wanted: Wanted) -> bool:
    """Whether (A, B, C) is one image of several channels rather than a batch of gray ones."""
    return shape[-1] in (3, 4) or (wanted.channels != 1 and shape[0] in (3, 4, wanted.channels))


def pixels_to_input(pixels: Tensor | Planes, preprocessing: Preprocessing | OwnPreprocessing) -> Tensor:
    """uint8 (H, W), (H, W, C) or (C, H, W) to network input; resized only where the size is another."""
    wanted = wanted_by(preprocessing)
    if isinstance(pixels, Planes):
        pixels = pixels.pixels
    elif pixels.dtype != torch.uint8 or pixels.ndim not in (2, 3):
        raise SymmeterError(
            f"an image of {pixels.dtype} {tuple(pixels.shape)}; give float inputs or uint8 pixels"
        )
    else:
        pixels = pixels[None] if pixels.ndim == 2 else channels_first(pixels, wanted, "image")
    pixels = fitted(pixels, wanted)
    if wanted.channels == 1 and len(pixels) == 3:  # PIL knows how bright a colour is
        pil = require("PIL.Image", "vision")
        gray = pil.fromarray(pixels.permute(1, 2, 0).contiguous().numpy()).convert("L")
        pixels = torch.from_numpy(np.array(gray))[None]
    return preprocessing.planes(pixels)


def wanted_by(preprocessing: Preprocessing | OwnPreprocessing) -> Wanted:
    """Channels and axes of the grid that the network takes."""
    return Wanted(preprocessing.channels, preprocessing.axes)


def as_tensor(array: Tensor | np.ndarray, name: str) -> Tensor:
    """A tensor or array of any shape as a tensor without a gradient; copied only where torch cannot share it."""
    if isinstance(array, Tensor):
        return array.detach()
    try:
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))
    except TypeError as error:
        raise SymmeterError(f"{name}: images are {array.dtype}; give float inputs or uint8 pixels") from error
