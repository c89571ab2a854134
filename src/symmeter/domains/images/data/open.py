"""The way in: which kind of data something is."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils import data as torch_data

from symmeter.domains.images.data.arrays import from_arrays, from_points, wanted_by
from symmeter.domains.images.data.files import from_files, from_path
from symmeter.domains.images.data.photos import from_builtin
from symmeter.domains.images.data.shapes import Wanted
from symmeter.domains.images.data.streams import from_batches, from_dataset, from_loader
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError
from symmeter.measuring.samples import ImageData
from symmeter.measuring.source import Source, is_array, split


def open_data(
    data: Any, preprocessing: Preprocessing | None = None, *, samples: int | None = None, seed: int = 0,
    points: bool = False,
) -> ImageData:  # fmt: skip
    """Images from whatever `data` is; `samples` of them, drawn under `seed` and kept in order, or all.

    Takes a float tensor or array (N, C, H, W) of network inputs; uint8 pixels (N, C, H, W), (N, H, W, C) or
    (N, H, W) of any number of channels; an (images, labels) pair; a Dataset, a DataLoader, an iterable of
    batches; the path of a folder, a `.npz` or an image, or a list of images' paths; or "builtin:photos". Of an
    iterable of unknown length the first `samples` are taken. With `points` a float tensor (N, points,
    features), or a pair with labels. Raises SymmeterError, in one line, for what cannot be used; single images
    that cannot be read are skipped.

    >>> import torch
    >>> images = open_data((torch.rand(5, 3, 8, 8), [0, 1, 2, 3, 4]), samples=3)
    >>> [(tuple(batch.images.shape), batch.labels.tolist()) for batch in images.batches(2)]
    [((2, 3, 8, 8), [0, 1]), ((1, 3, 8, 8), [4])]
    """
    preprocessing = preprocessing or Preprocessing.unknown()
    if samples is not None and (isinstance(samples, bool) or not isinstance(samples, int) or samples < 1):
        raise SymmeterError(f"samples {samples!r}: give a positive whole number")
    source = from_points(data) if points else _source(data, wanted_by(preprocessing))
    return ImageData(source, preprocessing, samples, seed)


def _source(data: Any, wanted: Wanted) -> Source:
    if isinstance(data, str | Path):
        return from_builtin(str(data)) if str(data).startswith("builtin:") else _at_path(str(data), wanted)
    if is_array(data):
        return from_arrays(data, None, wanted)
    if isinstance(data, Mapping):
        return from_arrays(*split(data), wanted)
    if isinstance(data, torch_data.DataLoader):
        return from_loader(data, wanted)
    listed = isinstance(data, tuple | list)
    if listed and len(data) == 2 and is_array(data[0]) and not (is_array(data[1]) and data[1].ndim > 2):
        return from_arrays(data[0], data[1], wanted)
    if listed and data and all(isinstance(item, str | Path) for item in data):
        return from_files([(Path(item), str(item), None) for item in data], "files", "files")
    if listed and data and np.ndim(split(data[0])[0]) == 4:
        return from_batches(data, wanted)
    if isinstance(data, Iterable) and (isinstance(data, torch_data.IterableDataset) or not _is_map(data)):
        return from_batches(data, wanted)
    if _is_map(data):
        return from_dataset(data)
    raise SymmeterError(f"images cannot come from {type(data).__name__}; give a tensor, a Dataset or a path")


def _at_path(path: str, wanted: Wanted) -> Source:
    """A path, shown by its last part: "." by the name of the folder that it is."""
    expanded = Path(path).expanduser()
    try:
        source = from_path(expanded, wanted)
    except OSError as error:
        raise SymmeterError(f"{path}: {error.strerror or error}") from error
    return replace(source, name=os.path.basename(os.path.abspath(expanded)) or path, path=path)


def _is_map(data: Any) -> bool:
    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, bytes)
