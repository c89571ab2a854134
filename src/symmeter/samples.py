"""Samples on their way into a network: drawn, read, prepared and put into batches."""

import copy
import math
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.beside import Beside, beside_samples
from symmeter.draw import Draw
from symmeter.errors import SymmeterError, counted
from symmeter.source import Source, reason
from symmeter.trees import Packings

_WAITING = 4  # batches
_HOPELESS = 10_000  # items: where none of the first so many can be read, none will be
Conversion = Callable[[Tensor], Tensor]  # of values (B, ...) into the form in which they are measured
Change = Callable[
    [Tensor, object, str], Tensor
]  # of an input (...), as it was read, by its name, into another


@dataclass(frozen=True)
class Batch:
    """Network inputs (B, ...), labels (B,) int64 with -1 where unknown (None: all are), and names.

    `kind` is what they have in common, where not all samples have it. `references` are, for each sample, values that
    outputs should have, by their names; nothing where none is known.
    """

    inputs: Tensor
    labels: Tensor | None
    names: tuple[str, ...]
    kind: Hashable = None
    references: tuple[Mapping[str, Any], ...] = ()

    def labels_of(self, part: slice) -> Tensor | None:
        """The labels (b,) of a part of the batch."""
        return None if self.labels is None else self.labels[part]

    def reference(
        self, name: str, part: slice, shape: tuple[int, ...], conversion: Conversion | None = None
    ) -> Tensor | None:
        """What an output of this name should be on a part of the batch, (b, *shape) float64; None where none is known.

        NaN for single samples without. SymmeterError for values of another shape, after the `conversion` of outputs.
        """
        found = [one.get(name) for one in self.references[part]]
        if not any(value is not None for value in found):
            return None
        rows = [_filled(value, name, shape, conversion) for value in found]
        return torch.stack(rows)


@dataclass(frozen=True, eq=False)
class Alike:
    """Items of one shape as a tree of tensors (n, ...), and the number in the data of each; None: they are all."""

    tree: object
    numbers: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Named:
    """Data of a form of its own as trees, one for each shape of its items, with words for the leaves, and labels."""

    alike: tuple[Alike, ...]
    words: Mapping[str, str]
    labels: object = None


class Preparation:
    """How what was read becomes one network input; a kind of data overrides what it does otherwise."""

    item = "sample"
    varied = False  # whether samples may differ in shape

    def kind(self, value: Tensor) -> Hashable:
        """What the samples of one batch, of any shape, have in common where they may differ."""
        return tuple(value.shape)

    def input(self, raw: Any) -> Tensor:
        """One network input, without a batch axis."""
        return torch.as_tensor(raw)

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        """The error for a sample of another shape than the first."""
        return SymmeterError(
            f"{self.item}s differ in shape ({first} and {shape}): they must have the same one"
        )

    def notes(self) -> tuple[str, ...]:
        """What the reader should know of what was done so far."""
        return ()

    def summary(self) -> Mapping[str, Any] | None:
        """What was done, for the header of a result."""
        return None


