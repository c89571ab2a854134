"""Data from code and from arrays in files, whatever one sample is: datasets, loaders, iterables of batches, .npz."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import data as torch_data

from symmeter.beside import Beside, beside_samples, unread
from symmeter.classes import classes_in
from symmeter.errors import SymmeterError
from symmeter.source import (
    LABEL_KEYS,
    Item,
    Source,
    from_tensors,
    indexed,
    is_array,
    labels_of,
    opened_npz,
    reason,
    split,
)


@dataclass(frozen=True)
class Reader:
    """How a kind of data is found in what datasets and loaders give.

    `item` is the noun of one sample, `keys` are its names in a dictionary, the first that is there counts. `rows` makes
    samples of a batch, a tensor or an array (N, ...) of so many `axes`, under a name for messages. `marks` are the
    names of labels, likewise.
    """

    item: str
    keys: Sequence[str]
    rows: Callable[[Any, str], Any]
    axes: int = 3
    marks: Sequence[str] = LABEL_KEYS

    def source(self, data: Any) -> Source:
        """From whatever `data` is: arrays (N, ...), (samples, labels), a dictionary, a Dataset, batches, or an .npz."""
        if isinstance(data, str | Path):
            return self.from_npz(str(data))
        if is_array(data):
            return self.from_arrays(data, None)
        if isinstance(data, Mapping):
            return self.noted(self.from_arrays(*self.split(data)), data)
        members = list(data) if isinstance(data, tuple | list) else []
        if len(members) == 2 and is_array(members[0]) and np.ndim(members[1]) < 2:
            return self.from_arrays(*members)
        if members and np.ndim(self.split(members[0])[0]) == self.axes:
            return self.from_batches(data)
        return self.from_code(data, "an .npz")

    def from_code(self, data: Any, file: str) -> Source:
        """A DataLoader, an iterable of batches, or a Dataset; SymmeterError, with what else would do, for none."""
        return replace(self._from_code(data, file), classes=classes_in(data))

    def _from_code(self, data: Any, file: str) -> Source:
        if isinstance(data, torch_data.DataLoader):
            return self.from_loader(data)
        is_map = hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, bytes)
        is_stream = isinstance(data, torch_data.IterableDataset) or not is_map
        if isinstance(data, Iterable) and is_stream:
            return self.from_batches(data)
        if is_map:
            return self.from_dataset(data)
        kind = type(data).__name__
        raise SymmeterError(f"{self.item}s cannot come from {kind}; give a tensor, a Dataset or {file}")

    def from_arrays(self, samples: Any, labels: Any, name: str = "") -> Source:
        """A batch (N, ...), and labels (N,) where there are any."""
        rows = self.rows(samples, name or f"{self.item}s")
        shape = "x".join(map(str, np.shape(samples)))
        return from_tensors(rows, labels, name or f"{self.item}s {shape}", self.item)

    def from_npz(self, path: str) -> Source:
        """A file with one array under one of the `keys`, and `labels` where there are any."""
        self.check_path(path)
        place = Path(path).expanduser()
        with opened_npz(place) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return self.noted(replace(self.from_arrays(*self.split(arrays), place.name), path=path), arrays)

    def check_path(self, path: str) -> None:
        """SymmeterError for a path that is no .npz."""
        place = Path(path).expanduser()
        if not place.is_file():
            raise SymmeterError(f"{path}: no such file")
        if place.suffix.lower() != ".npz":
            raise SymmeterError(f"{path}: {self.item}s are read from an .npz with {self.keys[0]}")

    def split(self, sample: Any) -> tuple[Any, Any]:
        """(sample, label) of an item of a dataset, or of a batch."""
        return split(sample, self.keys, self.item, self.marks)

    def _item(self, item: Any) -> tuple[Any, Any]:
        """(sample, label), with what stands beside them."""
        sample, label = self.split(item)
        return sample, Beside(label, unread(item, self.keys))

    def noted(self, source: Source, arrays: Mapping[str, Any]) -> Source:
        """The source of samples, which says what of the arrays (N, ...) beside them is not used."""
        unused = beside_samples(unread(arrays, self.keys, batched=True), self.item)
        return replace(source, notes=(*source.notes, *unused))

    def from_dataset(self, data: Any) -> Source:
        """Anything with items and a length; an item is a sample, (sample, label, ...) or a dictionary."""
        item = lambda i: Item(f"{self.item}[{i}]", lambda: self._item(data[i]))
        return indexed(item, len(data), type(data).__name__, "dataset", self.item)

    def from_loader(self, loader: torch_data.DataLoader) -> Source:
        """A DataLoader. Of one in plain order, the samples that are drawn are read from its dataset, and no others."""
        name, total = f"DataLoader of {type(loader.dataset).__name__}", None
        plain = type(loader.sampler) in (torch_data.SequentialSampler, torch_data.RandomSampler)
        if plain and type(loader.batch_sampler) in (torch_data.BatchSampler, type(None)):
            count: int = len(loader.sampler)  # type: ignore[arg-type]
            if count == len(loader.dataset):  # type: ignore[arg-type]
                total = count - (count % (loader.batch_size or 1) if loader.drop_last else 0)

        def stream(places: Sequence[int] | None) -> Iterator[Item]:
            chosen = loader
            if places is not None:
                chosen = torch_data.DataLoader(
                    torch_data.Subset(loader.dataset, places),
                    batch_size=loader.batch_size,
                    num_workers=loader.num_workers,
                    collate_fn=loader.collate_fn,
                    worker_init_fn=loader.worker_init_fn,
                    generator=torch.Generator(),
                )
            members = self._members(chosen, name, single=loader.batch_sampler is None)
            for position, (sample, label) in enumerate(members):
                place = places[position] if places else position
                yield Item(f"{self.item}[{place}]", _ready(sample, label))

        return Source(name, "loader", total, stream)

    def from_batches(self, data: Iterable[Any]) -> Source:
        """An iterable of batches; a list's length is known, an iterator can be read once."""
        name, spent = type(data).__name__, False
        total = sum(len(self.split(batch)[0]) for batch in data) if isinstance(data, tuple | list) else None
        single = isinstance(data, torch_data.IterableDataset)

        def stream(places: Sequence[int] | None) -> Iterator[Item]:
            nonlocal spent
            if spent:
                raise SymmeterError(f"{name}: an iterator can be read once only; give a list or a DataLoader")
            spent = iter(data) is data
            chosen = None if places is None else set(places)
            items: dict[int, Item] = {}
            in_order = places is None or list(places) == sorted(places)
            for position, (sample, label) in enumerate(self._members(data, name, single)):
                if chosen is None or position in chosen:
                    item = Item(f"{self.item}[{position}]", _ready(sample, label))
                    if in_order:
                        yield item
                    else:  # a list, which is in memory as a whole
                        items[position] = item
            yield from (items[place] for place in places or () if place in items)

        return Source(name, "batches", total, stream)

    def _members(self, batches: Iterable[Any], name: str, single: bool) -> Iterator[tuple[Any, Any]]:
        """The (sample, label) pairs of every batch; `single`: a batch is one sample."""
        try:
            for batch in batches:
                samples, labels = self.split(batch)
                if single or self._is_single(samples, labels):
                    yield self._item(batch)
                    continue
                rows = self.rows(samples, name) if is_array(samples) else list(samples)
                unused = unread(batch, self.keys, batched=True)
                for row, label in zip(rows, self._labels(labels, len(rows), name), strict=True):
                    yield row, Beside(label, unused)
        except SymmeterError:
            raise
        except Exception as error:
            raise SymmeterError(f"{name}: reading a batch failed: {reason(error)}") from error

    def _is_single(self, sample: Any, label: Any) -> bool:
        """Whether it is one sample and no batch: no array or list, as a picture, or of fewer axes beside one class."""
        if not is_array(sample):
            return not isinstance(sample, list | tuple)
        return sample.ndim < self.axes and label is not None and np.ndim(label) == 0

    def _labels(self, labels: Any, count: int, name: str) -> Sequence[Any]:
        """The classes of a batch, None for each where its labels are anything else."""
        return labels_of(labels if _are_numbers(labels) else None, count, name, self.item)


def _are_numbers(labels: Any) -> bool:
    """Whether the labels of a batch are one number for each of its samples."""
    if isinstance(labels, Tensor):
        return labels.ndim == 1
    try:
        values = np.asarray(labels)
    except ValueError:  # arrays of several shapes
        return False
    return values.ndim == 1 and values.dtype.kind in "iub"


def as_tensor(array: Tensor | np.ndarray, name: str) -> Tensor:
    """A tensor or an array of any shape as a tensor without a gradient; SymmeterError for what holds no numbers."""
    if isinstance(array, Tensor):
        return array.detach()
    try:
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))
    except (TypeError, ValueError) as error:
        raise SymmeterError(f"{name}: {type(array).__name__} holds no numbers") from error


def _ready(sample: Any, label: Any) -> Callable[[], tuple[Any, Any]]:
    """What loads a sample that is there already."""
    return lambda: (sample, label)
