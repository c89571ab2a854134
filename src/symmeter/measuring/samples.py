"""Images on their way into a network: drawn, read, prepared and put into batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.images.data.arrays import Planes, as_tensor, pixels_to_input, wanted_by
from symmeter.domains.images.data.shapes import misread
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError
from symmeter.measuring.source import Source, reason


@dataclass(frozen=True)
class Batch:
    """Network inputs (B, C, H, W), labels (B,) int64 with -1 where unknown (None: all are), and names."""

    images: Tensor
    labels: Tensor | None
    names: tuple[str, ...]


class ImageData:
    """Images on their way into a network, batch by batch and as often as wanted.

    `total` is the number of images that are visited, None where it is not known; `skipped` names those that
    could not be read, with the reason, as they are met. `name` is for a person to read: of a path, its end.
    """

    def __init__(self, source: Source, preprocessing: Preprocessing, samples: int | None, seed: int):
        self.name, self.total, self.preprocessing = source.name, source.total, preprocessing
        self._source, self._limit, self._indices = source, samples, None
        self._place = source.path or source.name  # for messages
        self._skipped = dict(source.missing)
        self._used, self._labelled, self._prepared = 0, source.labelled, False
        if samples is not None and self.total is not None and samples < self.total:
            chosen = torch.randperm(self.total, generator=torch.Generator().manual_seed(seed))[:samples]
            self._indices, self.total = chosen.sort().values.tolist(), samples

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(name, reason) of every image that could not be read so far."""
        return list(self._skipped.items())

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """All images in their order. Raises SymmeterError when they differ in size, or none can be read."""
        if batch_size < 1:
            raise SymmeterError(f"batch size {batch_size}: give a positive whole number")
        rows: list[tuple[Tensor, int, str]] = []
        shape, used, visited = None, 0, 0
        for item in self._source.stream(self._indices):
            visited += 1
            try:
                raw, label = item.load()
                image = self._input(raw)
            except SymmeterError:
                raise
            except Exception as error:  # decoders raise many kinds
                self._skipped[item.name] = reason(error)
            else:
                shape = shape or tuple(image.shape)
                _same_size(shape, tuple(image.shape))
                rows.append((image, _class_number(label), item.name))
                used += 1
                self._used = max(self._used, used)
                if len(rows) == batch_size:
                    yield self._batch(rows)
                    rows = []
            if visited == self._limit:
                break
        if rows:
            yield self._batch(rows)
        if not used:
            first = next((f": {name}: {why}" for name, why in self.skipped), "")
            raise SymmeterError(f"{self._place}: none of the {visited} images could be read{first}")

    def summary(self) -> dict[str, Any]:
        """What was read, ready for JSON; `path` is the place as it was asked for, None for what has none."""
        return {
            "name": self.name,
            "path": self._source.path,
            "kind": self._source.kind,
            "total": self.total,
            "used": self._used,
            "skipped": len(self._skipped),
            "skipped_names": [f"{name} ({why})" for name, why in self.skipped[:20]],
            "labelled": self._labelled,
            "preprocessing": self.preprocessing.to_dict() if self._prepared else None,
            "notes": list(self._source.notes),
        }

    def _input(self, raw: Any) -> Tensor:
        """One image as network input (C, H, W): floating point as it is, pixels through the preprocessing."""
        if isinstance(raw, np.ndarray):
            raw = as_tensor(raw, self._place)
        if isinstance(raw, Tensor) and raw.is_floating_point():
            if raw.ndim != 3 and self._source.kind != "points":
                raise misread((1, *raw.shape), wanted_by(self.preprocessing), f"{self._place}, one by one")
            return raw.detach()
        self._prepared = True
        if isinstance(raw, Tensor | Planes):
            return pixels_to_input(raw, self.preprocessing)
        return self.preprocessing(raw)

    def _batch(self, rows: list[tuple[Tensor, int, str]]) -> Batch:
        images, labels, names = zip(*rows, strict=True)
        known = any(label >= 0 for label in labels)
        self._labelled = self._labelled or known
        return Batch(torch.stack(images), torch.tensor(labels) if known else None, names)


def _class_number(label: Any) -> int:
    """A class number, or -1 for what is none."""
    if isinstance(label, Tensor | np.ndarray | np.generic) and np.ndim(label) == 0:
        label = label.item()
    return int(label) if isinstance(label, int | float) and label == int(label) else -1


def _same_size(first: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if shape != first:
        if shape[1:] == first[1:]:
            raise SymmeterError(f"images differ in their channels ({first[0]}, {shape[0]})")
        sizes = ", ".join(f"{width}x{height}" for _, height, width in (first, shape))
        raise SymmeterError(f"images differ in size ({sizes}): pass --img-size")