class Samples:
    """Samples on their way into a network, batch by batch and as often as wanted.

    `total` is the number that is visited, None where it is not known; `skipped` names those that could not be read,
    with the reason, as they are met. `name` is for a person to read: of a path, its end. `packing` says how inputs of
    several tensors were put into one, None where they are one tensor. `classes` are what labels are numbers of.
    """

    def __init__(self, source: Source, preparation: Preparation, draw: Draw, packing: Packings | None = None):
        self.name, self.total, self.packing = source.name, source.total, packing
        self.classes = source.classes
        self._source, self._limit, self._indices = source, draw.count, None
        self._preparation = preparation
        self._place = source.path or source.name  # for messages
        self._used, self._labelled = 0, source.labelled
        self._change: Change = lambda x, raw, name: x
        self.compared: set[str] = set()  # of what stands beside samples, what outputs were compared with
        self._beside: dict[str, None] = {}  # what stands beside the samples, as far as they were read
        fewer = draw.count is not None and self.total is not None and draw.count < self.total
        self._undrawn = (
            len(source.missing) if fewer else 0
        )  # of what is missing, as all that is drawn is there
        self._skipped = {} if fewer else dict(source.missing)
        if self.total is not None and (fewer or draw.shuffled):
            self._indices = draw.of(self.total)
            self.total = len(self._indices)
        if self.total is not None:
            self.total += len(self._skipped)

    def changed(self, change: Change) -> "Samples":
        """The same samples, each input (...) of the network in the place of which `change` gives another."""
        other = copy.copy(self)
        other._change = change
        return other

    @property
    def item(self) -> str:
        """The noun of one sample."""
        return self._preparation.item

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(name, reason) of every sample that could not be read so far."""
        return list(self._skipped.items())

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know of how the data was read, and what was not."""
        unused = [name for name in self._beside if name not in self.compared]
        missing = (f"{counted(self._undrawn, self.item)} missing, and not among those drawn from",) * bool(
            self._undrawn
        )
        return self._source.notes + missing + beside_samples(unused, self.item) + self._preparation.notes()

    @property
    def varied(self) -> bool:
        """Whether they may differ in shape; then every batch is of one kind."""
        return self._preparation.varied

    def reorder(self, seed: int) -> None:
        """The same samples in an order drawn under a seed from now on, as far as they can be read in any order."""
        if self._source.total is not None:
            chosen = Draw().of(self._source.total) if self._indices is None else sorted(self._indices)
            self._indices = [chosen[i] for i in Draw(seed=seed, shuffled=True).of(len(chosen))]

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """All samples in their order. Raises SymmeterError when none can be read, or when they differ in shape.

        Of very many, none counts as readable once the first 10,000 are not.

        Where they may differ, those of one kind come together, in their order.
        """
        if batch_size < 1:
            raise SymmeterError(f"batch size {batch_size}: give a positive whole number")
        waiting = _Waiting(batch_size)
        shape, used, visited = None, 0, 0
        for item in self._source.stream(self._indices):
            visited += 1
            try:
                raw, label = item.load()
                value = self._change(self._preparation.input(raw), raw, item.name)
            except SymmeterError:
                raise
            except Exception as error:  # decoders raise many kinds
                self._skipped[item.name] = reason(error)
            else:
                shape = shape or tuple(value.shape)
                if tuple(value.shape) != shape and not self.varied:
                    raise self._preparation.mismatch(shape, tuple(value.shape))
                kind = self._preparation.kind(value) if self.varied else None
                waiting.add(kind, _Read(value, self._label(label), item.name))
                used += 1
                self._used = max(self._used, used)
                yield from map(self._batch, waiting.ready())
            if visited == self._limit or (not used and visited == _HOPELESS):
                break
        yield from map(self._batch, waiting.rest())
        if not used:
            first = next((f": {name}: {why}" for name, why in self.skipped), "")
            raise SymmeterError(f"{self._place}: none of the {visited} {self.item}s could be read{first}")

    def _label(self, label: Any) -> Any:
        """The label itself; what else stands beside the sample is taken down."""
        if not isinstance(label, Beside):
            return label
        self._beside |= dict.fromkeys(label.unused)
        return label.label

    def summary(self) -> dict[str, Any]:
        """What was read, ready for JSON; `path` is the place as it was asked for, None for what has none."""
        return {
            "name": self.name,
            "path": self._source.path,
            "kind": self._source.kind,
            "item": self.item,
            "total": self.total,
            "used": self._used,
            "skipped": len(self._skipped),
            "skipped_names": [f"{name} ({why})" for name, why in self.skipped[:20]],
            "labelled": self._labelled,
            "preprocessing": self._preparation.summary(),
            "notes": list(self.notes),
        }

    def _batch(self, alike: "_Together") -> Batch:
        """Samples of one kind as one batch of inputs (B, ...)."""
        rows = alike.rows
        labels = [_class_number(row.label) for row in rows]
        references = tuple(row.label if isinstance(row.label, Mapping) else {} for row in rows)
        known = any(label >= 0 for label in labels)
        self._labelled = self._labelled or known or any(references)
        marks = torch.tensor(labels) if known else None
        inputs = torch.stack([row.value for row in rows])
        return Batch(inputs, marks, tuple(row.name for row in rows), alike.kind, references)


@dataclass(frozen=True)
class _Read:
    """One sample: an input (...), its label (a class, or reference values by output), and its name."""

    value: Tensor
    label: object
    name: str


@dataclass
class _Together:
    """Samples of one kind: inputs (...), each with its label and its name."""

    kind: Hashable
    rows: list[_Read]


class _Waiting:
    """Samples that wait for others of their kind, so many together as make up _WAITING batches."""

    def __init__(self, batch_size: int):
        self._size = batch_size
        self._kinds: dict[Hashable, _Together] = {}

    def add(self, kind: Hashable, row: _Read) -> None:
        """Take one more."""
        self._kinds.setdefault(kind, _Together(kind, [])).rows.append(row)

    def ready(self) -> Iterator[_Together]:
        """What makes up a batch; where too many wait, those of which there are most, the oldest of them first."""
        most = max(self._kinds.values(), key=lambda one: len(one.rows))
        waiting = sum(len(one.rows) for one in self._kinds.values())
        if len(most.rows) == self._size or waiting == _WAITING * self._size:
            yield self._kinds.pop(most.kind)

    def rest(self) -> Iterator[_Together]:
        """Those that are left at the end."""
        yield from self._kinds.values()


def _filled(value: Any, name: str, shape: tuple[int, ...], conversion: Conversion | None) -> Tensor:
    """A reference value of any shape in float64 with this one, NaN for none."""
    if value is None:
        return torch.full(shape, torch.nan, dtype=torch.float64)
    found = torch.as_tensor(value, dtype=torch.float64).detach().cpu()
    found = found if conversion is None else conversion(found)
    if found.numel() != math.prod(shape):
        raise SymmeterError(f"labels of {name!r} have shape {tuple(found.shape)} and the output {shape}")
    return found.reshape(shape)


def _class_number(label: object) -> int:
    """A class number, or -1 for what is none."""
    if isinstance(label, Tensor | np.ndarray | np.generic) and np.ndim(label) == 0:
        label = label.item()
    if isinstance(label, int | float) and label == int(label):
        return int(label)
    return -1
