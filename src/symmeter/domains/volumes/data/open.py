"""The way in: volumes from tensors, arrays, pairs with labels, datasets, loaders and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from symmeter.domains.grids.masks import are_masks, without
from symmeter.domains.volumes.data import files
from symmeter.domains.volumes.data.files import ITEM
from symmeter.domains.volumes.data.scan import Scan
from symmeter.domains.volumes.options import SPACING, Spacing
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.samples import Preparation, Samples
from symmeter.source import Source, axes_of, is_array, opened_npz
from symmeter.streams import Reader, as_tensor

NAMES = frozenset({"volumes", "volume"})  # what says that something is volumes
KEYS = (*sorted(NAMES, reverse=True), "x")
STEPS = "spacing"  # the array of an .npz or a dictionary with the steps of voxels
_AXES = 5


@dataclass(frozen=True)
class VolumePreparation(Preparation):
    """Volumes (C, D, H, W) as they are."""

    item = ITEM

    def input(self, raw: Any) -> Tensor:
        """One volume as network input (C, D, H, W)."""
        voxels = raw.voxels if isinstance(raw, Scan) else as_tensor(raw, ITEM)
        (volume,) = rows_of(voxels[None], "one by one")
        return volume

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        if shape[0] != first[0]:
            return SymmeterError(f"volumes differ in their channels ({first[0]}, {shape[0]})")
        sizes = " and ".join(" x ".join(map(str, one[1:])) for one in (first, shape))
        return SymmeterError(f"volumes differ in size ({sizes}): bring them to one grid")


def open_volumes(data: Any, draw: Draw) -> Samples:
    """Volumes from whatever `data` is; SymmeterError, in one line, for what cannot be used.

    >>> import torch
    >>> samples = open_volumes((torch.rand(5, 1, 4, 4, 4), [0, 1, 2, 3, 4]), Draw(2))
    >>> [(tuple(batch.inputs.shape), batch.labels.tolist()) for batch in samples.batches(2)]
    [((2, 1, 4, 4, 4), [0, 4])]
    """
    return Samples(_source(data), VolumePreparation(), draw)


def spacing_of(data: Any) -> Spacing | None:
    """What data says of the steps of its voxels along x, y, z; None where it says nothing."""
    if isinstance(data, Mapping):
        return SPACING.check(STEPS, data.get(STEPS))
    if not isinstance(data, str | Path):
        return None
    place = Path(data).expanduser()
    if place.suffix.lower() != ".npz":
        return files.spacing_at(str(data))
    with opened_npz(place) as archive:
        said = archive.get(STEPS)
    return SPACING.check(STEPS, said)


def check_data(path: str) -> None:
    """SymmeterError for a path of no volumes."""
    check = VOLUMES.check_path if Path(path).suffix.lower() == ".npz" else files.check_path
    check(path)


def _source(data: Any) -> Source:
    if isinstance(data, str | Path):
        return _at_path(str(data))
    pair = data if isinstance(data, tuple) and len(data) == 2 else ()
    if pair and all(is_array(one) and np.ndim(one) >= _AXES - 1 for one in pair):
        if are_masks(*pair):
            return without(VOLUMES.source(pair[0]), pair[1])
        second = tuple(np.shape(pair[1]))
        raise SymmeterError(
            f"volumes with a second array of shape {second}, which is no class for each, nor a mask of whole numbers "
            "(N, D, H, W): values of an output are said with labels={output: values of its shape}, batches are a list "
            "[x, y]"
        )
    return VOLUMES.source(data)


def _at_path(path: str) -> Source:
    """An archive, an array of several volumes, or scans."""
    place = Path(path).expanduser()
    if place.suffix.lower() == ".npz":
        return VOLUMES.source(path)
    files.check_path(path)
    if axes_of(place) == _AXES:
        return VOLUMES.from_arrays(np.load(place), None, place.name)
    return files.from_path(path)


def rows_of(volumes: Any, name: str) -> Tensor:
    """A batch of volumes (N, C, D, H, W) in floating point; SymmeterError for anything else."""
    rows = as_tensor(volumes, name)
    shape = tuple(rows.shape)
    if rows.ndim == _AXES - 1:
        raise SymmeterError(
            f"{name}: shape {shape} has four axes, and volumes are (N, C, D, H, W): give x[None] for one volume of "
            f"{shape[0]} channels, x[:, None] for {shape[0]} volumes of one channel"
        )
    if rows.ndim != _AXES or 0 in shape or not rows.is_floating_point():
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(f"{name}: {kind} of shape {shape}; give floating point volumes (N, C, D, H, W)")
    return rows


VOLUMES = Reader(ITEM, KEYS, rows_of, _AXES)
