"""Video from tensors, arrays, pairs with labels, datasets, loaders and .npz files."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.samples import Preparation, Samples
from symmeter.streams import Reader, as_tensor

ITEM = "video"
AXES = 5  # (N, C, T, H, W)
NAMES = frozenset({"videos", "video"})  # what says that something is videos


@dataclass(frozen=True)
class VideoPreparation(Preparation):
    """Videos (C, T, H, W) as they are."""

    item = ITEM

    def input(self, raw: Any) -> Tensor:
        """One video as network input (C, T, H, W)."""
        (video,) = rows_of(as_tensor(raw, ITEM)[None], "one by one")
        return video


def open_videos(data: Any, draw: Draw) -> Samples:
    """Videos from whatever `data` is; SymmeterError, in one line, for what cannot be used.

    >>> import torch
    >>> samples = open_videos(torch.rand(5, 3, 2, 4, 4), Draw(2))
    >>> [tuple(batch.inputs.shape) for batch in samples.batches(2)]
    [(2, 3, 2, 4, 4)]
    """
    return Samples(VIDEOS.source(data), VideoPreparation(), draw)


def rows_of(videos: Any, name: str) -> Tensor:
    """A batch of videos (N, C, T, H, W) in floating point; SymmeterError for anything else."""
    rows = as_tensor(videos, name)
    if rows.ndim != AXES or 0 in rows.shape or not rows.is_floating_point():
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(
            f"{name}: {kind} of shape {tuple(rows.shape)}; give floating point videos (N, C, T, H, W)"
        )
    return rows


VIDEOS = Reader(ITEM, (*sorted(NAMES, reverse=True), "x"), rows_of, AXES)
