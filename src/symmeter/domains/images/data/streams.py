"""Images from code: datasets, loaders, and any iterable of batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import data as torch_data

from symmeter.domains.images.data.arrays import rows_of
from symmeter.domains.images.data.shapes import Wanted
from symmeter.errors import SymmeterError
from symmeter.source import Item, Source, indexed, is_array, labels_of, reason, split


def from_dataset(data: Any) -> Source:
    """Anything with items and a length; an item is an image, (image, label, ...) or a dictionary."""
    item = lambda i: Item(f"image[{i}]", lambda: split(data[i]))
    return indexed(item, len(data), type(data).__name__, "dataset")


def from_loader(loader: torch_data.DataLoader, wanted: Wanted) -> Source:
    """A DataLoader. Of one in plain order, `samples` are read from its dataset at the chosen places only."""
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
        items = _members(chosen, wanted, name, single=loader.batch_sampler is None)
        for position, (image, label) in enumerate(items):
            yield Item(f"image[{places[position] if places else position}]", _ready(image, label))

    return Source(name, "loader", total, stream)


def from_batches(data: Iterable[Any], wanted: Wanted) -> Source:
    """An iterable of batches; a list's length is known, an iterator can be read once."""
    name, spent = type(data).__name__, False
    total = sum(len(split(batch)[0]) for batch in data) if isinstance(data, tuple | list) else None
    single = isinstance(data, torch_data.IterableDataset)

    def stream(places: Sequence[int] | None) -> Iterator[Item]:
        nonlocal spent
        if spent:
            raise SymmeterError(f"{name}: an iterator can be read once only; give a list or a DataLoader")
        spent = iter(data) is data
        chosen = None if places is None else set(places)
        for position, (image, label) in enumerate(_members(data, wanted, name, single)):
            if chosen is None or position in chosen:
                yield Item(f"image[{position}]", _ready(image, label))

    return Source(name, "batches", total, stream)


def _members(batches: Iterable[Any], wanted: Wanted, name: str, single: bool) -> Iterator[tuple[Any, Any]]:
    """The (image, label) pairs of every batch; `single`: a batch is one image."""
    try:
        for batch in batches:
            images, labels = split(batch)
            if single:
                yield images, labels
                continue
            rows = rows_of(images, wanted, name) if is_array(images) else list(images)
            plain = isinstance(labels, Tensor) or np.asarray(labels).dtype.kind in "iub"
            marks = labels_of(labels if plain and np.ndim(labels) == 1 else None, len(rows), name)
            yield from zip(rows, marks, strict=True)
    except SymmeterError:
        raise
    except Exception as error:
        raise SymmeterError(f"{name}: reading a batch failed: {reason(error)}") from error


def _ready(image: Any, label: Any) -> Callable[[], tuple[Any, Any]]:
    return lambda: (image, label)
