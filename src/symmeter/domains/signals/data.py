"""Signals from tensors, arrays, pairs with labels, datasets, loaders and .npz files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor
from torch.utils import data as torch_data

from symmeter.errors import SymmeterError
from symmeter.samples import Draw, Preparation, Samples
from symmeter.source import Source, from_tensors, is_array
from symmeter.streams import Reader

ITEM = "signal"
KEYS = ("signals", "signal", "x")
_WANTED = "give floating point signals (N, C, L)"


@dataclass(frozen=True)
class SignalPreparation(Preparation):
    """Signals (C, L) as they are; `margin` are the samples at either end that a window leaves out."""

    margin: int = 0

    item = ITEM

    def input(self, raw: Any) -> Tensor:
        """One signal as network input (C, L)."""
        (signal,) = rows_of(as_tensor(raw, ITEM)[None], "one by one")
        if signal.shape[-1] <= 2 * self.margin:
            raise SymmeterError(
                f"signals of {signal.shape[-1]} samples have no window inside of {self.margin} samples at either end: "
                "give longer ones"
            )
        return signal

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        if shape[0] != first[0]:
            return SymmeterError(f"signals differ in their channels ({first[0]}, {shape[0]})")
        return SymmeterError(f"signals differ in length ({first[1]}, {shape[1]}): cut them to one length")


def open_signals(data: Any, draw: Draw, margin: int = 0) -> Samples:
    """Signals from whatever `data` is; SymmeterError, in one line, for what cannot be used.

    >>> samples = open_signals((torch.rand(5, 1, 8), [0, 1, 2, 3, 4]), Draw(2))
    >>> [(tuple(batch.inputs.shape), batch.labels.tolist()) for batch in samples.batches(2)]
    [((2, 1, 8), [0, 4])]
    """
    return Samples(_source(data), SignalPreparation(margin), draw)


def rows_of(signals: Any, name: str) -> Tensor:
    """A batch of signals (N, C, L) in floating point; SymmeterError for anything else."""
    rows = as_tensor(signals, name)
    if rows.ndim == 2:
        raise SymmeterError(f"{name}: shape {tuple(rows.shape)} has no axis of channels: give x[:, None]")
    if rows.ndim != 3 or 0 in rows.shape or not rows.is_floating_point():
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(f"{name}: {kind} of shape {tuple(rows.shape)}; {_WANTED}")
    return rows


def as_tensor(array: Any, name: str) -> Tensor:
    """A tensor or an array as a tensor without a gradient."""
    if isinstance(array, Tensor):
        return array.detach()
    try:
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))
    except (TypeError, ValueError) as error:
        raise SymmeterError(f"{name}: {type(array).__name__} holds no numbers; {_WANTED}") from error


def _source(data: Any) -> Source:
    streams = Reader(ITEM, KEYS, rows_of)
    if isinstance(data, str | Path):
        return _from_path(str(data))
    if is_array(data):
        return _from_array(data, None)
    if isinstance(data, Mapping):
        return _from_array(*streams.split(data))
    if isinstance(data, torch_data.DataLoader):
        return streams.from_loader(data)
    pair = isinstance(data, tuple | list) and len(data) == 2 and is_array(data[0])
    if pair and not (is_array(data[1]) and data[1].ndim > 1):
        return _from_array(data[0], data[1])
    is_map = hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, bytes)
    batches = isinstance(data, tuple | list) and len(data) and np.ndim(streams.split(data[0])[0]) == 3
    if batches or (isinstance(data, Iterable) and not is_map):
        return streams.from_batches(data)
    if is_map:
        return streams.from_dataset(data)
    raise SymmeterError(
        f"signals cannot come from {type(data).__name__}; give a tensor, a Dataset or an .npz"
    )


def _from_array(signals: Any, labels: Any) -> Source:
    rows = rows_of(signals, "signals")
    return from_tensors(rows, labels, f"signals {'x'.join(map(str, rows.shape))}", ITEM)


def _from_path(path: str) -> Source:
    """An .npz with `signals` (N, C, L), and `labels` where there are any."""
    place = Path(path).expanduser()
    check_path(path)
    try:
        with np.load(place) as found:
            arrays = {key: found[key] for key in found.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise SymmeterError(f"{path}: not an .npz that can be read ({error})") from error
    signals, labels = Reader(ITEM, KEYS, rows_of).split(arrays)
    source = from_tensors(rows_of(signals, place.name), labels, place.name, ITEM)
    return replace(source, path=path)


def check_path(path: str) -> None:
    """SymmeterError for a path that is no .npz."""
    place = Path(path).expanduser()
    if not place.is_file():
        raise SymmeterError(f"{path}: no such file")
    if place.suffix.lower() != ".npz":
        raise SymmeterError(f"{path}: signals are read from an .npz with signals (N, C, L)")
