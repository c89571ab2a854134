"""A `.npy` of images: pixels or network inputs, one image or many, read from disk as they are wanted."""

from pathlib import Path

import numpy as np
from torch import Tensor

from symmeter.domains.images.data.arrays import as_tensor, from_arrays, is_one
from symmeter.domains.images.data.shapes import Wanted, channels_first
from symmeter.errors import SymmeterError
from symmeter.source import Source, reason


def from_npy(path: Path, wanted: Wanted) -> Source:
    """uint8 pixels or floating point inputs (N, C, H, W), (N, H, W, C), or one image of these, its axis left out.

    The file is mapped, not read: of many images only those that are drawn are. SymmeterError for anything else.
    """
    array = _mapped(path)
    if array.dtype.kind == "f" and array.ndim in (2, 3, 4) and 0 not in array.shape:
        return from_arrays(_inputs(array, wanted, str(path)), None, wanted, str(path))
    if array.ndim == 2 or (array.ndim == 3 and is_one(array.shape, wanted)):
        array = array[None]
    return from_arrays(array, None, wanted, str(path), last=True)


def _inputs(array: np.ndarray, wanted: Wanted, name: str) -> Tensor:
    """Floats (H, W), (C, H, W) or a batch, their channels first or last, as (N, C, H, W)."""
    rows = as_tensor(array, name)
    rows = rows[None] if rows.ndim == 2 else channels_first(rows, wanted, name)
    return rows if rows.ndim == 4 else rows[None]


def _mapped(path: Path) -> np.ndarray:
    """The array of a file, whose memory is the file's; SymmeterError for a damaged one, or one of objects."""
    try:
        with path.open("rb") as file:
            if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
                raise ValueError("it does not begin as one")
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:  # numpy raises many kinds for a damaged header
        raise SymmeterError(f"{path}: not a readable .npy of plain numbers: {reason(error)}") from error
