"""The way in: which kind of data something is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from symmeter.domains.grids.masks import are_masks, without
from symmeter.domains.images.data.arrays import (
    Planes,
    as_tensor,
    from_arrays,
    pixels_to_input,
    rows_of,
    wanted_by,
)
from symmeter.domains.images.data.columns import IMAGE_KEYS, columns_of
from symmeter.domains.images.data.files import from_path, read_image
from symmeter.domains.images.data.photos import from_builtin
from symmeter.domains.images.data.shapes import Wanted, misread
from symmeter.domains.images.own_preprocessing import OwnPreprocessing
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.samples import Preparation, Samples
from symmeter.source import Source, from_files, is_array, split
from symmeter.streams import Reader

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class ImagePreparation(Preparation):
    """Images as network inputs (C, H, W): floating point as it is, pixels through the preprocessing."""

    preprocessing: Preprocessing | OwnPreprocessing
    place: str
    used: list[bool] = field(default_factory=list)  # not empty once the preprocessing has been used
    inputs: list[bool] = field(default_factory=list)  # not empty once there was an input that needs none

    item = "image"

    def input(self, raw: "Image.Image | Tensor | np.ndarray | Planes | str | Path") -> Tensor:
        """One image as network input (C, H, W); the path of one is read first."""
        if isinstance(raw, str | Path):
            raw = read_image(Path(raw))
        if isinstance(raw, np.ndarray):
            raw = as_tensor(raw, self.place)
        if isinstance(raw, Tensor) and raw.is_floating_point():
            if raw.ndim != 3:
                raise misread((1, *raw.shape), wanted_by(self.preprocessing), f"{self.place}, one by one")
            self.inputs.append(True)
            return raw.detach()
        self.used.append(True)
        if isinstance(raw, Tensor | Planes):
            return pixels_to_input(raw, self.preprocessing)
        return self.preprocessing(raw)

    def notes(self) -> tuple[str, ...]:
        """Where a preprocessing was given and images were inputs already."""
        if not self.inputs or isinstance(self.preprocessing, Preprocessing):
            return ()
        name = self.preprocessing.transform.name
        return (f"preprocessing {name} is not applied: images in floating point are inputs already",)

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        """The error for an image of another size than the first."""
        if shape[1:] == first[1:]:
            return SymmeterError(f"images differ in their channels ({first[0]}, {shape[0]})")
        sizes = ", ".join(f"{width}x{height}" for _, height, width in (first, shape))
        return SymmeterError(f"images differ in size ({sizes}): {self.preprocessing.way_out}")

    def summary(self) -> dict[str, object] | None:
        """The preprocessing, where it was used."""
        return self.preprocessing.to_dict() if self.used else None


def open_data(
    data: Any,
    preprocessing: Preprocessing | OwnPreprocessing | None = None,
    *,
    samples: int | None = None,
    seed: int = 0,
    shuffled: bool = False,
) -> Samples:
    """Images from whatever `data` is; `samples` of them, drawn under `seed` and kept in order, or all.

    Takes a float tensor or array (N, C, H, W) of network inputs; uint8 pixels (N, C, H, W), (N, H, W, C) or
    (N, H, W) of any number of channels; an (images, labels) pair; a Dataset, a DataLoader, an iterable of
    batches; the path of a folder, a `.npz` or an image, or a list of images' paths; or "builtin:photos". Of an
    iterable of unknown length the first `samples` are taken. Raises SymmeterError, in one line, for what cannot be
    used; single images that cannot be read are skipped.

    >>> import torch
    >>> images = open_data((torch.rand(5, 3, 8, 8), [0, 1, 2, 3, 4]), samples=3)
    >>> [(tuple(batch.inputs.shape), batch.labels.tolist()) for batch in images.batches(2)]
    [((2, 3, 8, 8), [0, 1]), ((1, 3, 8, 8), [4])]
    """
    preprocessing = preprocessing or Preprocessing.unknown()
    draw = Draw(samples, seed, shuffled)
    source = _source(data, wanted_by(preprocessing))
    return Samples(source, ImagePreparation(preprocessing, source.path or source.name), draw)


def _source(data: Any, wanted: Wanted) -> Source:
    """Images that are still to be read, from whatever `data` is."""
    columns = columns_of(data)
    rows = lambda images, name: rows_of(images, wanted, name)
    streams = Reader("image", columns.images, rows, axes=4, marks=columns.labels)
    if isinstance(data, str | Path):
        text = str(data)
        return from_builtin(text) if text.startswith("builtin:") else _at_path(text, wanted)
    if is_array(data):
        return from_arrays(data, None, wanted)
    if isinstance(data, Mapping):
        return streams.noted(from_arrays(*split(data, IMAGE_KEYS, "image"), wanted), data)
    if isinstance(data, tuple | list) and data:
        return _of_list(data, wanted, streams)
    return streams.from_code(data, "a path")


def _of_list(data: tuple | list, wanted: Wanted, streams: Reader) -> Source:
    """Images with their labels, paths, batches, or items of a dataset."""
    first = data[0]
    if len(data) == 2 and is_array(first):
        if not is_array(data[1]) or data[1].ndim <= 2:  # labels
            return from_arrays(first, data[1], wanted)
        if isinstance(data, tuple) and are_masks(*data):
            return without(from_arrays(first, None, wanted), data[1])
        if isinstance(data, tuple) and first.ndim > 2:
            raise SymmeterError(
                "(x, y) are two arrays, of which the second is no labels: two inputs are said with "
                "inputs=('image', 'image'), masks are whole numbers (N, H, W), labels go with labels=, batches are a "
                "list [x, y]"
            )
    if all(isinstance(item, str | Path) for item in data):
        files = [(Path(item), str(item), None) for item in data]
        return from_files(files, "files", "files", "image", read_image)
    if np.ndim(split(first, IMAGE_KEYS, "image")[0]) == 4:
        return streams.from_batches(data)
    return streams.from_code(data, "a path")


def _at_path(path: str, wanted: Wanted) -> Source:
    """A path, shown by its last part: "." by the name of the folder that it is."""
    expanded = Path(path).expanduser()
    try:
        source = from_path(expanded, wanted)
    except OSError as error:
        raise SymmeterError(f"{path}: {error.strerror or error}") from error
    return replace(source, name=os.path.basename(os.path.abspath(expanded)) or path, path=path)
