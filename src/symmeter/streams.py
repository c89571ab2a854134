"""Data from code: datasets, loaders, and any iterable of batches, whatever one sample is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import data as torch_data

from symmeter.errors import SymmeterError
from symmeter.source import Item, Source, indexed, is_array, labels_of, reason, split


@dataclass(frozen=True)
class Reader:
    """How a kind of data is found in what datasets and loaders give.

    `item` is the noun of one sample, `keys` are its names in a dictionary, the first that is there counts. `rows` makes
    samples of a batch, a tensor or an array (N, ...) under a name for messages.
    """

    item: str
    keys: Sequence[str]
    rows: Callable[[Any, str], Sequence[Any]]

    def split(self, sample: Any) -> tuple[Any, Any]:
        """(sample, label) of an item of a dataset, or of a batch."""
        return split(sample, self.keys, self.item)

    def from_dataset(self, data: Any) -> Source:
        """Anything with items and a length; an item is a sample, (sample, label, ...) or a dictionary."""
        item = lambda i: Item(f"{self.item}[{i}]", lambda: self.split(data[i]))
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
            for position, (sample, label) in enumerate(self._members(data, name, single)):
                if chosen is None or position in chosen:
                    yield Item(f"{self.item}[{position}]", _ready(sample, label))

        return Source(name, "batches", total, stream)

    def _members(self, batches: Iterable[Any], name: str, single: bool) -> Iterator[tuple[Any, Any]]:
        """The (sample, label) pairs of every batch; `single`: a batch is one sample."""
        try:
            for batch in batches:
                samples, labels = self.split(batch)
                if single:
                    yield samples, labels
                    continue
                rows = self.rows(samples, name) if is_array(samples) else list(samples)
                plain = isinstance(labels, Tensor) or np.asarray(labels).dtype.kind in "iub"
                marks = labels if plain and np.ndim(labels) == 1 else None
                yield from zip(rows, labels_of(marks, len(rows), name, self.item), strict=True)
        except SymmeterError:
            raise
        except Exception as error:
            raise SymmeterError(f"{name}: reading a batch failed: {reason(error)}") from error


def _ready(sample: Any, label: Any) -> Callable[[], tuple[Any, Any]]:
    return lambda: (sample, label)
